// Where in a text its answer stands.
#pragma once

#include <string_view>

namespace avp {

/// What a text says is its answer: in its last `<answer>`, else on its last line that begins with "Answer:", "Final
/// answer:" or the like, else behind its last "answer is" or "answer:" (also "answer to the question is", "answer would
/// be"). To the end of the line, or on the next one where nothing else is on this; what stands in bold right behind the
/// mark is all of it. Empty where nothing is marked.
[[nodiscard]] std::string_view marked_answer(std::string_view text);

} // namespace avp
