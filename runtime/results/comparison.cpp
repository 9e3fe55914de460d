// Counting pairs, and the words around the numbers.
#include "runtime/results/comparison.hpp"

#include <algorithm>
#include <optional>

#include "runtime/pipeline/pipeline.hpp"
#include "runtime/results/paired_statistics.hpp"
#include "runtime/text/number_text.hpp"

namespace avp {
namespace {

bool is_right_or_wrong(double score) { return score == 0 || score == 1; }

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const auto value : values)
    sum += value;
  return sum / static_cast<double>(values.size());
}

/// Points with a true minus sign, and a plus where `sign` says so.
std::string points(double share, bool sign = false) {
  auto text = printed(sign ? "%+.1f" : "%.1f", 100 * share);
  if (text == "-0.0" || text == "+0.0")
    return "0.0";
  return text.starts_with('-') ? "\u2212" + text.substr(1) : text;
}

std::string bracketed(const interval& range) { return "[" + points(range.low) + ", " + points(range.high) + "]"; }

std::string p_text(double p) { return p < 0.001 ? "p < 0.001" : printed("p = %.*f", p < 0.1 ? 3 : 2, p); }

} // namespace

struct comparison::mode_score {
  avp::mode mode = mode::latent;
  std::size_t tasks = 0;
  double score = 0;
  interval range;
};

struct comparison::pair_of_modes {
  mode first = mode::latent;
  mode second = mode::text;
  std::size_t tasks = 0;
  double difference = 0;
  interval range;
  std::optional<paired_counts> counts; ///< Where every score is right or wrong.
};

void comparison::add(const task_result& result) {
  if (result.score)
    scores_[result.mode][result.task] = *result.score;
}

std::vector<comparison::mode_score> comparison::by_mode() const {
  std::vector<mode_score> all;
  for (const auto& [mode, of_mode] : scores_) {
    std::vector<double> values;
    for (const auto& [task, score] : of_mode)
      values.push_back(score);
    const bool plain = std::all_of(values.begin(), values.end(), is_right_or_wrong);
    const auto right = std::count(values.begin(), values.end(), 1.0);
    all.push_back({mode, values.size(), mean(values),
                   plain ? wilson_interval(static_cast<double>(right), static_cast<std::int64_t>(values.size()))
                         : bootstrap_mean_interval(values)});
  }
  return all;
}

comparison::pair_of_modes comparison::compare(mode first, mode second) const {
  pair_of_modes result{first, second};
  paired_counts counts;
  std::vector<double> differences;
  bool plain = true;
  const auto& others = scores_.at(second);
  for (const auto& [task, score] : scores_.at(first)) {
    const auto other = others.find(task);
    if (other == others.end())
      continue;
    differences.push_back(score - other->second);
    plain = plain && is_right_or_wrong(score) && is_right_or_wrong(other->second);
    auto& count = score == 1 ? (other->second == 1 ? counts.both : counts.first_only)
                             : (other->second == 1 ? counts.second_only : counts.neither);
    ++count;
  }
  result.tasks = differences.size();
  if (differences.empty())
    return result;
  result.difference = mean(differences);
  result.range = plain ? paired_difference_interval(counts) : bootstrap_mean_interval(differences);
  if (plain)
    result.counts = counts;
  return result;
}

std::vector<comparison::pair_of_modes> comparison::pairs() const {
  std::vector<pair_of_modes> all;
  for (const auto& [first, second] : {std::pair(mode::latent, mode::text), std::pair(mode::latent, mode::direct),
                                      std::pair(mode::text, mode::direct)})
    if (scores_.contains(first) && scores_.contains(second))
      if (auto pair = compare(first, second); pair.tasks > 0)
        all.push_back(pair);
  return all;
}

std::string comparison::text() const {
  if (scores_.size() < 2)
    return {};
  std::string text = "score and its 95 % interval: ";
  for (const auto& row : by_mode())
    text += (text.ends_with(": ") ? "" : ", ") + std::string(name_of(row.mode)) + " " + points(row.score) + " % " +
            bracketed(row.range);
  text += '\n';
  for (const auto& pair : pairs()) {
    text += std::string(name_of(pair.first)) + " \u2212 " + std::string(name_of(pair.second)) + ": " +
            points(pair.difference, true) + " points " + bracketed(pair.range);
    if (pair.counts)
      text += ", " + p_text(mcnemar_p(*pair.counts)) + " (McNemar, " + std::to_string(pair.counts->first_only) +
              " against " + std::to_string(pair.counts->second_only) + " of " + std::to_string(pair.tasks) +
              " tasks)\n";
    else
      text += " (bootstrap over " + std::to_string(pair.tasks) + " tasks)\n";
  }
  return text;
}

nlohmann::ordered_json comparison::json() const {
  using nlohmann::ordered_json;
  ordered_json object = {{"scores", ordered_json::array()}, {"pairs", ordered_json::array()}};
  for (const auto& row : by_mode())
    object["scores"].push_back({{"mode", name_of(row.mode)},
                                {"tasks", row.tasks},
                                {"score", row.score},
                                {"low", row.range.low},
                                {"high", row.range.high}});
  for (const auto& pair : pairs()) {
    ordered_json entry = {{"first", name_of(pair.first)},  {"second", name_of(pair.second)}, {"tasks", pair.tasks},
                          {"difference", pair.difference}, {"low", pair.range.low},          {"high", pair.range.high},
                          {"first_only", nullptr},         {"second_only", nullptr},         {"p", nullptr}};
    if (pair.counts) {
      entry["first_only"] = pair.counts->first_only;
      entry["second_only"] = pair.counts->second_only;
      entry["p"] = mcnemar_p(*pair.counts);
    }
    object["pairs"].push_back(std::move(entry));
  }
  return object;
}

} // namespace avp
