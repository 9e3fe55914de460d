// A hop that is to be done on other nodes.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "agents/hop_output.hpp"
#include "gpu/failure.hpp"
#include "runtime/node/placed_agent.hpp"

namespace avp {

/// From its arrival until it is answered.
struct placed_hop {
  /// What came of it, or why nothing did.
  using answer = std::function<void(tl::expected<hop_output, failure>)>;

  std::shared_ptr<const placed_agent> agent;
  hop_input input;
  answer tell;
  std::chrono::steady_clock::time_point arrived;
  std::vector<std::shared_ptr<const void>> inputs; ///< What its contexts are held by.
  request_id in_task = 0;                          ///< By which its task's cancellation knows it.

  std::string node; ///< Where it is under way; empty while it waits for one.
  std::uint64_t session = 0;
  std::chrono::steady_clock::time_point waits_since;
  int retries = 0;
  std::size_t words_told = 0; ///< Bytes of its answer that were passed on.
  std::size_t words_come = 0; ///< Bytes of its answer that came from the node that has it now.
};

} // namespace avp
