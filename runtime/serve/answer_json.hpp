// Answers as the OpenAI API words them: whole, and in chunks.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "runtime/results/task_result.hpp"
#include "runtime/serve/api_request.hpp"

namespace avp {

/// What all parts of an answer say.
struct answer_head {
  api_kind kind = api_kind::chat;
  std::string id;
  std::int64_t created = 0; ///< Seconds since 1970.
  std::string model;
  std::string answering;    ///< The agent that answers.
  bool tells_usage = false; ///< Whether the chunks of a stream have the key `usage`.
};

/// Tokens of all agents of all choices. What was shared with another prompt, and so not computed, is in
/// prompt_tokens_details.cached_tokens; what agents other than the answering one wrote, in
/// completion_tokens_details.reasoning_tokens.
[[nodiscard]] nlohmann::ordered_json usage_of(const answer_head& head, const std::vector<task_result>& results);

/// The object that no other server has: mode, task, and what each agent did.
[[nodiscard]] nlohmann::ordered_json details_of(const std::vector<task_result>& results);

/// A whole answer with one choice for each result.
[[nodiscard]] std::string whole_answer_of(const answer_head& head, const std::vector<task_result>& results);

/// Events of a stream, each "data: …" with an empty line behind it.
class answer_events {
public:
  explicit answer_events(answer_head head);

  /// The first of a choice: who speaks. A completion has none.
  [[nodiscard]] std::string begin(std::size_t choice) const;

  /// Words of a choice; they may be empty.
  [[nodiscard]] std::string words(std::size_t choice, std::string_view text) const;

  /// A choice is complete. With the last one go the details.
  [[nodiscard]] std::string end(std::size_t choice, const task_result& result,
                                const std::vector<task_result>* all = nullptr) const;

  /// What it cost.
  [[nodiscard]] std::string usage(const std::vector<task_result>& results) const;

  /// The end of the stream.
  [[nodiscard]] static std::string done() { return "data: [DONE]\n\n"; }

private:
  [[nodiscard]] std::string event(nlohmann::ordered_json choices, const nlohmann::ordered_json* more = nullptr) const;
  [[nodiscard]] nlohmann::ordered_json choice(std::size_t place, std::string_view text,
                                              const nlohmann::ordered_json& finish) const;

  answer_head head_;
};

/// JSON as text; what is not UTF-8 has U+FFFD where it is broken.
[[nodiscard]] std::string json_text(const nlohmann::ordered_json& value);

} // namespace avp
