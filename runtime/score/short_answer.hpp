// Short answers to questions, compared as HotpotQA's evaluation does.
#pragma once

#include <string>
#include <string_view>

namespace avp {

/// The short answer of a text: what its last `\boxed{…}` encloses, else the rest of the line behind the last "answer
/// is" or "answer:", else the whole text.
[[nodiscard]] std::string final_short_answer(std::string_view text);

/// The answer in lower case, without punctuation, without the articles a, an and the, one blank between words
/// (`normalize_answer` of hotpot_evaluate_v1.py; of letters, ASCII only).
[[nodiscard]] std::string normal_answer(std::string_view answer);

/// The harmonic mean of precision and recall over the words of two answers, 0 to 1; each word counts as often as it
/// occurs. yes, no and noanswer match themselves only (`f1_score` of hotpot_evaluate_v1.py).
[[nodiscard]] double word_f1(std::string_view given, std::string_view expected);

} // namespace avp
