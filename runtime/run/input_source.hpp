// Where a run's records come from, for each of its modes.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "runtime/pipeline/input.hpp"
#include "runtime/pipeline/pipeline.hpp"
#include "runtime/run/record_feed.hpp"

namespace avp {

/// The input of a run that is to go on is not the one that it began with; the text says what differs.
class changed_input : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// The records of a run, which every mode reads from the start. Standard input can't be read twice, so it is kept.
class input_source {
public:
  /// `ask` is the question in place of an input.
  input_source(const pipeline& pipeline, std::optional<std::string> ask);

  /// What an earlier avp-run read of standard input, and whether that was all. With `read_again` it is to come once
  /// more, followed by what that one had not read; else there is nothing but this. Blocks as the stream does. Throws
  /// changed_input.
  void restore_stdin(std::vector<input_item> earlier, bool was_all, bool read_again);

  /// Whether standard input may hold more than was read of it.
  [[nodiscard]] bool may_lack_input() const;

  /// Ends the reading of standard input: an end that comes later counts for nothing. Gives all its records where it has
  /// come to its end, else null. Safe while a source reads it.
  [[nodiscard]] const std::deque<input_item>* end_stdin();

  /// The records from the first on.
  [[nodiscard]] record_feed::source open();

private:
  struct standard_input;

  [[nodiscard]] record_feed::source open_stdin();

  input_spec spec_;
  std::optional<std::string> ask_;
  std::shared_ptr<standard_input> stdin_;
};

/// SHA-256 over the records of an input file, up to its limit: blanks and line ends do not count.
[[nodiscard]] std::string input_digest(const input_spec& input);

/// Compares an input file with what an earlier avp-run began with and what it read of it. Throws changed_input.
void check_same_input(const input_spec& input, const std::string& digest, const std::vector<input_item>& earlier);

} // namespace avp
