// Starts the devices of a run, watches and ends them.
#include "runtime/run/run_devices.hpp"

#include <cstdio>

#include <caf/scoped_actor.hpp>
#include <spdlog/spdlog.h>

#include "runtime/run/fetch_hub_models.hpp"
#include "runtime/telemetry/metrics_text.hpp"

namespace avp {

namespace {

std::vector<device_totals> totals_of(const std::vector<std::shared_ptr<device_monitor>>& monitors,
                                     const cluster_counters& counters) {
  std::vector<device_totals> totals;
  for (const auto& monitor : monitors)
    totals.push_back(monitor->totals());
  for (auto& elsewhere : counters.devices())
    totals.push_back(std::move(elsewhere));
  return totals;
}

} // namespace

run_devices::run_devices(caf::actor_system& system, std::vector<device_config> configs, bool traced,
                         const std::optional<tcp_address>& metrics)
    : system_(system),
      configs_(std::move(configs)) {
  if (traced)
    trace_ = std::make_shared<trace_file>();
  node_counters_ = std::make_shared<cluster_counters>(trace_);
  for (auto& config : configs_) {
    monitors_.push_back(std::make_shared<device_monitor>(config.device, trace_));
    config.observer = monitors_.back();
  }
  if (metrics) {
    metrics_.emplace(*metrics, metrics_source());
    std::fprintf(stderr, "metrics: %s\n", metrics_->url().c_str()); // also with --quiet: port 0 would be a secret
  }
}

std::function<std::string()> run_devices::metrics_source() const {
  return [monitors = monitors_, counters = node_counters_] {
    return metrics_text(totals_of(monitors, *counters), counters->totals());
  };
}

run_devices::~run_devices() {
  for (const auto& device : devices_)
    caf::anon_send_exit(device, caf::exit_reason::user_shutdown);
}

void run_devices::start() {
  fetch_hub_models(configs_);
  for (const auto& config : configs_) {
    for (const auto& model : config.models)
      spdlog::info("loading model '{}' ({}) onto {}", model.name, model.source, config.device);
    devices_.push_back(start_device(system_, config));
    for (const auto& model : config.models)
      by_model_[model.name] = devices_.back();
  }
}

std::map<std::string, weight_format> run_devices::formats() const {
  std::map<std::string, weight_format> all;
  for (const auto& monitor : monitors_)
    all.merge(monitor->formats());
  return all;
}

void run_devices::trace_into(const std::filesystem::path& file) { trace_->write_to(file); }

void run_devices::name_task(std::uint64_t place, const std::string& name) {
  if (trace_)
    trace_->name_task(place, name);
}

std::vector<device_totals> run_devices::end() {
  caf::scoped_actor self(system_);
  for (const auto& device : devices_) {
    self->monitor(device);
    self->send_exit(device, caf::exit_reason::user_shutdown);
  }
  for (std::size_t i = 0; i < devices_.size(); ++i) // one that died is down at once
    self->receive([](const caf::down_msg&) {});
  if (trace_)
    trace_->close();
  return totals_of(monitors_, *node_counters_);
}

} // namespace avp
