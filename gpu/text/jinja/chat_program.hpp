// A chat template that is compiled once and rendered many times.
#pragma once

#include <ctime>
#include <memory>
#include <string_view>

#include "gpu/text/jinja/interpreter.hpp"
#include "gpu/text/jinja/run.hpp"
#include "gpu/text/jinja/value.hpp"
#include "gpu/text/marked_text.hpp"

namespace avp::jinja {

/// A template as transformers executes it: jinja2's ImmutableSandboxedEnvironment with trim_blocks, lstrip_blocks,
/// "break" and "continue", `{% generation %}`, the filter tojson, and raise_exception(). It is never changed, so any
/// number of threads may render it.
///
/// What differs from jinja2, on purpose: integers have 64 bits, and more is an error; there are no complex numbers; "e"
/// and "safe" give plain strings, which do not escape what is added to them; strings have no lone surrogates and no
/// escapes by name (\N); a part of a constant that has none, as in `1[0:]`, is an error and not undefined; functions
/// and generators are printed in other words; include, import, from, extends, block and autoescape are refused, and so
/// are the filters pprint, random, striptags, urlize and wordwrap, and the function lipsum().
///
/// Every byte of what is rendered carries who wrote it: literals of the template are trusted, values have the marks
/// they came with, and what filters and methods make of a string keeps the marks of the parts that they keep. Numbers
/// have no marks: their digits count as the template's.
class chat_program {
public:
  /// Reads a template. Throws error.
  [[nodiscard]] static chat_program compile(std::string_view source);

  /// What the template makes of the variables. Throws error: for the template's own raise_exception(), for what jinja2
  /// would raise an error for, and for more than `allowed`.
  [[nodiscard]] marked_text render(const variables& given, const limits& allowed = {}) const;

private:
  std::shared_ptr<const statements> body_;
};

/// The function strftime_now() for a template, which takes `now` for the present. Without it a template finds
/// strftime_now undefined, and writes the date that it falls back to: the same run gives the same tokens tomorrow.
[[nodiscard]] value strftime_function(const std::tm& now);

} // namespace avp::jinja
