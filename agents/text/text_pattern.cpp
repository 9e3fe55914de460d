// A regular expression that a pipeline file names.
#include "agents/text/text_pattern.hpp"

namespace avp {

namespace {

regular_expression compiled(const std::string& pattern) {
  try {
    return {pattern, pattern_origin::given};
  } catch (const regular_expression_error& error) {
    throw pattern_error(std::string("not a regular expression: ") + error.what(), error.offset());
  }
}

} // namespace

text_pattern::text_pattern(const std::string& pattern) : expression_(compiled(pattern)) {}

bool text_pattern::matches(std::string_view text) const {
  try {
    return expression_.matches(text);
  } catch (const regular_expression_error& error) {
    throw std::runtime_error(std::string("the pattern can't be searched in this text: ") + error.what());
  }
}

} // namespace avp
