// One other node, as node zero sees it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "runtime/node/clock_shift.hpp"
#include "runtime/node/node_actor.hpp"
#include "runtime/node/node_messages.hpp"
#include "runtime/pipeline/pipeline.hpp"
#include "transport/tcp_address.hpp"

namespace avp {

/// How far the talk with a node has come.
enum class node_stage : std::uint8_t {
  lost,       ///< There is no connection.
  connecting, ///< One is being made.
  greeted,    ///< It loads its models.
  ready,
  leaving, ///< It finishes what it has and takes nothing new.
};

/// A node of the pipeline file.
struct cluster_node {
  node_entry entry;
  tcp_address control;
  std::string own_data; ///< Where this process receives contexts, as that node has to name it.

  node_stage stage = node_stage::lost;
  std::uint64_t session = 0; ///< No two connections have the same.
  node_actor actor;
  std::uint64_t incarnation = 0;
  std::string public_key;
  std::map<std::string, model_report> models;
  std::set<std::uint64_t> told;                 ///< Agents that it knows of in this session.
  std::chrono::steady_clock::time_point heard;  ///< When it last answered.
  std::chrono::steady_clock::time_point tried;  ///< When a connection was last begun.
  std::string problem = "it was not asked yet"; ///< Why it is not ready.
  std::vector<std::string> missing;             ///< What it lacks.
  std::size_t hops = 0;                         ///< Under way there.
  clock_shift clock;
  std::optional<std::uint64_t> awaited; ///< The ping with whose answer it tells what somebody waits for.

  [[nodiscard]] bool is_talking() const {
    return stage == node_stage::greeted || stage == node_stage::ready || stage == node_stage::leaving;
  }
};

} // namespace avp
