// The page's template, style sheet and script, embedded when this was built.
#pragma once

#include <string_view>

namespace avp {

extern const std::string_view page_template;  ///< page/report.html
extern const std::string_view table_template; ///< page/table.html
extern const std::string_view page_style;     ///< page/report.css
extern const std::string_view page_script;    ///< page/report.js

} // namespace avp
