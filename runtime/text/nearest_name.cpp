// The known name that a mistyped one was probably meant to be.
#include "runtime/text/nearest_name.hpp"

#include <algorithm>
#include <numeric>

namespace avp {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1); // row[j]: distance of the first i characters of a to the first j of b.
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    auto diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const auto replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

std::optional<std::string> nearest_name(std::string_view name, const std::vector<std::string>& known) {
  constexpr std::size_t longest = 100;
  if (name.size() > longest)
    return {};
  const auto furthest = std::max<std::size_t>(2, name.size() / 3);
  std::optional<std::string> nearest;
  auto best = furthest + 1;
  for (const auto& candidate : known) {
    if (candidate.size() > longest)
      continue;
    const auto distance = edit_distance(name, candidate);
    if (distance < best && distance < std::max(name.size(), candidate.size())) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

std::string name_hint(std::string_view name, const std::vector<std::string>& known) {
  if (const auto nearest = nearest_name(name, known))
    return "; did you mean \"" + *nearest + "\"?";
  constexpr std::size_t most = 24;
  std::string list;
  for (std::size_t i = 0; i < known.size() && i < most; ++i)
    list += (list.empty() ? "" : ", ") + known[i];
  if (known.size() > most)
    list += ", …";
  return list.empty() ? "" : "; known: " + list;
}

} // namespace avp
