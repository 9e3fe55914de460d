// The known name that a mistyped one was probably meant to be.
#include "transport/nearest_name.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace avp {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  // Rows i - 2, i - 1 and i; row[j] is the distance of the first i characters of a to the first j of b.
  std::vector<std::size_t> before_last;
  std::vector<std::size_t> last;
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before_last = std::exchange(last, row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1), last[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before_last[j - 2] + 1);
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

std::string did_you_mean(const std::string& name) { return "; did you mean \"" + name + "\"?"; }

std::string name_hint(std::string_view name, const std::vector<std::string>& known) {
  if (const auto nearest = nearest_name(name, known))
    return did_you_mean(*nearest);
  constexpr std::size_t most = 24;
  std::string list;
  for (std::size_t i = 0; i < known.size() && i < most; ++i)
    list += (list.empty() ? "" : ", ") + known[i];
  if (known.size() > most)
    list += ", …";
  return list.empty() ? "" : "; known: " + list;
}

} // namespace avp
