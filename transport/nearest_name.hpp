// The known name that a mistyped one was probably meant to be.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace avp {

/// How many times to insert, delete or replace a character (a byte) or to swap two neighbours to make `b` of `a`, none
/// of them changed twice (Damerau 1964, as "optimal string alignment").
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// The known name nearest to `name`, the first of equals; nothing where all are further than a third of its length
/// (and than two characters), or where `name` is longer than any sensible one.
[[nodiscard]] std::optional<std::string> nearest_name(std::string_view name, const std::vector<std::string>& known);

/// `; did you mean "x"?`
[[nodiscard]] std::string did_you_mean(const std::string& name);

/// What a message adds after an unknown name: `; did you mean "x"?`, or else `; known: a, b, c`, or else nothing.
[[nodiscard]] std::string name_hint(std::string_view name, const std::vector<std::string>& known);

} // namespace avp
