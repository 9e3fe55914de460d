// Names of the error codes.
#include "transport/error.hpp"

namespace avp {

std::string_view to_string(errc code) { return find_name(code).value_or("unknown"); }

} // namespace avp
