// avp-score, from arguments to exit status.
#include "runtime/score_main.hpp"

#include <cstdio>
#include <exception>
#include <filesystem>
#include <iostream>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "runtime/rescore.hpp"
#include "runtime/score/score_server.hpp"
#include "transport/program_arguments.hpp"

namespace avp {
namespace {

using nlohmann::ordered_json;

/// One line: the pair with its score, or with why it has none.
ordered_json scored(const std::string& line, std::optional<score_kind> kind, answer_scorer& scorer) {
  auto pair = ordered_json::object();
  try {
    auto read = ordered_json::parse(line);
    if (!read.is_object())
      throw std::runtime_error("expected an object with \"answer\" and \"expected\"");
    pair = std::move(read);
    if (!kind)
      kind = value_named<score_kind>(pair.value("kind", ""));
    if (!kind)
      throw std::runtime_error("it names no kind of score, and there is no --kind");
    program_task task;
    task.answer = pair.at("answer");
    task.tests = pair.at("expected");
    task.setup = pair.value("setup", "");
    pair["score"] = nullptr;
    if (const auto score = scorer.score(*kind, task))
      pair["score"] = *score;
  } catch (const std::exception& error) {
    pair["score"] = nullptr;
    pair["error"] = error.what();
  }
  return pair;
}

/// Gives the number of lines that could not be scored.
int score_lines(std::optional<score_kind> kind, answer_scorer& scorer) {
  int failed = 0;
  int number = 0;
  for (std::string line; std::getline(std::cin, line);) {
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos)
      continue;
    const auto result = scored(line, kind, scorer);
    std::cout << result.dump(-1, ' ', false, ordered_json::error_handler_t::replace) << std::endl;
    if (result.contains("error")) {
      std::fprintf(stderr, "avp-score: line %d: %s\n", number, result.at("error").get<std::string>().c_str());
      ++failed;
    }
  }
  return failed;
}

} // namespace

int score_main(int argc, const char* const* argv) {
  CLI::App app("Scores answers: of standard input, a line of JSON each with \"answer\" and \"expected\", which come "
               "back with their \"score\"; or once more those of a run, to show which scores change.",
               "avp-score");
  app.set_version_flag("--version", "avp-score " AVP_VERSION);
  std::optional<std::filesystem::path> folder;
  std::string kind;
  bool serve = false;
  app.add_option("RUN", folder, "The folder that a run left (default: pairs of standard input)");
  app.add_option("--kind", kind, "How to score (default: \"kind\" of each line, or what the run's pipeline file says)")
      ->check(CLI::IsMember(all_names<score_kind>()));
  app.add_flag("--serve", serve, "What avp-run starts: a pair that crashes the scorer ends it");
  if (const auto status = parse_arguments(app, argc, argv))
    return *status;
  if (serve) {
    serve_scores();
    return 0;
  }
  try {
    answer_scorer scorer(std::filesystem::read_symlink("/proc/self/exe"));
    const auto named = value_named<score_kind>(kind);
    return (folder ? rescore(*folder, named, scorer) : score_lines(named, scorer)) == 0 ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "avp-score: %s\n", error.what());
    return bad_arguments;
  }
}

} // namespace avp
