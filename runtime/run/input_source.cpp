// A question, a file, or standard input.
#include "runtime/run/input_source.hpp"

#include <atomic>
#include <cstdint>
#include <fstream>
#include <iostream>

#include "runtime/os/interrupt.hpp"
#include "runtime/pipeline/exact_json.hpp"
#include "transport/sha256.hpp"

namespace avp {

namespace {

// A file and its reader; the reader refers to the stream.
struct open_file {
  std::ifstream stream;
  record_reader reader;
  explicit open_file(const input_spec& spec) : stream(*spec.file), reader(stream, spec.id, spec.limit) {}
};

const std::string& id_of(const input_item& item) {
  return std::visit([](const auto& one) -> const std::string& { return one.id; }, item);
}

// All that makes a task what it is.
std::string whole_text(const input_item& item) {
  if (const auto* good = std::get_if<record>(&item))
    return good->id + '\n' + exact_text(good->fields);
  const auto& bad = std::get<bad_line>(item);
  return bad.id + '\n' + bad.message;
}

// Says what differs at a place of the input, if something does.
void compare(const input_item& earlier, const std::optional<input_item>& now) {
  if (!now || id_of(*now) != id_of(earlier))
    throw changed_input("the task '" + id_of(earlier) + "', which the run had begun, is no longer " +
                        (now ? "where it was; '" + id_of(*now) + "' stands there" : "in it"));
  if (whole_text(*now) != whole_text(earlier))
    throw changed_input("the record of the task '" + id_of(earlier) + "' is not what it was");
}

} // namespace

// Shared with the thread that reads, which may still wait for a line when an interrupted run is over.
struct input_source::standard_input {
  enum class state : std::uint8_t { open, ended, given_up };

  record_reader reader;
  std::deque<input_item> kept; // stays as it is once it ended
  bool can_read = true;
  std::atomic<state> at = state::open;
  explicit standard_input(const input_spec& spec) : reader(std::cin, spec.id, spec.limit) {}
};

input_source::input_source(const pipeline& pipeline, std::optional<std::string> ask)
    : spec_(pipeline.input),
      ask_(std::move(ask)) {}

void input_source::restore_stdin(std::vector<input_item> earlier, bool was_all, bool read_again) {
  stdin_ = std::make_shared<standard_input>(spec_);
  stdin_->can_read = read_again;
  if (was_all)
    stdin_->at = standard_input::state::ended;
  if (read_again)
    for (const auto& item : earlier)
      compare(item, stdin_->reader.next());
  stdin_->kept.assign(std::make_move_iterator(earlier.begin()), std::make_move_iterator(earlier.end()));
}

bool input_source::may_lack_input() const { return stdin_ && stdin_->at != standard_input::state::ended; }

const std::deque<input_item>* input_source::end_stdin() {
  if (!stdin_)
    return nullptr;
  auto expected = standard_input::state::open;
  stdin_->at.compare_exchange_strong(expected, standard_input::state::given_up);
  return expected == standard_input::state::ended ? &stdin_->kept : nullptr;
}

record_feed::source input_source::open_stdin() {
  if (!stdin_)
    stdin_ = std::make_shared<standard_input>(spec_);
  return [input = stdin_, next = std::size_t{0}]() mutable -> std::optional<input_item> {
    auto expected = standard_input::state::open;
    if (next == input->kept.size() && input->can_read && input->at == expected) {
      if (auto item = input->reader.next()) {
        input->kept.push_back(std::move(*item));
      } else if (interrupt_guard::interrupted()) { // Ctrl-C ends those who write to a pipe, too: no end to believe
        input->can_read = false;
      } else {
        input->at.compare_exchange_strong(expected, standard_input::state::ended);
      }
    }
    if (next == input->kept.size())
      return std::nullopt;
    return input->kept[next++];
  };
}

record_feed::source input_source::open() {
  if (ask_)
    return [spec = spec_, ask = *ask_, given = false]() mutable -> std::optional<input_item> {
      if (std::exchange(given, true))
        return std::nullopt;
      auto made = ask_record(spec.ask.value_or("question"), ask);
      if (auto* question = std::get_if<record>(&made))
        return *question;
      return bad_line{"ask", 0, 0, std::get<std::string>(made)};
    };
  if (spec_.file == "-")
    return open_stdin();
  return [file = std::make_shared<open_file>(spec_)] { return file->reader.next(); };
}

std::string input_digest(const input_spec& input) {
  open_file file(input);
  std::string digest;
  while (const auto item = file.reader.next())
    digest = sha256_hex(digest + whole_text(*item));
  return digest;
}

void check_same_input(const input_spec& input, const std::string& digest, const std::vector<input_item>& earlier) {
  if (input_digest(input) == digest)
    return;
  open_file file(input);
  for (const auto& item : earlier)
    compare(item, file.reader.next());
  throw changed_input("records that the run had not begun have been added, taken out or changed");
}

} // namespace avp
