// Short answers to questions, compared as SQuAD's and HotpotQA's evaluations do, in all scripts.
#pragma once

#include <string>
#include <string_view>

namespace avp {

/// The short answer of a text: what its last `\boxed{…}` encloses, else what stands in its last `<answer>`, behind its
/// last line that begins with "Answer:" (or "Final answer:", in bold or as a heading), or behind its last "answer is"
/// or "answer:", to the end of the line, of which something in bold is the answer; else the whole text. Without TeX's
/// commands around words.
[[nodiscard]] std::string final_short_answer(std::string_view text);

/// The answer in lower case, without punctuation, without the articles a, an and the, one blank between words. For
/// ASCII this is `normalize_answer` of hotpot_evaluate_v1.py; beyond, letters are as case_folded() makes them, and the
/// punctuation of all scripts counts as such.
[[nodiscard]] std::string normal_answer(std::string_view answer);

/// Whether two answers are the same once normalised. Where nothing is left of the expected one, articles count (the
/// mark "A"), and where still nothing is left (the sign "+"), all of it does.
[[nodiscard]] bool same_answer(std::string_view given, std::string_view expected);

/// The harmonic mean of precision and recall over the words of two answers, normalised as in same_answer(), 0 to 1;
/// each word counts as often as it occurs. yes, no and noanswer match themselves only (`f1_score` of
/// hotpot_evaluate_v1.py).
[[nodiscard]] double word_f1(std::string_view given, std::string_view expected);

} // namespace avp
