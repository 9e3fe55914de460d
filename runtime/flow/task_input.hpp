// What a pipeline is asked: one task.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agents/asked_settings.hpp"
#include "runtime/results/ended_hop.hpp"

namespace avp {

/// A record that is to go through a pipeline.
struct task_input {
  std::string id;                            ///< Names the task in its result and picks its random numbers.
  std::map<std::string, std::string> fields; ///< The record's, by name.
  /// When memory is short, tasks of lower places go on first. No two tasks that run have the same one: ids may come
  /// twice, as where two people ask the same question.
  std::uint64_t place = 0;
  std::optional<std::int64_t> prefix_scope = 0; ///< As request::prefix_scope.
  asked_settings asked = {};                    ///< Of the answering agent; `steps` and `seed` count for all.
  std::vector<ended_hop> done = {};             ///< Hops that need not be done again, in the order in which they ended.

  /// Gets the answering agent's words as they come, on the thread of a device; may be empty. After a cancellation it
  /// may get those that are on their way.
  std::function<void(std::string_view)> on_text = {};

  /// Is told of every hop that ends, in the pipeline's actor; may be empty. What it throws is the task's error.
  std::function<void(const ended_hop&)> on_hop = {};
};

} // namespace avp
