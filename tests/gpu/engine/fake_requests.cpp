// Rows as numbers.
#include "tests/gpu/engine/fake_requests.hpp"

#include <algorithm>
#include <stdexcept>

namespace avp::test {

namespace {

std::uint64_t mixed(std::uint64_t sum, std::uint64_t more) {
  sum = (sum ^ more) * 0x9e3779b97f4a7c15U;
  return sum ^ (sum >> 29U);
}

std::uint64_t value_of(std::uint64_t before, const fake_row& row) {
  return mixed(mixed(before, static_cast<std::uint64_t>(row.kind) + 1), static_cast<std::uint64_t>(row.token));
}

} // namespace

std::vector<std::uint64_t> values_of(const std::vector<fake_row>& rows) {
  std::vector<std::uint64_t> values;
  std::uint64_t all = 1;
  for (const auto& row : rows) {
    values.push_back(value_of(all, row));
    all = mixed(all, values.back());
  }
  return values;
}

std::int32_t token_after(std::uint64_t value) { return static_cast<std::int32_t>(value % 50'000); }

std::uint64_t fake_memory::run(const sequence& of, std::int64_t position, const fake_row& row) {
  std::uint64_t all = 1;
  for (std::int64_t before = 0; before < position; ++before)
    all = mixed(all, at(of, before));
  return at(of, position) = value_of(all, row);
}

std::int64_t fake_context::sole_blocks() const {
  return std::ranges::count_if(blocks_, [&](block_id block) { return memory_->holders(block) == 1; });
}

bool fake_context::evict() const {
  if (is_read)
    return false;
  for (const auto block : blocks_)
    memory_->drop(block);
  blocks_.clear();
  resident_ = false;
  return true;
}

void fake_context::restore(const sequence& rebuilt) const {
  if (resident_)
    return;
  blocks_ = rebuilt.blocks();
  for (const auto block : blocks_)
    memory_->hold(block);
  resident_ = true;
}

std::int64_t fake_work::length() const {
  return (base ? base->length() : 0) + static_cast<std::int64_t>(bytes.size() + prompt.size()) + latent_steps + answer;
}

fake_request::fake_request(avp::priority priority, std::shared_ptr<fake_memory> memory, fake_work work)
    : schedulable(priority),
      memory_(std::move(memory)),
      work_(std::move(work)),
      blocks_(memory_) {
  if (work_.base)
    rows_ = work_.base->rows();
  rows_.insert(rows_.end(), work_.bytes.begin(), work_.bytes.end());
  for (const auto token : work_.prompt)
    rows_.push_back({row_kind::prefill, token});
  rows_.insert(rows_.end(), static_cast<std::size_t>(work_.latent_steps), {row_kind::latent, 0});
}

std::int64_t fake_request::blocks_shared_at_start() const {
  const bool is_there = is_running_ ? has_base_ : work_.base && work_.base->is_resident();
  return is_there ? base_length() / block_positions : 0;
}

void fake_request::start() {
  is_running_ = true;
  has_base_ = work_.base && work_.base->is_resident();
  if (has_base_)
    blocks_ = work_.base->fork();
  prefix_ = known_blocks_ = 0;
}

void fake_request::release() {
  is_running_ = false;
  reached_ = std::max(reached_, blocks_.length());
  blocks_.clear();
}

bool fake_request::is_to_restore() const { return work_.base && !has_base_ && blocks_.length() == base_length(); }

bool fake_request::is_to_read() const { return !work_.bytes.empty() && blocks_.length() == base_length(); }

std::optional<std::int64_t> fake_request::blocks_to_arrange() const {
  if (is_to_restore())
    return 0;
  return is_to_read() ? std::optional(blocks_.blocks_for(static_cast<std::int64_t>(work_.bytes.size()))) : std::nullopt;
}

void fake_request::arrange() {
  if (is_to_restore()) {
    work_.base->restore(blocks_);
    has_base_ = true;
    return;
  }
  if (work_.fails)
    throw std::runtime_error("its bytes can't be read");
  const auto count = static_cast<std::int64_t>(work_.bytes.size());
  blocks_.extend(count);
  for (std::int64_t i = 0; i < count; ++i) {
    memory_->run(blocks_, blocks_.length(), work_.bytes[i]);
    blocks_.advance(1);
  }
}

// Rows of one kind up to where something else comes, or up to where they are new.
std::optional<wanted_rows> fake_request::next_rows() const {
  const auto begin = blocks_.length(), known = static_cast<std::int64_t>(rows_.size());
  if (begin == known || is_to_restore() || is_to_read())
    return std::nullopt;
  const auto kind = rows_[begin].kind;
  const auto old = std::max(reached_, base_length());
  const bool is_replayed = begin < old;
  auto end = begin;
  while (end < known && rows_[end].kind == kind && (end < old) == is_replayed && (end == begin || end != base_length()))
    ++end;
  return wanted_rows{kind, end - begin, is_replayed};
}

// It knows what will come, and guesses something else now and then.
std::int64_t fake_request::guess(std::int64_t /*rows*/, std::int64_t most) {
  guesses_.clear();
  auto known = rows_;
  const auto left = work_.length() - static_cast<std::int64_t>(rows_.size());
  for (auto count = std::min({most, work_.guesses, left}); count > 0; --count) {
    const auto token = token_after(values_of(known).back());
    guesses_.push_back(token % 100 < work_.percent_right ? token : token + 1);
    known.push_back({row_kind::decode, guesses_.back()});
  }
  return static_cast<std::int64_t>(guesses_.size());
}

std::optional<prompt_block> fake_request::share_prefix() {
  const auto next = [&]() -> std::optional<prompt_block> {
    const auto begin = blocks_.length();
    if (!work_.shares_prompt || work_.base || !work_.bytes.empty() || begin != known_blocks_ * block_positions ||
        begin + block_positions >= static_cast<std::int64_t>(work_.prompt.size()))
      return std::nullopt;
    return prompt_block{prefix_, std::span(work_.prompt).subspan(begin, block_positions)};
  };
  auto block = next();
  for (; block; block = next()) {
    const auto found = memory_->find(block->before, block->tokens);
    if (!found)
      break;
    blocks_.append_shared(found->first);
    prefix_ = found->second;
    ++known_blocks_;
  }
  return block;
}

void fake_request::run(const scheduled_rows& rows) {
  std::uint64_t value = 0;
  for (std::int64_t i = 0; i < rows.count - rows.guesses; ++i) {
    value = memory_->run(blocks_, blocks_.length(), rows_.at(blocks_.length()));
    blocks_.advance(1);
  }
  if (work_.shares_prompt && !work_.base && work_.bytes.empty())
    for (; (known_blocks_ + 1) * block_positions <=
           std::min(blocks_.length(), static_cast<std::int64_t>(work_.prompt.size()));
         ++known_blocks_)
      prefix_ = memory_->publish(blocks_.blocks()[known_blocks_], prefix_,
                                 std::span(work_.prompt).subspan(known_blocks_ * block_positions, block_positions));
  if (rows.guesses > 0)
    run_guesses();
  else
    choose_token(value);
}

void fake_request::choose_token(std::uint64_t value) {
  if (blocks_.length() == static_cast<std::int64_t>(rows_.size()) && blocks_.length() < work_.length())
    rows_.push_back({row_kind::decode, token_after(value)});
}

// All have their rows before the first one is looked at.
void fake_request::run_guesses() {
  std::vector<std::uint64_t> values{value()};
  for (std::size_t i = 0; i < guesses_.size(); ++i)
    values.push_back(
        memory_->run(blocks_, blocks_.length() + static_cast<std::int64_t>(i), {row_kind::decode, guesses_[i]}));
  choose_token(values[0]);
  for (std::size_t i = 0; i < guesses_.size() && rows_.back().token == guesses_[i]; ++i) {
    blocks_.advance(1);
    ++accepted_;
    choose_token(values[i + 1]);
  }
  blocks_.give_back_room();
}

std::shared_ptr<fake_context> fake_request::finish() {
  return std::make_shared<fake_context>(memory_, priority().task, rows_, blocks_.release());
}

} // namespace avp::test
