// results.jsonl against the rules of today.
#include "runtime/rescore.hpp"

#include <cstdio>
#include <fstream>
#include <map>
#include <stdexcept>

#include <SQLiteCpp/SQLiteCpp.h>
#include <nlohmann/json.hpp>
#include <toml++/toml.h>

#include "agents/prompt_template.hpp"
#include "runtime/pipeline/exact_json.hpp"
#include "runtime/pipeline/input.hpp"
#include "runtime/text/byte_size.hpp"

namespace avp {
namespace {

using nlohmann::ordered_json;

/// `[score]` of a pipeline file that was run, so that its values are right.
struct score_table {
  score_kind kind = score_kind::exact;
  prompt_template setup;
  program_task rules; ///< Its limits.
};

score_table read_score_table(const std::filesystem::path& file, std::optional<score_kind> kind) {
  toml::table pipeline;
  try {
    pipeline = toml::parse_file(file.string());
  } catch (const toml::parse_error& error) {
    throw std::runtime_error("cannot read '" + file.string() + "': " + std::string(error.description()));
  }
  const auto score = pipeline["score"];
  const auto named = kind ? kind : value_named<score_kind>(score["kind"].value_or(std::string()));
  if (!named)
    throw std::runtime_error("'" + file.string() + "' has no [score] with a kind, so its answers were not scored");
  score_table table{*named, prompt_template(score["setup"].value_or(std::string())), {}};
  table.rules.time_limit = std::chrono::seconds(score["time_limit"].value_or(table.rules.time_limit.count()));
  if (const auto text = score["memory"].value<std::string>())
    table.rules.memory = parse_byte_size(*text).value_or(table.rules.memory);
  else
    table.rules.memory = score["memory"].value_or(table.rules.memory);
  return table;
}

/// What setups of programs take from the records, which the journal has.
class record_values {
public:
  explicit record_values(const std::filesystem::path& folder) {
    const auto file = (folder / "run.db").string();
    try {
      const SQLite::Database database(file, SQLite::OPEN_READONLY);
      SQLite::Statement query(database, "SELECT task, record FROM records WHERE record IS NOT NULL");
      while (query.executeStep())
        records_[query.getColumn(0).getString()] = query.getColumn(1).getString();
    } catch (const SQLite::Exception& error) {
      throw std::runtime_error("cannot read '" + file + "', which has the records: " + error.what());
    }
  }

  [[nodiscard]] std::map<std::string, std::string> of(const std::string& task) const {
    return template_values(parse_exact(records_.at(task)));
  }

private:
  std::map<std::string, std::string> records_;
};

std::string text_of(const std::optional<double>& score) { return score ? ordered_json(*score).dump() : "none"; }

std::optional<double> score_in(const ordered_json& result) {
  const auto& value = result.at("score");
  return value.is_null() ? std::nullopt : std::optional(value.get<double>());
}

std::string variant_of(const ordered_json& result) {
  if (!result.contains("sweep"))
    return result.at("mode").get<std::string>();
  const auto& point = result.at("sweep");
  return point.at("series").get<std::string>() + ", n = " + point.at("n").dump();
}

/// The scores of a mode.
struct tally {
  int answers = 0;
  int changed = 0;
  int scored_before = 0;
  int scored = 0;
  double sum_before = 0;
  double sum = 0;

  void add(const std::optional<double>& before, const std::optional<double>& now) {
    ++answers;
    changed += before != now ? 1 : 0;
    scored_before += before ? 1 : 0;
    scored += now ? 1 : 0;
    sum_before += before.value_or(0);
    sum += now.value_or(0);
  }
};

void print(const std::map<std::string, tally>& modes) {
  const auto mean = [](double sum, int count) { return count == 0 ? 0.0 : 100 * sum / count; };
  for (const auto& [name, all] : modes)
    std::printf("%s: %d of %d scores change; mean %.1f -> %.1f %%\n", name.c_str(), all.changed, all.answers,
                mean(all.sum_before, all.scored_before), mean(all.sum, all.scored));
  if (modes.empty())
    std::printf("no answer has an expected one, so there is nothing to score\n");
}

} // namespace

int rescore(const std::filesystem::path& folder, std::optional<score_kind> kind, answer_scorer& scorer) {
  const auto table = read_score_table(folder / "pipeline.toml", kind);
  std::ifstream lines(folder / "results.jsonl");
  if (!lines)
    throw std::runtime_error("cannot read '" + (folder / "results.jsonl").string() +
                             "'; expected: a folder that avp-run left");
  std::optional<record_values> records;
  if (table.kind == score_kind::python && !table.setup.variables().empty())
    records.emplace(folder);
  std::map<std::string, tally> modes;
  int failed = 0;
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    std::string name = "line " + std::to_string(number);
    try {
      const auto result = ordered_json::parse(line);
      if (result.at("expected").is_null() ||
          (!result.at("ok").get<bool>() && result.at("text").get<std::string>().empty()))
        continue;
      const std::string task_id = result.at("task");
      const auto variant = variant_of(result);
      name = "task '" + task_id + "' " + variant;
      auto task = table.rules;
      task.answer = result.at("text");
      task.tests = result.at("expected");
      task.setup = table.setup.render(records ? records->of(task_id) : std::map<std::string, std::string>()).text();
      const auto before = score_in(result);
      const auto now = scorer.score(table.kind, task);
      if (before != now)
        std::printf("%s: %s -> %s\n", name.c_str(), text_of(before).c_str(), text_of(now).c_str());
      modes[variant].add(before, now);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "avp-score: %s: %s\n", name.c_str(), error.what());
      ++failed;
    }
  }
  print(modes);
  return failed;
}

} // namespace avp
