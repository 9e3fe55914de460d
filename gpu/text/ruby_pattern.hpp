// Oniguruma's regular expressions, in which tokenizer.json writes patterns, in PCRE2's words.
#pragma once

#include <string>
#include <string_view>

namespace avp {

/// The pattern that has PCRE2 match what Oniguruma, reading Ruby's syntax as the library tokenizers has it do, matches
/// by `pattern`. Throws std::invalid_argument, naming the construct, for what means another thing to PCRE2 and has no
/// counterpart, or is not known here.
[[nodiscard]] std::string pcre_of_ruby_pattern(std::string_view pattern);

} // namespace avp
