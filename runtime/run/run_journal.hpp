// What a run keeps of itself while it goes on.
#pragma once

#include <cstddef>
#include <string>

#include "runtime/journal/journal.hpp"

namespace avp {

/// The one writer of a run's journal. Used by one batch at a time, but for failure().
class run_journal {
public:
  explicit run_journal(journal_database database) : journal_(std::move(database)) {}

  /// Keeps the record of that number, from 0 in the order of the input; once, though every stage reads it.
  void add(std::size_t number, const input_item& item);

  /// Standard input had so many records.
  void add_end(std::size_t records);

  /// Keeps a hop of a task.
  void add(const std::string& task, const std::string& stage, const ended_hop& hop);

  /// Keeps a result, as its line in results.jsonl.
  void add(saved_result result);

  /// Why the last attempt to write failed; empty when it did not. Safe from any thread.
  [[nodiscard]] std::string failure() const { return journal_.failure(); }

  /// Writes what is left and ends.
  void close() { journal_.close(); }

private:
  journal journal_;
  std::size_t records_ = 0; // that it has
};

} // namespace avp
