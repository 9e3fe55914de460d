// Slices of contexts as payload bodies, and what their metadata says.
#include "gpu/cache/context_slice.hpp"

#include <charconv>
#include <utility>

#include "gpu/cache/kv_context.hpp"
#include "gpu/float_text.hpp"

namespace avp {

namespace {

constexpr auto first_key = "first_position", hidden_key = "hidden_state";

/// The end of a context that has been pinned; that ends with this.
class slice_body final : public payload_body {
public:
  slice_body(std::shared_ptr<const kv_context> pinned, std::int64_t first) : whole_(std::move(pinned)), first_(first) {}
  ~slice_body() override { whole_->unpin(); }
  slice_body(const slice_body&) = delete;
  slice_body& operator=(const slice_body&) = delete;

  [[nodiscard]] std::uint64_t size() const override { return whole_->size_from(first_); }
  void write(std::uint64_t offset, std::span<std::byte> out) const override { whole_->write_from(first_, offset, out); }

private:
  std::shared_ptr<const kv_context> whole_;
  std::int64_t first_;
};

} // namespace

expected<payload> slice_of(const payload& whole, std::int64_t first) {
  const auto local = std::dynamic_pointer_cast<const kv_context>(whole.body);
  if (!local)
    return fail(errc::invalid_argument, "A slice can be taken only of a context of a device of this process.");
  if (first < 0 || first > local->tokens())
    return fail(errc::invalid_argument, "A slice can't begin at position " + std::to_string(first) +
                                            " of a context of " + std::to_string(local->tokens()) + ".");
  if (!local->pin())
    return fail(errc::rejected,
                "The device took the memory of the context back; it can be sent when something has continued on it.");
  auto body = std::make_shared<slice_body>(local, first);
  auto meta = local->describe_from(first);
  meta.extra[first_key] = std::to_string(first);
  if (const auto hidden = local->last_hidden_state(); !hidden.empty())
    meta.extra[hidden_key] = base64_of(hidden);
  return payload{std::move(meta), std::move(body)};
}

std::optional<std::int64_t> first_position_of(const metadata& meta) {
  const auto found = meta.extra.find(first_key);
  if (found == meta.extra.end())
    return std::nullopt;
  const auto& text = found->second;
  std::int64_t first = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), first);
  if (wrong != std::errc() || end != text.data() + text.size() || first < 0 || first > 0xffff'ffff)
    return std::nullopt;
  return first;
}

std::vector<float> hidden_state_of(const metadata& meta) {
  const auto found = meta.extra.find(hidden_key);
  if (found == meta.extra.end())
    return {};
  return floats_of_base64(found->second, meta.hidden_dim).value_or(std::vector<float>());
}

} // namespace avp
