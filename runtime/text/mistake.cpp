// One mistake in what the user gave: a pipeline file, a `--set`, an input file.
#include "runtime/text/mistake.hpp"

#include <algorithm>
#include <map>
#include <tuple>

namespace avp {

std::string to_string(const mistake& m) {
  std::string result = m.file;
  if (m.line != 0)
    result += ":" + std::to_string(m.line);
  if (m.line != 0 && m.column != 0)
    result += ":" + std::to_string(m.column);
  return result.empty() ? m.message : result + ": " + m.message;
}

void sort_by_place(std::vector<mistake>& mistakes) {
  std::map<std::string, std::size_t> first;
  for (const auto& m : mistakes)
    first.emplace(m.file, first.size());
  const auto place = [&](const mistake& m) { return std::make_tuple(first.at(m.file), m.line, m.column); };
  std::stable_sort(mistakes.begin(), mistakes.end(),
                   [&](const mistake& a, const mistake& b) { return place(a) < place(b); });
  std::vector<mistake> unique;
  for (auto& m : mistakes)
    if (std::find(unique.begin(), unique.end(), m) == unique.end())
      unique.push_back(std::move(m));
  mistakes = std::move(unique);
}

std::string to_string(const std::vector<mistake>& mistakes) {
  std::string result;
  for (const auto& m : mistakes)
    result += to_string(m) + "\n";
  return result;
}

} // namespace avp
