// What became of one task in one mode: a line of results.jsonl.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "agents/agent_spec.hpp"
#include "gpu/failure.hpp"
#include "gpu/projection.hpp"
#include "gpu/result.hpp"
#include "runtime/pipeline/sweep_spec.hpp"

namespace avp {

/// What a hop, or all hops of a task, handed over.
struct handed_over {
  std::int64_t context_tokens = 0; ///< Positions, summed over the edges.
  std::uint64_t context_bytes = 0; ///< What they would weigh as whole AVP messages, in bytes, summed over the edges.
  std::uint64_t wire_bytes = 0;    ///< What was really sent over a socket, in bytes.

  handed_over& operator+=(const handed_over& other);
};

/// What an agent got of one on another model, in latent mode.
struct received_thought {
  std::string from; ///< That agent.
  std::optional<projection_facts>
      facts;            ///< How its thought was projected; none where its context is not there to tell.
  bool as_text = false; ///< Whether it was a text, and no thought.

  /// The way it took: "vocab_mediated", "vocab_overlap", "projection" where nothing more is known, or "text".
  [[nodiscard]] std::string path() const;
};

/// One agent's part in a task.
struct agent_result {
  std::string name;
  std::string kind;
  std::string node;
  std::string error;                         ///< Why the task went on without it; empty when it did its part.
  std::optional<avp::error_code> error_code; ///< Of that; none also in results of earlier versions.
  std::string text;
  double ms = 0;       ///< From the hop's start to its end.
  int retries = 0;     ///< How often the hop was begun anew because its node was lost.
  double fetch_ms = 0; ///< Until contexts of other nodes were on its device; in `ms`.
  avp::counts counts;
  avp::handed_over handed_over;
  avp::thought thought; ///< Its latent steps, where they are to be explained, and what was wrong with them.
  std::vector<received_thought> received; ///< Of agents on other models.

  void fail(const failure& why);
};

/// One task in one mode.
struct task_result {
  std::string task;
  avp::mode mode = mode::latent;
  std::optional<sweep_point> sweep;                  ///< Which point of a sweep it belongs to.
  std::string error;                                 ///< Why it failed; empty when it did not.
  std::optional<avp::error_code> error_code;         ///< Of that; none also in results of earlier versions.
  std::string text;                                  ///< The answering agent's.
  finish_reason finish = finish_reason::end_of_turn; ///< Of that; for fronts, not in results.jsonl.
  std::optional<std::string> expected;
  std::optional<double> score;
  double ms = 0;                    ///< From the first hop's start to the last one's end.
  std::vector<agent_result> agents; ///< In the order in which they finished.

  void fail(const failure& why);

  [[nodiscard]] bool ok() const { return error.empty(); }
  [[nodiscard]] avp::counts counts() const;
  [[nodiscard]] avp::handed_over handed_over() const;
};

/// What a result is of, for people: "text", or of a sweep "text without sharing, 4 hops".
[[nodiscard]] std::string variant_text(mode mode, const std::optional<sweep_point>& point);

/// The object of results.jsonl. Text that is not UTF-8 has U+FFFD where it is broken.
[[nodiscard]] std::string to_json_line(const task_result& result);

/// Reads what to_json_line() wrote. Throws nlohmann::json::exception for a text that is none, and std::runtime_error
/// for an unknown mode.
[[nodiscard]] task_result from_json_line(std::string_view line);

} // namespace avp
