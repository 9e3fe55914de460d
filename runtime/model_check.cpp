// Lines about tensors, and what they come to.
#include "runtime/model_check.hpp"

#include <algorithm>
#include <iterator>
#include <vector>

#include <fmt/format.h>

#include "gpu/model/needed_weights.hpp"
#include "gpu/model/weight_report.hpp"
#include "gpu/text/tokenizer.hpp"
#include "runtime/text/number_text.hpp"

namespace avp {

namespace {

std::string plural(std::size_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

std::string line(const std::string& name, const std::string& type, const std::string& shape, const std::string& size,
                 const std::string& remarks) {
  return fmt::format("{:<48} {:<7} {:<16} {:>9}", name, type, shape, size) + (remarks.empty() ? "" : "  " + remarks) +
         "\n";
}

std::string joined(const std::vector<std::string>& parts, const std::string& between) {
  std::string text;
  for (const auto& part : parts)
    text += (text.empty() ? "" : between) + part;
  return text;
}

std::string remarks_on(const tensor_report& report, bool unused) {
  std::vector<std::string> remarks;
  if (report.is_broken())
    remarks.push_back(std::to_string(report.nans) + " NaN and " + std::to_string(report.infinities) +
                      " infinite, the first in row " + std::to_string(report.first_broken / report.columns) +
                      " at place " + std::to_string(report.first_broken % report.columns));
  if (report.zero_rows > 0)
    remarks.push_back(report.zero_rows == report.rows ? "all zero"
                                                      : std::to_string(report.zero_rows) + " of " +
                                                            std::to_string(report.rows) + " rows are all zero");
  if (unused)
    remarks.emplace_back("not used");
  return joined(remarks, "; ");
}

// What keeps the model from being loaded, besides its values.
std::vector<std::string> mistakes_of(const model_file& model) {
  auto mistakes = weight_mistakes(model);
  try {
    if (mistakes.empty())
      check_weights(model, model.config.name);
    (void)tokenizer(model.vocabulary);
  } catch (const model_error& error) {
    mistakes.emplace_back(error.what());
  }
  return mistakes;
}

// Names of at most some, so that the summary stays one line.
std::string some_of(const std::vector<std::string>& names) {
  constexpr std::size_t most = 3;
  auto text = joined({names.begin(), names.begin() + static_cast<std::ptrdiff_t>(std::min(most, names.size()))}, ", ");
  return text + (names.size() > most ? ", …" : "");
}

} // namespace

model_check check_model(const model_file& model, std::vector<std::string> mistakes) {
  const auto unused = unused_weights(model);
  const auto is_unused = [&](const std::string& name) { return std::ranges::binary_search(unused, name); };
  std::vector<std::string> broken, with_zeros;
  model_check found;
  std::uint64_t bytes = 0;
  for (const auto& report : report_weights(model)) {
    const auto& tensor = model.tensors.at(report.name);
    bytes += tensor.data.size();
    if (report.is_broken())
      broken.push_back(report.name);
    else if (report.zero_rows > 0)
      with_zeros.push_back(report.name);
    found.text += line(report.name, std::string(to_string(tensor.type)), shape_text(tensor.shape),
                       size_text(tensor.data.size()), remarks_on(report, is_unused(report.name)));
  }
  for (const auto& [name, tensor] : model.unreadable)
    found.text += line(name, tensor.type, shape_text(tensor.shape), "?",
                       std::string("can't be read") + (is_unused(name) ? "; not used" : ""));
  std::ranges::move(mistakes_of(model), std::back_inserter(mistakes));
  for (const auto& mistake : mistakes)
    found.text += "wrong: " + mistake + "\n";

  found.is_good = broken.empty() && mistakes.empty();
  std::vector<std::string> parts{plural(model.tensors.size() + model.unreadable.size(), "tensor") + " in " +
                                 plural(model.files.size(), "file") + ", " + size_text(bytes)};
  if (broken.empty())
    parts.emplace_back("all values that can be read are finite");
  else
    parts.push_back("NaN or infinities in " + plural(broken.size(), "tensor") + " (" + some_of(broken) + ")");
  if (!mistakes.empty())
    parts.push_back(plural(mistakes.size(), "mistake") + " in what a " + model.config.family + " model needs");
  if (!with_zeros.empty())
    parts.push_back("rows of zeros in " + some_of(with_zeros) + ", which may be right: tokens that no text has");
  if (!unused.empty())
    parts.push_back("not used: " + some_of(unused));
  found.text += (found.is_good ? "fine: " : "broken: ") + joined(parts, "; ") + "\n";
  return found;
}

} // namespace avp
