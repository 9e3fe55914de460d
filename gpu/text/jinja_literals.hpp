// Takes a Jinja template apart into the texts that it may print and the code between them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace avp {

/// The parts of a template, as far as recognising a chat template needs them: nothing is evaluated.
struct jinja_literals {
  /// A text in the template: what stands outside of tags (with white space cut as transformers has it cut:
  /// lstrip_blocks and trim_blocks are on), or a string inside a tag with its escapes resolved.
  struct literal {
    std::string text;
    std::string
        code_before; ///< The code of the same tag since the text before, without white space; empty outside of tags.
  };

  std::vector<literal> texts; ///< In the order of the template.
  std::string joined;         ///< All texts, one after another.
  std::string code;           ///< All code, without strings, comments and white space; a semicolon ends each tag.
};

/// Takes `source` apart. A tag or string that never ends is taken to end with the source.
[[nodiscard]] jinja_literals read_jinja_literals(std::string_view source);

} // namespace avp
