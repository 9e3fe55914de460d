// A table of a report, as its template takes it.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace avp {

/// Builds the object that the template's table shows. The first `words` columns are words and stand left, the others
/// are numbers and stand right.
class report_table {
public:
  report_table(std::string caption, std::vector<std::string> head, std::size_t words = 1);

  /// A line, with a cell for each column.
  void add(const std::vector<std::string>& cells);

  [[nodiscard]] bool empty() const { return rows_.empty(); }

  /// For the template.
  [[nodiscard]] nlohmann::ordered_json json() const;

private:
  [[nodiscard]] nlohmann::ordered_json cells_of(const std::vector<std::string>& cells) const;

  std::string caption_;
  std::vector<std::string> head_;
  std::size_t words_;
  nlohmann::ordered_json rows_ = nlohmann::ordered_json::array();
};

} // namespace avp
