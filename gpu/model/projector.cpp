// Softmax over shared tokens, mixture of the target's table, its usual length.
#include "gpu/model/projector.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

namespace avp {

namespace {

// Floor of lengths, and of probabilities in logarithms, as the AVP SDK has them.
constexpr double least_norm = 1e-6, least_probability = 1e-12;

// Rows that are measured at once.
constexpr std::int64_t measured_rows = 8192;

// In double precision and in one order, so that every processor gives the same bits.
double length_of(std::span<const float> values) {
  double sum[4] = {};
  for (std::size_t i = 0; i < values.size(); ++i)
    sum[i % 4] += static_cast<double>(values[i]) * values[i];
  return std::sqrt((sum[0] + sum[1]) + (sum[2] + sum[3]));
}

// Calls `use` with a row of the source and one of the target for all that take part.
void for_pairs(const source_scores& source, std::int64_t rows, const auto& use) {
  if (source.shared->are_all) { // padding, too
    const auto common = std::min(static_cast<std::int64_t>(source.scores.size()), rows);
    for (std::int64_t row = 0; row < common; ++row)
      use(row, row);
    return;
  }
  for (const auto& [from, to] : source.shared->ids)
    if (static_cast<std::size_t>(from) < source.scores.size() && to < rows)
      use(std::int64_t{from}, std::int64_t{to});
}

// Fills p, zeros [rows], with the probabilities of the target's tokens.
projection_facts spread(const source_scores& source, std::span<float> p) {
  const auto rows = static_cast<std::int64_t>(p.size());
  const auto weight = [&](std::int64_t row, double of_one) {
    return std::exp((static_cast<double>(source.scores[row]) - of_one) / source.temperature);
  };
  projection_facts facts;
  facts.method = source.shared->are_all ? projection_method::vocab_mediated : projection_method::vocab_overlap;
  facts.pairing = source.pairing;
  facts.temperature = source.temperature;
  facts.hidden_state_norm = source.hidden_state_norm;
  double greatest = -std::numeric_limits<double>::infinity(); // of those that are shared: others may be far above
  for_pairs(source, rows, [&](std::int64_t from, std::int64_t) {
    greatest = std::max<double>(greatest, source.scores[from]);
    ++facts.shared_tokens;
  });
  double shared = 0, second = 0;
  for_pairs(source, rows, [&](std::int64_t from, std::int64_t) { shared += weight(from, greatest); });
  for_pairs(source, rows, [&](std::int64_t from, std::int64_t to) {
    const auto probability = weight(from, greatest) / shared;
    p[to] = static_cast<float>(probability);
    facts.entropy -= probability * std::log(std::max(probability, least_probability));
    second = std::max(second, std::min(probability, facts.max_prob));
    facts.max_prob = std::max(facts.max_prob, probability);
  });
  facts.logit_gap = facts.max_prob - second;
  const double top = *std::ranges::max_element(source.scores);
  double all = 0;
  for (std::size_t row = 0; row < source.scores.size(); ++row)
    all += weight(static_cast<std::int64_t>(row), top);
  facts.dropped_mass = std::max(0.0, 1 - shared * std::exp((greatest - top) / source.temperature) / all);
  return facts;
}

} // namespace

projector::projector(const vocabulary_table& inputs, std::int64_t rows, double scale, at::Device device)
    : inputs_(inputs),
      rows_(rows),
      device_(device),
      norms_(rows) {
  double sum = 0;
  for (std::int64_t first = 0; first < rows; first += measured_rows) {
    const auto piece = inputs.piece(first, std::min(measured_rows, rows - first)).to(at::kCPU).contiguous();
    const auto* values = piece.const_data_ptr<float>();
    const auto width = static_cast<std::size_t>(piece.size(1));
    at::parallel_for(0, piece.size(0), 64, [&](std::int64_t begin, std::int64_t end) {
      for (auto row = begin; row < end; ++row)
        norms_[first + row] = static_cast<float>(length_of({values + row * piece.size(1), width}));
    });
  }
  for (const auto norm : norms_)
    sum += norm;
  target_norm_ = sum / static_cast<double>(rows) * scale;
}

std::vector<projected_input> projector::project(std::span<const source_scores> sources) const {
  const auto count = static_cast<std::int64_t>(sources.size());
  std::vector<projected_input> made(sources.size());
  auto p = at::zeros({count, rows_}, at::kFloat);
  for (std::size_t i = 0; i < sources.size(); ++i)
    made[i].facts = spread(sources[i], {p.mutable_data_ptr<float>() + static_cast<std::int64_t>(i) * rows_,
                                        static_cast<std::size_t>(rows_)});
  auto mixed = inputs_.mixture(p.to(device_)).to(at::kCPU).contiguous(); // [sources, hidden]
  const auto width = mixed.size(1);
  for (std::int64_t i = 0; i < count; ++i) {
    const std::span values(mixed.mutable_data_ptr<float>() + i * width, static_cast<std::size_t>(width));
    const auto factor = target_norm_ / std::max(length_of(values), least_norm);
    for (auto& value : values)
      value = static_cast<float>(value * factor);
    made[static_cast<std::size_t>(i)].embedding.assign(values.begin(), values.end());
  }
  const auto products = inputs_.scores(mixed.to(device_)).to(at::kCPU).contiguous(); // [sources, rows]
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const auto* of = products.const_data_ptr<float>() + static_cast<std::int64_t>(i) * rows_;
    const auto own = std::max(length_of(made[i].embedding), least_norm);
    double nearest = -1;
    for_pairs(sources[i], rows_, [&](std::int64_t, std::int64_t to) {
      nearest = std::max(nearest, of[to] / (own * std::max<double>(norms_[to], least_norm)));
    });
    made[i].facts.nearest_cos_sim = nearest;
  }
  return made;
}

} // namespace avp
