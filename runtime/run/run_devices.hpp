// The devices of a run and what watches them.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <caf/actor_system.hpp>

#include "gpu/device_actor.hpp"
#include "runtime/node/cluster_counters.hpp"
#include "runtime/run/device_configs.hpp"
#include "runtime/telemetry/device_monitor.hpp"
#include "runtime/telemetry/metrics_server.hpp"
#include "runtime/telemetry/trace_file.hpp"
#include "transport/tcp_address.hpp"

namespace avp {

/// Owns the device actors, a monitor for each, the metrics endpoint and the trace.
class run_devices {
public:
  /// Takes the port of the metrics endpoint, where one is wanted; loads nothing yet. `traced` says whether there will
  /// be a trace_into(). Throws listen_error.
  run_devices(caf::actor_system& system, std::vector<device_config> configs, bool traced,
              const std::optional<tcp_address>& metrics);
  run_devices(const run_devices&) = delete;
  run_devices& operator=(const run_devices&) = delete;

  /// Tells the devices to end, whichever way the run ended: the actor system waits for its actors.
  ~run_devices();

  /// Fetches models of the hub that are not here, and starts one actor per device, which loads its models. Throws
  /// model_error.
  void start();

  /// The devices by the name of each model on them.
  [[nodiscard]] const std::map<std::string, device_actor>& by_model() const { return by_model_; }

  /// How the weights of each model are kept, once started.
  [[nodiscard]] std::map<std::string, weight_format> formats() const;

  /// Gives what the metrics endpoint would answer; may be called from any thread and outlives the object.
  [[nodiscard]] std::function<std::string()> metrics_source() const;

  /// What the other nodes of the run do; it goes into the same metrics and trace.
  [[nodiscard]] const std::shared_ptr<cluster_counters>& node_counters() const { return node_counters_; }

  /// Begins the trace in a file.
  void trace_into(const std::filesystem::path& file);

  /// Says what the trace shall call the task of this place.
  void name_task(std::uint64_t place, const std::string& name);

  /// Ends the devices, waits for that, completes the trace, and gives the final counters in the order of names, those
  /// of other nodes after them.
  [[nodiscard]] std::vector<device_totals> end();

private:
  caf::actor_system& system_;
  std::vector<device_config> configs_;
  std::shared_ptr<trace_file> trace_; // none where the run leaves no folder
  std::shared_ptr<cluster_counters> node_counters_;
  std::vector<std::shared_ptr<device_monitor>> monitors_;
  std::vector<device_actor> devices_;
  std::map<std::string, device_actor> by_model_;
  std::optional<metrics_server> metrics_;
};

} // namespace avp
