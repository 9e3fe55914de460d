// JSON as Python's json.dumps() writes it.
#pragma once

#include <optional>
#include <string>

#include "gpu/text/jinja/run.hpp"
#include "gpu/text/jinja/value.hpp"

namespace avp::jinja {

/// How JSON is laid out.
struct json_layout {
  bool ascii = false; ///< Whether characters beyond ASCII are escaped.
  bool sorted = false;
  std::optional<marked_text> indent = {}; ///< Of one level; nothing: all on one line.
  marked_text between_items = marked_text::trusted(", ");
  marked_text behind_key = marked_text::trusted(": ");
};

/// The value as JSON. Marks stay with the characters of its strings. Throws fault for what JSON can't say.
[[nodiscard]] marked_text to_json(run& work, const value& what, const json_layout& layout);

} // namespace avp::jinja
