// Arguments of functions, filters, tests and methods.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "gpu/text/jinja/object.hpp"

namespace avp::jinja {

/// The arguments in the order of `names`, nullptr for one that was left out, which only those may be that end with
/// "?". Throws fault for too many, unknown, double or missing ones; `what` is the name of what is called.
[[nodiscard]] std::vector<const value*> bind(std::string_view what, const arguments& given,
                                             std::initializer_list<std::string_view> names);

/// The same where none can be given by its name.
[[nodiscard]] std::vector<const value*> bind_unnamed(std::string_view what, const arguments& given, std::size_t least,
                                                     std::size_t most);

/// The integer, or `otherwise` where it was left out. Throws fault for another value.
[[nodiscard]] std::int64_t integer_or(const value* given, std::int64_t otherwise);

/// Whether it is there and true.
[[nodiscard]] inline bool is_true(const value* given) { return given && given->truth(); }

/// Whether it is there and not None.
[[nodiscard]] inline bool is_given(const value* given) { return given && !given->is_none(); }

/// The string. Throws fault for another value.
[[nodiscard]] const marked_text& text_of(const value& given);

} // namespace avp::jinja
