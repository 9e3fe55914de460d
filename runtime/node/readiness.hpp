// Tells a run that waits for its nodes when it can begin, or why it can't.
#pragma once

#include <chrono>
#include <functional>

#include "runtime/node/cluster_models.hpp"
#include "runtime/node/cluster_nodes.hpp"
#include "runtime/node/nodes_ready.hpp"

namespace avp {

/// Nodes that load models are waited for; those that nobody hears of, only for a while.
class readiness {
public:
  using clock = std::chrono::steady_clock;
  using answer = std::function<void(nodes_ready)>;

  /// Somebody waits, for nodes out of reach until a moment. `tell` is called once.
  void wait(answer tell, clock::time_point until);

  [[nodiscard]] bool is_awaited() const { return static_cast<bool>(tell_); }

  /// Tells whoever waits, where there is something to tell.
  void update(const cluster_nodes& nodes, const cluster_models& models, clock::time_point now);

  /// Tells whoever waits that it waits in vain.
  void fail(const std::string& why);

private:
  void tell(nodes_ready outcome);

  answer tell_;
  clock::time_point until_;
};

} // namespace avp
