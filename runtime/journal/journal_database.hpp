// run.db: the tables of a run's journal, in SQLite.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gpu/user_error.hpp"
#include "runtime/journal/journal_entry.hpp"

namespace avp {

/// A journal that can't be read or written: which file, and why.
class journal_error : public user_error {
public:
  using user_error::user_error;
};

/// The journal on disk, in WAL mode: others can read it while it is written, and after a crash it holds whole
/// transactions. Its tables, which `.schema` in sqlite3 explains column by column:
///
/// * `run`: one row, a saved_run.
/// * `records`: what was read of the input, once for all modes.
/// * `hops`: one row for each agent that ended, by task and mode, with its text, costs and the id of its recipe.
/// * `recipes`: how a context came about; each once, parents by their ids in the encoding.
/// * `results`: the lines of results.jsonl by task and mode.
///
/// Used on one thread at a time. Keeps other runs out of its folder (folder_lock).
class journal_database {
public:
  /// Makes `run.db` in a folder. Throws journal_error, also when it is there, and write_error when another run has the
  /// folder.
  static journal_database create(const std::filesystem::path& folder, const saved_run& run);

  /// Opens the one that is there. Throws journal_error, write_error as above.
  static journal_database open(const std::filesystem::path& folder);

  journal_database(journal_database&&) noexcept;
  ~journal_database();

  /// Writes all or nothing. A hop or result that is there already is replaced. Throws journal_error.
  void write(const std::vector<journal_entry>& entries);

  // What stands in it; each throws journal_error.

  [[nodiscard]] saved_run run();

  /// In the order of the input.
  [[nodiscard]] std::vector<input_item> records();

  /// In the order in which they were written.
  [[nodiscard]] std::vector<saved_result> results();

  /// By task, in the order in which they ended.
  using hops_by_task = std::map<std::string, std::vector<saved_hop>>;

  /// By stage, the hops of tasks that have no result in it.
  [[nodiscard]] std::map<std::string, hops_by_task> open_hops();

  /// A recipe that an agent's hop left, or null.
  [[nodiscard]] std::shared_ptr<const recipe> recipe_of_agent(const std::string& agent);

private:
  struct state;
  explicit journal_database(std::unique_ptr<state> made);

  std::unique_ptr<state> state_;
};

} // namespace avp
