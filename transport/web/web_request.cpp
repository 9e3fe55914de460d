// Looking things up in a request.
#include "transport/web/web_request.hpp"

#include <strings.h>

namespace avp {

std::string_view web_request::header(std::string_view name) const {
  for (const auto& one : headers)
    if (one.name.size() == name.size() && strncasecmp(one.name.data(), name.data(), name.size()) == 0)
      return one.value;
  return {};
}

std::string_view web_request::text() const { return {reinterpret_cast<const char*>(body.data()), body.size()}; }

} // namespace avp
