// Writes a run's journal while the run goes on.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "runtime/journal/journal_database.hpp"

namespace avp {

/// Takes entries from any thread and writes them on one of its own, a transaction every 50 ms. Who adds waits for the
/// disk only where it falls behind by thousands of entries. What could not be written is tried again with what comes
/// after it, and a last time by close().
class journal {
public:
  explicit journal(journal_database database);
  journal(const journal&) = delete;
  journal& operator=(const journal&) = delete;
  ~journal() { close(); }

  /// Entries after close() are dropped.
  void add(journal_entry entry);

  /// Why the last attempt to write failed; empty when it did not.
  [[nodiscard]] std::string failure() const;

  /// Writes what is left and ends.
  void close();

private:
  void write_all();

  std::optional<journal_database> database_; // the writing thread's own, until it ends
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::condition_variable written_;
  std::vector<journal_entry> waiting_;
  std::string failure_;
  bool closed_ = false;
  std::thread thread_;
};

} // namespace avp
