// Comparing a folder with the world around it, and mending what a crash tore.
#include "runtime/run/resume.hpp"

#include <algorithm>
#include <ctime>

#include <caf/scoped_actor.hpp>
#include <fmt/chrono.h>
#include <spdlog/spdlog.h>

#include "gpu/device_error.hpp"
#include "runtime/results/output_directory.hpp"
#include "transport/sha256.hpp"

namespace avp {

namespace {

journal_database open_journal(const std::filesystem::path& folder) {
  try {
    return journal_database::open(folder);
  } catch (const std::runtime_error& error) { // journal_error, write_error
    throw resume_error(error.what());
  }
}

std::string whole_path(const std::filesystem::path& path) { return std::filesystem::absolute(path).lexically_normal(); }

using result_key = std::pair<std::string, std::string>;

std::string stage_of(const task_result& result) { return variant_text(result.mode, result.sweep); }

result_key key_of(const task_result& result) { return {stage_of(result), result.task}; }

// With their line breaks.
std::uintmax_t size_of_lines(const std::vector<std::string>& lines) {
  std::uintmax_t size = 0;
  for (const auto& line : lines)
    size += line.size() + 1;
  return size;
}

// What can't be looked at has no size that a file could have.
std::uintmax_t size_on_disk(const std::filesystem::path& file) {
  std::error_code failed;
  return std::filesystem::file_size(file, failed);
}

std::optional<task_result> parse(const std::string& line) {
  try {
    return from_json_line(line);
  } catch (const std::exception&) { // torn, or lost to a power cut
    return std::nullopt;
  }
}

std::vector<std::string> template_digests(const pipeline& pipeline) {
  std::vector<std::string> digests;
  for (const auto& model : pipeline.models)
    if (!model.template_text.empty())
      digests.push_back(model.name + " " + sha256_hex(model.template_text));
  return digests;
}

} // namespace

std::string resume_command(const std::filesystem::path& folder) {
  const auto name = folder.string();
  const auto is_plain = [](unsigned char c) { return std::isalnum(c) || c == '/' || c == '.' || c == '-' || c == '_'; };
  if (std::all_of(name.begin(), name.end(), is_plain))
    return "avp-run --resume " + name;
  std::string quoted;
  for (const char c : name)
    quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return "avp-run --resume '" + quoted + "'";
}

std::string how_to_go_on(const std::filesystem::path& folder) { return "to go on: " + resume_command(folder); }

saved_run describe_run(const run_origin& origin, const pipeline& pipeline) {
  saved_run run;
  run.version = AVP_VERSION;
  run.began = fmt::format("{:%Y-%m-%d %H:%M:%S}", fmt::gmtime(std::time(nullptr)));
  run.pipeline = pipeline.source;
  run.file = whole_path(origin.file);
  run.modes = pipeline.modes;
  run.seed = pipeline.seed;
  run.limit = pipeline.input.limit;
  run.ask = origin.ask;
  run.changes = origin.changes;
  for (const auto& plugin : origin.plugins)
    run.plugins.push_back(plugin.has_parent_path() ? whole_path(plugin) : plugin.string());
  run.templates = template_digests(pipeline);
  run.concurrency = origin.concurrency;
  run.records = pipeline.input.records;
  if (origin.ask) {
    run.records = 1;
  } else if (pipeline.input.file == "-") {
    run.input = "-";
  } else if (pipeline.input.file) {
    run.input = whole_path(*pipeline.input.file);
    run.input_digest = input_digest(pipeline.input);
  }
  return run;
}

resumption::resumption(const std::filesystem::path& folder) : folder_(folder), database_(open_journal(folder)) {
  try {
    run_ = database_.run();
    records_ = database_.records();
  } catch (const journal_error& error) {
    throw resume_error(error.what());
  }
  if (run_.version != AVP_VERSION)
    spdlog::warn("the run was begun by avp-run {}, and this is {}: answers may differ", run_.version, AVP_VERSION);
}

load_result resumption::load(const std::vector<kind_info>& kinds) const {
  load_options options;
  options.kinds = kinds;
  options.modes = run_.modes;
  options.input = run_.input;
  options.limit = run_.limit;
  options.ask = run_.ask.has_value();
  auto loaded = load_pipeline(run_.pipeline, run_.file, options);
  if (loaded.pipeline && template_digests(*loaded.pipeline) != run_.templates)
    throw resume_error("a file with a chat template (chat_template = \"file:…\") has changed since the run in '" +
                       folder_.string() + "' began. Put it back as it was, or start a new run");
  return loaded;
}

void resumption::check_input(const pipeline& pipeline, input_source& input, bool read_stdin) {
  if (read_stdin && run_.input != "-")
    throw resume_error("the run in '" + folder_.string() + "' does not read standard input; leave out --input");
  try {
    if (run_.input == "-")
      input.restore_stdin(records_, run_.records.has_value(), read_stdin);
    else if (run_.input)
      check_same_input(pipeline.input, run_.input_digest, records_);
  } catch (const changed_input& error) {
    throw resume_error("the input '" + run_.input.value() + "' has changed since the run began: " + error.what() +
                       ". Put it back as it was, or start a new run");
  }
}

void resumption::check_models(caf::actor_system& system, const pipeline& pipeline,
                              const std::map<std::string, device_actor>& devices) {
  caf::scoped_actor self(system);
  std::set<std::string> checked;
  for (const auto& agent : pipeline.agents) {
    const auto device = devices.find(agent.model);
    const auto history = device == devices.end() ? nullptr : database_.recipe_of_agent(agent.name);
    if (!history || !checked.insert(agent.model).second)
      continue;
    rebuild request;
    request.id = next_request_id();
    request.label = agent.name;
    request.model = agent.model;
    request.history = history;
    self->request(device->second, caf::infinite, std::move(request))
        .receive([](const result&) {},
                 [&](const caf::error& error) {
                   if (failure_of(error).code == error_code::context_mismatch)
                     throw resume_error("model '" + agent.model + "' is not what it was when the run began: " +
                                        text_of(error) + ". Put the model back, or start a new run");
                 });
  }
}

void resumption::restore() {
  try {
    std::map<result_key, std::size_t> places;
    std::vector<std::string> lines;
    std::vector<journal_entry> missing;
    for (const auto& saved : database_.results()) {
      auto parsed = from_json_line(saved.line);
      places[key_of(parsed)] = lines.size();
      lines.push_back(saved.line);
      results_.push_back(std::move(parsed));
      seconds_[saved.stage] = std::max(seconds_[saved.stage], saved.seconds);
    }
    // The file's own order stays; what it lacks comes last.
    const auto in_file = output_directory::lines(folder_);
    std::vector<std::string> mended;
    std::set<result_key> seen;
    for (const auto& line : in_file) {
      auto parsed = parse(line);
      if (!parsed || !seen.insert(key_of(*parsed)).second)
        continue;
      mended.push_back(line);
      if (!places.contains(key_of(*parsed))) {
        missing.emplace_back(saved_result{parsed->task, stage_of(*parsed), line, 0});
        results_.push_back(std::move(*parsed));
      }
    }
    for (const auto& [key, place] : places)
      if (!seen.contains(key))
        mended.push_back(lines[place]);
    if (size_of_lines(mended) != size_on_disk(folder_ / "results.jsonl"))
      output_directory::replace(folder_, mended);
    if (!missing.empty())
      database_.write(missing);
    open_hops_ = database_.open_hops();
  } catch (const std::exception& error) {
    throw resume_error(error.what());
  }
}

std::set<std::string> resumption::finished(const std::string& stage) const {
  std::set<std::string> tasks;
  for (const auto& result : results_)
    if (stage_of(result) == stage)
      tasks.insert(result.task);
  return tasks;
}

double resumption::seconds(const std::string& stage) const {
  const auto known = seconds_.find(stage);
  return known == seconds_.end() ? 0 : known->second;
}

bool resumption::is_complete(std::size_t stages, bool read_stdin) const {
  const auto records = read_stdin ? run_.records : std::optional(run_.records.value_or(records_.size()));
  return records && results_.size() >= *records * stages;
}

} // namespace avp
