// Scores answers that are Python programs: their tests, run in the sandbox.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include <avp/runtime/os/sandbox.hpp>

namespace avp {

/// A program of an answer and what belongs to it.
struct program_task {
  std::string setup;                           ///< Python that runs first: imports, or the beginning of a function.
  std::string answer;                          ///< The answer's text, with the program somewhere in it.
  std::string tests;                           ///< Python that raises where the program is wrong.
  std::chrono::seconds time_limit{5};          ///< Processor time; three times as much may go by.
  std::int64_t memory = std::int64_t{1} << 30; ///< Address space, in bytes.
};

/// Runs programs with the system's Python (/usr/bin/python3), each in a sandbox. May be used by several threads at
/// once.
class program_scorer {
public:
  /// Tries Python in the sandbox. Throws sandbox_error, which says what to install, where that does not work.
  program_scorer();

  /// 1 where the program passes its tests, 0 where it does not compile, fails, is stopped at a limit, or ends the
  /// process itself. The answer is either a whole program, run after `setup`, or the continuation of `setup`, such as
  /// the body of the function that it begins. What it prints goes nowhere. Blocks for as long as it runs. Throws
  /// sandbox_error where it could not be run at all.
  [[nodiscard]] double score(const program_task& task) const;

private:
  avp::sandbox sandbox_;
};

/// The program of an answer: in its last fenced block of Python that defines something, else in its last such block,
/// else in its last block without a language; without a block the whole text. A block that is not closed ends with the
/// text.
[[nodiscard]] std::string program_of(std::string_view answer);

} // namespace avp
