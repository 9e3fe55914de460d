// Takes a template apart into text and the words inside of its tags.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gpu/text/jinja/error.hpp"

namespace avp::jinja {

/// What a token is.
enum class token_type : std::uint8_t {
  text,           ///< What stands outside of tags, with white space cut.
  variable_begin, ///< {{
  variable_end,   ///< }}
  block_begin,    ///< {%
  block_end,      ///< %}
  name,
  string, ///< Its escapes are resolved.
  integer,
  floating,
  sign, ///< An operator, a bracket, a comma.
  end,  ///< Of the template.
};

/// A token and where it stands.
struct token {
  token_type type = token_type::end;
  std::string text;
  place at;

  /// Whether it is this sign, or this name.
  [[nodiscard]] bool is_sign(std::string_view what) const { return type == token_type::sign && text == what; }
  [[nodiscard]] bool is_name(std::string_view what) const { return type == token_type::name && text == what; }
};

/// The tokens of `source`, `end` last. White space is cut as jinja2 does with trim_blocks and lstrip_blocks on and
/// keep_trailing_newline off. Throws error.
[[nodiscard]] std::vector<token> read_tokens(std::string_view source);

} // namespace avp::jinja
