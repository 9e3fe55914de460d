// Quotes by nlohmann's JSON.
#include "runtime/text/in_quotes.hpp"

#include <nlohmann/json.hpp>

namespace avp {

std::string in_quotes(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

} // namespace avp
