// Cells with their classes.
#include "runtime/report/report_table.hpp"

#include <utility>

namespace avp {

report_table::report_table(std::string caption, std::vector<std::string> head, std::size_t words)
    : caption_(std::move(caption)),
      head_(std::move(head)),
      words_(words) {}

void report_table::add(const std::vector<std::string>& cells) { rows_.push_back({{"cells", cells_of(cells)}}); }

nlohmann::ordered_json report_table::cells_of(const std::vector<std::string>& cells) const {
  auto list = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < cells.size(); ++i)
    list.push_back({{"text", cells[i]}, {"number", i >= words_}});
  return list;
}

nlohmann::ordered_json report_table::json() const {
  return {{"caption", caption_}, {"head", cells_of(head_)}, {"rows", rows_}};
}

} // namespace avp
