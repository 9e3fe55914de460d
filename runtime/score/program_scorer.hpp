// Scores answers that are Python programs: their tests, run in the sandbox.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/os/sandbox.hpp"

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
  /// process itself. What it prints goes nowhere. Blocks for as long as it runs. Throws sandbox_error where it could
  /// not be run at all.
  ///
  /// The program is, of the answer's blocks of code (code_blocks(): Python, or without a language; no `>>>` sessions),
  /// the last one that defines most of what the tests call; where none does, the last one that only goes on where
  /// `setup` ends, such as the body of the function that it begins; else the last one of Python that defines something,
  /// else the last one. It is run after `setup`, as a whole, and before it the functions, classes, imports and
  /// assignments of other blocks that it uses and does not make itself. An answer without blocks is a program itself,
  /// or has one in its prose.
  [[nodiscard]] double score(const program_task& task) const;

private:
  avp::sandbox sandbox_;
};

} // namespace avp
