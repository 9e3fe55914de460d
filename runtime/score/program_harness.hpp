// The Python around a program under test.
#pragma once

namespace avp {

/// Reads one JSON object from standard input: `setup`, `answer` and `blocks` (of an answer: language none or Python),
/// `tests`, `passed`. Tells "begun", finds the program, runs it and its tests, and where nothing raised tells the word
/// `passed`.
extern const char* const program_harness;

} // namespace avp
