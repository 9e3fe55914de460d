// The models of a node, loaded when a run asks for them.
#include "runtime/node/node_models.hpp"

#include <algorithm>
#include <set>

#include <caf/send.hpp>
#include <spdlog/spdlog.h>

#include "gpu/model/fetch.hpp"
#include "gpu/model/fetch_hub.hpp"
#include "gpu/model/hub_name.hpp"
#include "gpu/model/model_error.hpp"
#include "runtime/node/model_probe.hpp"
#include "runtime/node/wire_check.hpp"

namespace avp {

namespace {

// Two orders with one key get the same model.
std::string key_of(const model_order& order) {
  std::string key;
  for (const auto& part : {order.name, order.source, order.device, order.chat_template, order.template_text,
                           order.template_variables, order.model_hash})
    key += part + '\0';
  key += order.format ? std::to_string(static_cast<int>(*order.format)) : "-";
  key += order.kv_dtype ? std::to_string(static_cast<int>(*order.kv_dtype)) : "-";
  key += order.draft ? order.draft->text() : "-";
  return key + (order.layercast ? "l" : "") + (order.special_tokens_in_text ? "s" : "");
}

} // namespace

hosted_device::hosted_device(caf::actor_system& system, device_config config)
    : log_(std::make_shared<device_log>(config.device)) {
  config.observer = log_;
  actor_ = start_device(system, config);
}

hosted_device::~hosted_device() { caf::anon_send_exit(actor_, caf::exit_reason::user_shutdown); }

// What this node's file says of a model goes before what the pipeline says.
model_order node_models::placed(model_order order) const {
  for (const auto& model : config_.models)
    if (model.name == order.name) {
      order.source = model.source.value_or(order.source);
      order.device = model.device.value_or(order.device);
    }
  return order;
}

// Throws model_error where there is no such file and none is to be fetched.
void node_models::find_file(const model_order& order) const {
  const auto* known = find_in_catalogue(order.source);
  if (config_.fetch && is_hub_name(order.source) && !hub_model_is_here(model_folder(), order.source)) {
    spdlog::info("fetching model '{}'", order.source);
    fetch_hub_model(order.source, model_folder());
  }
  if (config_.fetch && known != nullptr && !std::filesystem::exists(model_path(model_folder(), *known))) {
    spdlog::info("fetching model '{}'", order.source);
    fetch_model(*known, model_folder());
  }
  [[maybe_unused]] const auto path = resolve_model(order.source);
}

std::shared_ptr<hosted_device> node_models::start(const std::string& device, const std::vector<model_order>& orders) {
  device_config config{.device = device};
  for (const auto& entry : config_.devices)
    if (entry.name == device) {
      config.threads = entry.threads;
      config.kv_memory = entry.kv_memory;
      config.prefix_sharing = entry.prefix_sharing;
    }
  for (const auto& order : orders) {
    spdlog::info("loading model '{}' ({}) onto {}", order.name, order.source, device);
    config.models.push_back(checked<model_spec>(order));
  }
  auto started = std::make_shared<hosted_device>(system_, std::move(config));
  const std::scoped_lock lock(guard_);
  std::erase_if(alive_, [](const auto& one) { return one.expired(); });
  alive_.push_back(started);
  return started;
}

hosted_models node_models::load(const std::vector<model_order>& wanted) {
  std::map<std::string, hosted_entry> kept;
  std::map<std::string, std::vector<model_order>> to_load; // by device
  hosted_models models;
  const auto cannot = [&](const model_order& order, const std::exception& why) {
    models.missing.push_back("model '" + order.name + "': " + why.what());
  };
  std::set<std::string> beside_new; // they guess for models that are to be loaded, on the same device
  for (const auto& asked : wanted)
    if (asked.draft && !last_.contains(key_of(placed(asked))))
      beside_new.insert(asked.draft->model);
  for (const auto& asked : wanted) {
    const auto order = placed(asked);
    if (const auto there = last_.find(key_of(order)); there != last_.end() && !beside_new.contains(order.name)) {
      kept.insert(*there);
      models.by_name[order.name] = there->second;
      continue;
    }
    try {
      find_file(order);
      to_load[order.device].push_back(order);
    } catch (const std::exception& error) {
      cannot(order, error);
    }
  }
  if (!to_load.empty())
    last_ = kept; // room for the new ones, unless another run uses the old ones
  for (const auto& [device, orders] : to_load)
    try {
      const auto started = start(device, orders);
      for (const auto& order : orders)
        last_[key_of(order)] =
            models.by_name[order.name] = {started, probe_model(system_, started->actor(), order.name)};
    } catch (const std::exception& error) {
      cannot(orders.front(), error);
    }
  return models;
}

std::vector<device_totals> node_models::totals() const {
  const std::scoped_lock lock(guard_);
  std::vector<device_totals> all;
  for (const auto& one : alive_)
    if (const auto device = one.lock())
      all.push_back(device->log().totals());
  return all;
}

} // namespace avp
