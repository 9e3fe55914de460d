// From a request of a client to tasks of a pipeline.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "runtime/flow/task_input.hpp"
#include "runtime/serve/api_request.hpp"
#include "runtime/serve/served_pipeline.hpp"

namespace avp {

/// What is asked of a pipeline: one task for each answer.
struct asked_tasks {
  avp::mode mode = mode::latent;
  std::vector<task_input> questions; ///< One task for each. Places are not set.
  std::size_t n = 1;                 ///< Answers to each.

  /// How many answers there are to be.
  [[nodiscard]] std::size_t size() const { return questions.size() * n; }

  /// The task of one of them. Those of one question differ by their ids: "X", "X#1", "X#2".
  [[nodiscard]] task_input task(std::size_t choice) const;
};

/// The record of each task has the fields that the client gave, the question in the field that is for it, and earlier
/// turns in {{history}}. Throws request_refused where the pipeline does not have the mode, or a field is missing.
[[nodiscard]] asked_tasks tasks_of(const api_request& request, const served_pipeline& asked);

/// All turns but the one at `question` as {{history}} has them: "User: …", "Assistant: …", "System: …", "Tool: …", an
/// empty line between two of them. Turns without a text are left out.
[[nodiscard]] std::string history_of(const std::vector<chat_turn>& turns, std::size_t question);

} // namespace avp
