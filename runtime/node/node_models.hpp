// The models of a node, loaded when a run asks for them.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <caf/actor_system.hpp>

#include "gpu/device_actor.hpp"
#include "runtime/node/device_log.hpp"
#include "runtime/node/node_config.hpp"
#include "runtime/node/node_messages.hpp"

namespace avp {

/// A device with its models; ends it when nobody uses it any more.
class hosted_device {
public:
  hosted_device(caf::actor_system& system, device_config config);
  hosted_device(const hosted_device&) = delete;
  hosted_device& operator=(const hosted_device&) = delete;
  ~hosted_device();

  [[nodiscard]] const device_actor& actor() const { return actor_; }
  [[nodiscard]] device_log& log() const { return *log_; }

private:
  std::shared_ptr<device_log> log_;
  device_actor actor_;
};

/// A model of a run, ready.
struct hosted_entry {
  std::shared_ptr<hosted_device> device;
  model_report report;
};

/// What became of a run's models.
struct hosted_models {
  std::map<std::string, hosted_entry> by_name; ///< As the run calls them.
  std::vector<std::string> missing;            ///< Why some are not there, a sentence each.
};

/// Loads models, and keeps those of the last run until another one needs others.
class node_models {
public:
  node_models(caf::actor_system& system, node_config config) : system_(system), config_(std::move(config)) {}

  /// Loads what is not loaded. Takes seconds, or minutes where a model is fetched; one call at a time.
  [[nodiscard]] hosted_models load(const std::vector<model_order>& wanted);

  /// What the devices that are there do. Any thread.
  [[nodiscard]] std::vector<device_totals> totals() const;

private:
  [[nodiscard]] model_order placed(model_order order) const;
  void find_file(const model_order& order) const;
  [[nodiscard]] std::shared_ptr<hosted_device> start(const std::string& device, const std::vector<model_order>& orders);

  caf::actor_system& system_;
  node_config config_;
  std::map<std::string, hosted_entry> last_; // models of the last run, by all that their orders say
  mutable std::mutex guard_;                 // of the following
  std::vector<std::weak_ptr<hosted_device>> alive_;
};

} // namespace avp
