// Reading recipes as stretches of positions.
#include "gpu/cache/recipe_layout.hpp"

#include <algorithm>

namespace avp {

namespace {

void append(recipe_layout& layout, stretch more) {
  if (more.length > 0)
    layout.push_back(std::move(more));
}

// Whether both came about in the same way, given that all before them did.
std::int64_t common_length(const stretch& a, const stretch& b) {
  const auto shorter = std::min(a.length, b.length);
  if (a.kind != b.kind)
    return 0;
  switch (a.kind) {
  case position_kind::prefill:
  case position_kind::decode: {
    if (a.of == b.of && a.begin == b.begin)
      return shorter;
    const auto one = a.tokens().first(shorter), other = b.tokens().first(shorter);
    return std::mismatch(one.begin(), one.end(), other.begin()).first - one.begin();
  }
  case position_kind::latent:
    return shorter;
  case position_kind::moved:
    return a.begin == b.begin && a.rotated == b.rotated && (a.of == b.of || a.of->id() == b.of->id()) ? shorter : 0;
  case position_kind::state:
    return a.of == b.of || a.of->id() == b.of->id() ? shorter : 0;
  case position_kind::imported:
    return a.begin == b.begin && a.of->imported == b.of->imported ? shorter : 0;
  case position_kind::injected: {
    const auto one = a.vectors().first(shorter), other = b.vectors().first(shorter);
    return std::mismatch(one.begin(), one.end(), other.begin()).first - one.begin();
  }
  }
  return 0;
}

stretch without_beginning(stretch from, std::int64_t count) {
  from.begin += count;
  from.length -= count;
  return from;
}

bool needs_row_before(const stretch& at) { return at.kind == position_kind::latent; }

} // namespace

std::span<const std::int32_t> stretch::tokens() const {
  const auto& all = kind == position_kind::prefill ? of->prompt : of->generated;
  return std::span(all).subspan(begin, length);
}

std::span<const std::vector<float>> stretch::vectors() const {
  return std::span(of->injected.vectors).subspan(begin, length);
}

std::int64_t length_of(const recipe_layout& layout) {
  std::int64_t sum = 0;
  for (const auto& part : layout)
    sum += part.length;
  return sum;
}

recipe_layout part_of(const recipe_layout& layout, position_range range) {
  recipe_layout part;
  std::int64_t position = 0;
  for (const auto& whole : layout) {
    const auto begin = std::max(range.first - position, std::int64_t{0});
    const auto end = std::min(range.second - position, whole.length);
    if (begin < end) {
      auto cut = without_beginning(whole, begin);
      cut.length = end - begin;
      append(part, std::move(cut));
    }
    position += whole.length;
  }
  return part;
}

std::int64_t common_length(const recipe_layout& a, const recipe_layout& b) {
  std::int64_t length = 0;
  auto place_a = a.begin(), place_b = b.begin();
  stretch rest_a, rest_b; // of the current ones, what is not compared yet
  while (true) {
    if (rest_a.length == 0) {
      if (place_a == a.end())
        return length;
      rest_a = *place_a++;
    }
    if (rest_b.length == 0) {
      if (place_b == b.end())
        return length;
      rest_b = *place_b++;
    }
    const auto same = common_length(rest_a, rest_b);
    length += same;
    if (same < std::min(rest_a.length, rest_b.length))
      return length;
    rest_a = without_beginning(std::move(rest_a), same);
    rest_b = without_beginning(std::move(rest_b), same);
  }
}

std::int64_t resume_point(const recipe_layout& layout, std::int64_t there) {
  std::vector<std::int64_t> begins;
  std::int64_t length = 0;
  for (const auto& part : layout) {
    begins.push_back(length);
    length += part.length;
  }
  auto point = std::min(there, length - 1);
  for (auto i = layout.size(); i-- > 0;) {
    if (point < begins[i])
      continue;
    if (needs_row_before(layout[i]))
      point = begins[i] - 1;
    else if (layout[i].kind == position_kind::imported) // bytes are read as a whole
      return 0;
    else
      return point;
  }
  return 0;
}

const recipe_layout& recipe_layouts::of(const std::shared_ptr<const recipe>& history) {
  const auto found = known_.find(history);
  return found != known_.end() ? found->second : known_.emplace(history, made(history)).first->second;
}

recipe_layout recipe_layouts::made(const std::shared_ptr<const recipe>& history) {
  recipe_layout layout;
  if (history->from_state)
    append(layout, {position_kind::state, 1, history->parents.front()});
  else if (history->spans.empty())
    for (const auto& parent : history->parents)
      layout = of(parent);
  std::int64_t position = 0;
  for (const auto& span : history->spans) {
    const auto& parent = history->parents[span.parent];
    const auto& source = of(parent);
    if (span.begin == position && common_length(layout, source) == position)
      for (auto& part : part_of(source, {span.begin, span.end})) // it goes on as its parent did
        append(layout, std::move(part));
    else
      append(layout, {position_kind::moved, span.end - span.begin, parent, span.begin, history->rotated});
    position += span.end - span.begin;
  }
  append(layout, {position_kind::imported, history->imported_tokens, history});
  append(layout, {position_kind::injected, static_cast<std::int64_t>(history->injected.vectors.size()), history});
  append(layout, {position_kind::prefill, static_cast<std::int64_t>(history->prompt.size()), history});
  append(layout, {position_kind::latent, history->latent_steps - (history->from_state ? 1 : 0), history});
  append(layout, {position_kind::decode, static_cast<std::int64_t>(history->generated.size()), history});
  return layout;
}

std::vector<position_range> recipe_layouts::of_kind(position_kind kind, const std::shared_ptr<const recipe>& history,
                                                    position_range within) {
  std::vector<position_range> found;
  const auto add = [&](std::int64_t begin, std::int64_t end) {
    if (!found.empty() && found.back().second == begin)
      found.back().second = end;
    else
      found.emplace_back(begin, end);
  };
  auto position = within.first;
  for (const auto& part : part_of(of(history), within)) {
    if (part.kind == kind)
      add(position, position + part.length);
    if (part.kind == position_kind::moved)
      for (const auto& [begin, end] : of_kind(kind, part.of, {part.begin, part.begin + part.length}))
        add(position + begin - part.begin, position + end - part.begin);
    position += part.length;
  }
  return found;
}

std::vector<std::int32_t> recipe_layouts::tokens(const std::shared_ptr<const recipe>& history, position_range within) {
  std::vector<std::int32_t> found;
  const auto add = [&](std::span<const std::int32_t> more) { found.insert(found.end(), more.begin(), more.end()); };
  for (const auto& part : part_of(of(history), within))
    if (part.kind == position_kind::prefill || part.kind == position_kind::decode)
      add(part.tokens());
    else if (part.kind == position_kind::moved)
      add(tokens(part.of, {part.begin, part.begin + part.length}));
    else
      found.push_back(no_token);
  return found;
}

bool recipe_layouts::holds_imported(const std::shared_ptr<const recipe>& history, position_range within) {
  const auto part = part_of(of(history), within);
  return std::any_of(part.begin(), part.end(), [this](const stretch& one) {
    return one.kind == position_kind::imported ||
           (one.kind == position_kind::moved && holds_imported(one.of, {one.begin, one.begin + one.length}));
  });
}

} // namespace avp
