// What goes to the Python around a program, and what its report means.
#include "runtime/score/program_scorer.hpp"

#include <random>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "runtime/score/code_blocks.hpp"
#include "runtime/score/program_harness.hpp"
#include "transport/ascii.hpp"

namespace avp {
namespace {

std::vector<std::string> python() { return {"/usr/bin/python3", "-s", "-S", "-B", "-c", program_harness}; }

std::string new_word() {
  std::random_device random;
  std::string word;
  for (int i = 0; i < 4; ++i)
    word += std::to_string(random());
  return word;
}

std::string input_of(const program_task& task, const std::string& word) {
  auto blocks = nlohmann::json::array();
  for (const auto& block : code_blocks(task.answer))
    if (block.language.empty() || is_python(block))
      blocks.push_back({block.text, is_python(block)});
  const nlohmann::json job = {{"setup", task.setup},
                              {"answer", task.answer},
                              {"blocks", std::move(blocks)},
                              {"tests", task.tests},
                              {"passed", word}};
  return job.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

} // namespace

program_scorer::program_scorer() {
  const program_task trial{.setup = "", .answer = "x = 6 * 7", .tests = "assert x == 42"};
  if (score(trial) != 1)
    throw sandbox_error(
        "the Python that runs programs of answers does not work: in the sandbox, /usr/bin/python3 failed "
        "an easy test; it must be Python 3.8 or later (apt install python3)");
}

double program_scorer::score(const program_task& task) const {
  sandbox_limits limits;
  limits.cpu = task.time_limit;
  limits.wall = 3 * task.time_limit;
  limits.memory = task.memory;
  const auto word = new_word();
  const auto result = sandbox_.run(python(), input_of(task, word), limits);
  constexpr std::string_view begun = "begun\n";
  if (!result.output.starts_with(begun))
    throw sandbox_error("Python did not start in the sandbox (status " + std::to_string(result.status) +
                        "): " + std::string(trimmed(result.output)));
  return result.how == sandbox_result::ending::exited && result.status == 0 &&
                 std::string_view(result.output).substr(begun.size()) == word + "\n"
             ? 1
             : 0;
}

} // namespace avp
