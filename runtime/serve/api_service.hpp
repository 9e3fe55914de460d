// A server with all that is behind it, in the order in which it has to begin and end.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include "agents/registry.hpp"
#include "runtime/serve/api_server.hpp"
#include "runtime/serve/ask_queue.hpp"
#include "runtime/serve/served_models.hpp"

namespace avp {

/// Serves pipelines until it is stopped.
class api_service {
public:
  /// Listens, then loads the models, and then answers. `kinds` outlives it; `on_listening` is called as soon as there
  /// is an address. Throws user_error where the address can't be had or a model or a node can't be used, and
  /// std::runtime_error with what an agent's constructor threw.
  api_service(std::vector<served_pipeline> pipelines, const registry& kinds, api_options options,
              const queue_limits& limits, const std::function<void(const tcp_address&)>& on_listening = {});
  api_service(const api_service&) = delete;
  api_service& operator=(const api_service&) = delete;
  ~api_service();

  [[nodiscard]] const tcp_address& address() const { return server_->address(); }
  [[nodiscard]] const served_models& models() const { return *models_; }

  /// Whether a pipeline can't go on, as where its device died; what asks for it fails.
  [[nodiscard]] bool is_broken() const { return is_broken_; }

  /// Refuses what is new and has `patience` to finish what is under way.
  void stop(std::chrono::milliseconds patience) { server_->stop(patience); }

private:
  void start_queue_of(const queue_limits& limits, std::shared_ptr<request_log> log);

  std::optional<node_keys> keys_;
  std::unique_ptr<caf::actor_system_config> config_;
  caf::actor_system system_;
  std::atomic<bool> is_broken_ = false;
  std::optional<served_models> models_;
  std::optional<api_server> server_; // asks the models
  ask_queue queue_;                  // tells the server what breaks
};

} // namespace avp
