// The names of HTTP's status codes; used inside the room only.
#pragma once

#include <string_view>

namespace avp {

/// "Not Found" for 404.
[[nodiscard]] std::string_view web_status_name(int status);

} // namespace avp
