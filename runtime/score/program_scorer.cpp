// The Python around a program under test, and what its report means.
#include <array>
#include <random>
#include <vector>

#include <nlohmann/json.hpp>

#include <avp/agents/ascii.hpp>
#include <avp/runtime/score/program_scorer.hpp>

namespace avp {
namespace {

// The word that is told on success is read before the program runs, so that a program that prints, exits or closes
// files passes no test by that. One that searches the interpreter for the word could; it would still harm nothing.
constexpr auto harness = R"python(
import json, os, sys, textwrap, types

def main():
    job = json.loads(sys.stdin.buffer.read())
    report = os.dup(1)
    nothing = os.open("/dev/null", os.O_RDWR)
    for place in (0, 1, 2):
        os.dup2(nothing, place)
    os.write(report, b"begun\n")
    passed = job.pop("passed")
    setup, code, tests = job["setup"], job["code"], job["tests"]
    module = types.ModuleType("answer")
    sys.modules["answer"] = module
    for parts in ([setup, code],
                  [setup + "\n" + code],
                  [setup + "\n    " + code],
                  [setup + "\n" + textwrap.indent(code, "    ")]):
        try:
            programs = [compile(part, "answer", "exec") for part in parts]
            break
        except (SyntaxError, ValueError):
            continue
    else:
        os._exit(1)
    for program in programs:
        exec(program, module.__dict__)
    exec(compile(tests, "tests", "exec"), module.__dict__)
    os.write(report, (passed + "\n").encode())
    os._exit(0)

main()
)python";

std::vector<std::string> python() { return {"/usr/bin/python3", "-s", "-S", "-B", "-c", harness}; }

std::string new_word() {
  std::random_device random;
  std::string word;
  for (int i = 0; i < 4; ++i)
    word += std::to_string(random());
  return word;
}

std::string input_of(const program_task& task, const std::string& word) {
  const nlohmann::json job = {
      {"setup", task.setup}, {"code", program_of(task.answer)}, {"tests", task.tests}, {"passed", word}};
  return job.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

struct fenced_block {
  std::string language;
  std::string_view text;
};

std::vector<fenced_block> blocks_of(std::string_view answer) {
  constexpr std::string_view fence = "```";
  std::vector<fenced_block> blocks;
  for (auto at = answer.find(fence); at != std::string_view::npos;) {
    const auto line_end = answer.find('\n', at);
    if (line_end == std::string_view::npos)
      break;
    const auto close = answer.find(fence, line_end);
    blocks.push_back({lowered(trimmed(answer.substr(at + fence.size(), line_end - at - fence.size()))),
                      answer.substr(line_end + 1, close == std::string_view::npos ? close : close - line_end - 1)});
    at = close == std::string_view::npos ? close : answer.find(fence, close + fence.size());
  }
  return blocks;
}

bool is_python(const fenced_block& block) {
  return block.language == "python" || block.language == "py" || block.language == "python3";
}

bool defines(const fenced_block& block) {
  return block.text.find("def ") != std::string_view::npos || block.text.find("class ") != std::string_view::npos;
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

std::string program_of(std::string_view answer) {
  const auto blocks = blocks_of(answer);
  using test = bool (*)(const fenced_block&);
  constexpr std::array<test, 3> wanted{[](const fenced_block& b) { return is_python(b) && defines(b); }, is_python,
                                       [](const fenced_block& b) { return b.language.empty(); }};
  for (const auto& fits : wanted)
    for (auto block = blocks.rbegin(); block != blocks.rend(); ++block)
      if (fits(*block))
        return std::string(block->text);
  return std::string(answer);
}

} // namespace avp
