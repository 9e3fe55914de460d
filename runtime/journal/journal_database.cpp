// Statements and their rows.
#include "runtime/journal/journal_database.hpp"

#include <cerrno>
#include <cstring>

#include <SQLiteCpp/SQLiteCpp.h>
#include <nlohmann/json.hpp>
#include <sqlite3.h>

#include "runtime/journal/journal_schema.hpp"
#include "runtime/journal/write_access.hpp"
#include "runtime/os/folder_lock.hpp"
#include "runtime/pipeline/exact_json.hpp"
#include "runtime/pipeline/pipeline.hpp"
#include "runtime/results/thought_json.hpp"

namespace avp {

namespace {

constexpr int patience_ms = 5000; // for another program that holds the database's lock

void bind(SQLite::Statement& to, int place, const std::optional<std::string>& value) {
  value ? to.bind(place, *value) : to.bind(place);
}

void bind(SQLite::Statement& to, int place, const std::optional<std::size_t>& value) {
  value ? to.bind(place, static_cast<std::int64_t>(*value)) : to.bind(place);
}

void bind(SQLite::Statement& to, int place, std::int64_t value) { to.bind(place, value); }
void bind(SQLite::Statement& to, int place, std::uint64_t value) { to.bind(place, static_cast<std::int64_t>(value)); }
void bind(SQLite::Statement& to, int place, double value) { to.bind(place, value); }
void bind(SQLite::Statement& to, int place, const std::string& value) { to.bind(place, value); }

// Binds all values in order and runs the statement.
template <class... Values>
void run_with(SQLite::Statement& statement, const Values&... values) {
  statement.tryReset(); // what it says is about the time before
  int place = 0;
  (bind(statement, ++place, values), ...);
  statement.exec();
}

// Takes a row's columns one after another.
class row_reader {
public:
  explicit row_reader(SQLite::Statement& row) : row_(row) {}

  std::string text() { return row_.getColumn(next_++).getString(); }
  std::int64_t number() { return row_.getColumn(next_++).getInt64(); }
  std::size_t size() { return static_cast<std::size_t>(number()); }
  double real() { return row_.getColumn(next_++).getDouble(); }

  template <class Take>
  auto optional(Take take) -> std::optional<decltype(take())> {
    if (!row_.isColumnNull(next_))
      return take();
    ++next_;
    return std::nullopt;
  }
  std::optional<std::string> optional_text() {
    return optional([this] { return text(); });
  }
  std::optional<std::size_t> optional_size() {
    return optional([this] { return size(); });
  }

private:
  SQLite::Statement& row_;
  int next_ = 0;
};

std::string list_text(const std::vector<std::string>& values) {
  return nlohmann::json(values).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::vector<std::string> list_of(const std::string& text) {
  return nlohmann::json::parse(text).get<std::vector<std::string>>();
}

mode mode_of(const std::string& name) { return modes_named(name).value().front(); }

std::string text_of(mode mode) { return std::string(name_of(mode)); }

// What to do about an error of SQLite, by its number.
std::string advice_on(const SQLite::Exception& error) {
  switch (error.getErrorCode() & 0xFF) {
  case SQLITE_BUSY:
    return "; another program has it open and holds its lock: close that, and try again";
  case SQLITE_CORRUPT:
  case SQLITE_NOTADB:
    return "; it is damaged, so the run can't go on: start it anew. What was finished stands in results.jsonl beside "
           "it";
  default:
    return "";
  }
}

} // namespace

struct journal_database::state {
  state(const std::filesystem::path& folder, int flags)
      : lock(folder),
        file(folder / "run.db"),
        database(file.string(), SQLite::OPEN_READWRITE | flags, patience_ms) {}

  // Calls something that uses the database; what goes wrong there names the file.
  template <class Call>
  auto guarded(const std::string& what, Call call) {
    errno = 0; // SQLite keeps the reason of a failed statement, but not of a failed commit
    try {
      return call();
    } catch (const SQLite::Exception& error) {
      const int kept = sqlite3_system_errno(database.getHandle());
      const int why = kept != 0 ? kept : errno;
      const bool disk = (error.getErrorCode() & 0xFF) == SQLITE_IOERR && why != 0;
      throw journal_error("cannot " + what + " '" + file.string() +
                          "': " + (disk ? std::string(std::strerror(why)) : error.what() + advice_on(error)));
    } catch (const std::exception& error) { // an enum or a JSON text that this program did not write
      throw journal_error("cannot " + what + " '" + file.string() + "': " + error.what());
    }
  }

  void upgrade(int version);
  void prepare();
  void write(const saved_run& run);
  void write(const saved_record& record);
  void write(const input_end& end);
  void write(const saved_hop& hop);
  void write(const saved_result& result);
  std::string write(const recipe& history);
  std::shared_ptr<const recipe> read_recipe(const std::string& id);
  saved_hop read_hop(SQLite::Statement& found);

  folder_lock lock;
  std::filesystem::path file;
  SQLite::Database database;
  std::optional<SQLite::Statement> insert_record;
  std::optional<SQLite::Statement> insert_recipe;
  std::optional<SQLite::Statement> insert_hop;
  std::optional<SQLite::Statement> insert_result;
  std::map<std::string, std::weak_ptr<const recipe>> recipes; // those read, so that shared parents stay shared
};

// Journals of earlier versions are brought up to date, at once or not at all.
void journal_database::state::upgrade(int version) {
  if (version == journal_version)
    return;
  if (version < 1 || version > journal_version)
    throw std::runtime_error("it has version " + std::to_string(version) + ", and this avp-run reads 1 to " +
                             std::to_string(journal_version));
  SQLite::Transaction transaction(database);
  for (auto next = version; next < journal_version; ++next)
    database.exec(journal_upgrades[next - 1]);
  database.exec("PRAGMA user_version = " + std::to_string(journal_version));
  transaction.commit();
}

void journal_database::state::prepare() {
  database.exec("PRAGMA synchronous = NORMAL"); // in WAL mode safe against power cuts, but for the last moments
  insert_record.emplace(database, "INSERT OR IGNORE INTO records VALUES (?, ?, ?, ?, ?, ?)");
  insert_recipe.emplace(database, "INSERT OR IGNORE INTO recipes VALUES (?, ?)");
  insert_hop.emplace(database, "INSERT OR REPLACE INTO hops VALUES "
                               "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  insert_result.emplace(database, "INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?)");
}

void journal_database::state::write(const saved_run& run) {
  std::vector<std::string> modes;
  for (const auto mode : run.modes)
    modes.push_back(text_of(mode));
  SQLite::Statement insert(database, "INSERT INTO run VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  run_with(insert, run.version, run.began, run.pipeline, run.file.string(), list_text(modes), std::to_string(run.seed),
           run.input, run.input_digest, run.limit, run.ask, list_text(run.changes), list_text(run.plugins),
           run.concurrency, run.records, list_text(run.templates));
}

void journal_database::state::write(const saved_record& kept) {
  if (const auto* good = std::get_if<record>(&kept.item))
    return run_with(*insert_record, kept.number, good->id, good->line, exact_text(good->fields), std::int64_t{0},
                    std::optional<std::string>());
  const auto& bad = std::get<bad_line>(kept.item);
  run_with(*insert_record, kept.number, bad.id, bad.line, std::optional<std::string>(), bad.column, bad.message);
}

void journal_database::state::write(const input_end& end) {
  SQLite::Statement update(database, "UPDATE run SET records = ?");
  run_with(update, end.records);
}

std::string journal_database::state::write(const recipe& history) {
  for (const auto& parent : history.parents)
    write(*parent);
  const auto id = history.id();
  run_with(*insert_recipe, id, history.encode());
  return id;
}

void journal_database::state::write(const saved_hop& hop) {
  const auto& agent = hop.agent;
  const auto& counts = agent.counts;
  const auto recipe = hop.history ? std::optional(write(*hop.history)) : std::nullopt;
  const auto error = agent.error.empty() ? std::nullopt : std::optional(agent.error);
  const auto code = agent.error_code ? std::optional(std::string(name_of(*agent.error_code))) : std::nullopt;
  const auto thought =
      agent.thought.empty()
          ? std::nullopt
          : std::optional(to_json(agent.thought).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  const auto picked = hop.to ? std::optional(list_text(*hop.to)) : std::nullopt;
  run_with(*insert_hop, hop.task, hop.stage, agent.name, agent.kind, agent.node, agent.text, error, picked, recipe,
           agent.ms, hop.task_ms, counts.prompt_tokens, counts.computed_tokens, counts.latent_steps,
           counts.output_tokens, counts.attended, counts.cache_bytes, counts.device_ms, code, counts.guessed_tokens,
           counts.accepted_tokens, thought);
}

void journal_database::state::write(const saved_result& result) {
  run_with(*insert_result, result.task, result.stage, result.line, result.seconds);
}

std::shared_ptr<const recipe> journal_database::state::read_recipe(const std::string& id) {
  if (auto known = recipes[id].lock())
    return known;
  SQLite::Statement find(database, "SELECT encoding FROM recipes WHERE id = ?");
  find.bind(1, id);
  if (!find.executeStep())
    return nullptr;
  auto made = recipe::decode_kept(find.getColumn(0).getString(),
                                  [this](const std::string& parent) { return read_recipe(parent); });
  recipes[id] = made;
  return made;
}

saved_hop journal_database::state::read_hop(SQLite::Statement& found) {
  row_reader row(found);
  saved_hop hop;
  hop.task = row.text();
  hop.stage = row.text();
  hop.agent.name = row.text();
  hop.agent.kind = row.text();
  hop.agent.node = row.text();
  hop.agent.text = row.text();
  hop.agent.error = row.optional_text().value_or("");
  if (const auto picked = row.optional_text())
    hop.to = list_of(*picked);
  if (const auto id = row.optional_text())
    hop.history = read_recipe(*id);
  hop.agent.ms = row.real();
  hop.task_ms = row.real();
  auto& counts = hop.agent.counts;
  counts.prompt_tokens = row.number();
  counts.computed_tokens = row.number();
  counts.latent_steps = row.number();
  counts.output_tokens = row.number();
  counts.attended = row.number();
  counts.cache_bytes = row.number();
  counts.device_ms = row.real();
  hop.agent.error_code = value_named<error_code>(row.optional_text().value_or(""));
  counts.guessed_tokens = row.number();
  counts.accepted_tokens = row.number();
  if (const auto thought = row.optional_text())
    hop.agent.thought = thought_from_json(nlohmann::ordered_json::parse(*thought));
  return hop;
}

journal_database::journal_database(std::unique_ptr<state> made) : state_(std::move(made)) {}
journal_database::journal_database(journal_database&&) noexcept = default;
journal_database::~journal_database() = default;

journal_database journal_database::create(const std::filesystem::path& folder, const saved_run& run) {
  const auto file = folder / "run.db";
  if (std::error_code ignored; std::filesystem::exists(file, ignored))
    throw journal_error("'" + file.string() + "' is there already; name another folder with --out");
  try {
    auto made = std::make_unique<state>(folder, SQLite::OPEN_CREATE);
    std::optional<SQLite::Transaction> transaction; // as in write()
    made->guarded("make", [&] {
      made->database.exec("PRAGMA journal_mode = WAL");
      made->database.exec("PRAGMA application_id = " + std::to_string(journal_application));
      made->database.exec("PRAGMA user_version = " + std::to_string(journal_version));
      transaction.emplace(made->database);
      made->database.exec(journal_schema);
      made->write(run);
      transaction->commit();
      made->prepare();
    });
    return journal_database(std::move(made));
  } catch (const SQLite::Exception& error) {
    throw journal_error("cannot make '" + file.string() + "': " + error.what());
  }
}

journal_database journal_database::open(const std::filesystem::path& folder) {
  const auto file = folder / "run.db";
  if (std::error_code ignored; !std::filesystem::exists(file, ignored))
    throw journal_error("'" + folder.string() + "' has no run.db, the journal of a run; name the folder of a run");
  if (std::error_code ignored; !std::filesystem::is_regular_file(file, ignored))
    throw journal_error("'" + file.string() + "' is no file, and the journal of a run is one");
  check_write_access(folder);
  try {
    auto made = std::make_unique<state>(folder, 0);
    made->guarded("read", [&] {
      auto& database = made->database;
      const int application = database.execAndGet("PRAGMA application_id");
      const int version = database.execAndGet("PRAGMA user_version");
      if (application != journal_application || !database.tableExists("run") ||
          database.execAndGet("SELECT count(*) FROM run").getInt() != 1)
        throw std::runtime_error("it is not the journal of a run, or the run stopped before it began; start it anew");
      if (const std::string found = database.execAndGet("PRAGMA quick_check(1)"); found != "ok")
        throw SQLite::Exception(found, SQLITE_CORRUPT);
      made->upgrade(version);
      made->prepare();
    });
    return journal_database(std::move(made));
  } catch (const SQLite::Exception& error) {
    throw journal_error("cannot open '" + file.string() + "': " + error.what());
  }
}

void journal_database::write(const std::vector<journal_entry>& entries) {
  std::optional<SQLite::Transaction> transaction; // ends after the message was made: its end changes what went wrong
  state_->guarded("write", [&] {
    transaction.emplace(state_->database);
    for (const auto& entry : entries)
      std::visit([&](const auto& value) { state_->write(value); }, entry);
    transaction->commit();
  });
}

saved_run journal_database::run() {
  return state_->guarded("read", [&] {
    SQLite::Statement query(state_->database, "SELECT * FROM run");
    query.executeStep();
    row_reader row(query);
    saved_run run;
    run.version = row.text();
    run.began = row.text();
    run.pipeline = row.text();
    run.file = row.text();
    for (const auto& name : list_of(row.text()))
      run.modes.push_back(mode_of(name));
    run.seed = std::stoull(row.text());
    run.input = row.optional_text();
    run.input_digest = row.text();
    run.limit = row.optional_size();
    run.ask = row.optional_text();
    run.changes = list_of(row.text());
    run.plugins = list_of(row.text());
    run.concurrency = row.size();
    run.records = row.optional_size();
    run.templates = list_of(row.text());
    return run;
  });
}

std::vector<input_item> journal_database::records() {
  return state_->guarded("read", [&] {
    std::vector<input_item> items;
    SQLite::Statement query(state_->database, "SELECT task, line, record, column, error FROM records ORDER BY number");
    while (query.executeStep()) {
      row_reader row(query);
      auto id = row.text();
      const auto line = row.size();
      const auto fields = row.optional_text();
      const auto column = row.size();
      if (fields)
        items.emplace_back(record{std::move(id), parse_exact(*fields), line});
      else
        items.emplace_back(bad_line{std::move(id), line, column, row.text()});
    }
    return items;
  });
}

std::vector<saved_result> journal_database::results() {
  return state_->guarded("read", [&] {
    std::vector<saved_result> results;
    SQLite::Statement query(state_->database, "SELECT task, stage, line, seconds FROM results ORDER BY rowid");
    while (query.executeStep()) {
      row_reader row(query);
      saved_result result;
      result.task = row.text();
      result.stage = row.text();
      result.line = row.text();
      result.seconds = row.real();
      results.push_back(std::move(result));
    }
    return results;
  });
}

std::map<std::string, journal_database::hops_by_task> journal_database::open_hops() {
  return state_->guarded("read", [&] {
    std::map<std::string, hops_by_task> hops;
    SQLite::Statement query(state_->database,
                            "SELECT * FROM hops WHERE NOT EXISTS (SELECT 1 FROM results "
                            "WHERE results.task = hops.task AND results.stage = hops.stage) ORDER BY rowid");
    while (query.executeStep()) {
      auto hop = state_->read_hop(query);
      hops[hop.stage][hop.task].push_back(std::move(hop));
    }
    return hops;
  });
}

std::shared_ptr<const recipe> journal_database::recipe_of_agent(const std::string& agent) {
  return state_->guarded("read", [&]() -> std::shared_ptr<const recipe> {
    SQLite::Statement query(state_->database, "SELECT recipe FROM hops WHERE agent = ? AND recipe IS NOT NULL LIMIT 1");
    query.bind(1, agent);
    return query.executeStep() ? state_->read_recipe(query.getColumn(0).getString()) : nullptr;
  });
}

} // namespace avp
