// Devices, nodes and the pipeline's actor behind two functions.
#include "runtime/loaded_pipeline.hpp"

#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <sstream>
#include <utility>

#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include "gpu/device_error.hpp"
#include "gpu/user_error.hpp"
#include "runtime/flow/start_pipeline.hpp"
#include "runtime/pipeline/input.hpp"
#include "runtime/pipeline/pipeline_file.hpp"
#include "runtime/pipeline/projection_check.hpp"
#include "runtime/run/actor_config.hpp"
#include "runtime/run/device_configs.hpp"
#include "runtime/run/fetch_hub_models.hpp"

namespace avp {

namespace {

std::shared_ptr<const pipeline> read_whole(const std::filesystem::path& file, const std::vector<std::string>& changes,
                                           const registry& kinds) {
  load_options options;
  options.kinds = kinds.kinds();
  options.overrides = changes;
  options.input = "-"; // records come from the program
  auto loaded = load_pipeline_file(file, options);
  if (!loaded.pipeline)
    throw user_error(to_string(loaded.mistakes));
  return std::make_shared<const pipeline>(std::move(*loaded.pipeline));
}

plan planned_for(const std::shared_ptr<const pipeline>& whole, const registry& kinds) {
  std::vector<run_stage> stages{{whole, make_plan(*whole, whole->modes.front(), kinds.kinds()), std::nullopt}};
  note_projections(stages);
  return std::move(stages.front().plan);
}

task_result unanswered(const std::string& task, const failure& why) {
  task_result result;
  result.task = task;
  result.fail(why);
  return result;
}

} // namespace

// Ends with the object, whichever way that ends: the actor system waits for its actors.
class loaded_pipeline_devices {
public:
  loaded_pipeline_devices(caf::actor_system& system, const std::vector<device_config>& configs) {
    try {
      fetch_hub_models(configs);
      for (const auto& config : configs)
        start(system, config);
    } catch (...) {
      end();
      throw;
    }
  }
  loaded_pipeline_devices(const loaded_pipeline_devices&) = delete;
  loaded_pipeline_devices& operator=(const loaded_pipeline_devices&) = delete;
  ~loaded_pipeline_devices() { end(); }

  [[nodiscard]] const std::map<std::string, device_actor>& by_model() const { return by_model_; }

private:
  void start(caf::actor_system& system, const device_config& config) {
    const auto device = start_device(system, config);
    for (const auto& model : config.models)
      by_model_[model.name] = device;
  }

  void end() {
    for (const auto& [model, device] : by_model_)
      caf::anon_send_exit(device, caf::exit_reason::user_shutdown);
  }

  std::map<std::string, device_actor> by_model_;
};

// In the order in which they are made; they end the other way round.
struct loaded_pipeline::state {
  state(const std::filesystem::path& file, const std::vector<std::string>& changes, registry own_kinds)
      : kinds(std::move(own_kinds)),
        whole(read_whole(file, changes, kinds)),
        planned(planned_for(whole, kinds)),
        keys(keys_of(*whole)),
        config(actor_config(*whole, keys)),
        system(*config),
        devices(system, device_configs(*whole, {planned})) {
    if (has_nodes(*whole)) {
      nodes = std::make_unique<cluster>(system, *whole, std::vector<plan>{planned}, keys,
                                        std::make_shared<cluster_counters>(nullptr));
      nodes->prepare(devices.by_model());
    }
    asked = start_pipeline(system, {whole, &kinds, planned, devices.by_model(), nodes.get()});
  }

  ~state() {
    caf::scoped_actor self(system);
    self->monitor(asked);
    self->send_exit(asked, caf::exit_reason::user_shutdown);
    self->receive([](const caf::down_msg&) {}); // it uses the nodes
  }

  registry kinds;
  std::shared_ptr<const pipeline> whole;
  plan planned;
  std::optional<node_keys> keys;
  std::unique_ptr<caf::actor_system_config> config;
  caf::actor_system system;
  loaded_pipeline_devices devices;
  std::unique_ptr<cluster> nodes; // where there are any
  pipeline_actor asked;
  std::atomic<std::uint64_t> next_place = 0;
};

loaded_pipeline::loaded_pipeline(const std::filesystem::path& file, const std::vector<std::string>& changes,
                                 registry kinds)
    : state_(std::make_unique<state>(file, changes, std::move(kinds))) {}

loaded_pipeline::~loaded_pipeline() = default;

task_result loaded_pipeline::run(const nlohmann::ordered_json& record, const word_receiver& on_text,
                                 const std::stop_token& stop) const {
  // Through the reader of JSON Lines, so that a record is checked and named as it would be in a file.
  std::istringstream line(record.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  const auto item = record_reader(line, state_->whole->input.id).next();
  const auto* one = item ? std::get_if<avp::record>(&*item) : nullptr;
  if (one == nullptr)
    return unanswered("", {error_code::bad_request, item ? std::get<bad_line>(*item).message : "the record is empty"});
  task_input input{.id = one->id, .fields = template_values(one->fields), .place = state_->next_place++};
  // A device may still be about to say something when the task is given up: not to somebody who has gone on.
  const auto listening = std::make_shared<std::pair<std::mutex, bool>>();
  listening->second = true;
  if (on_text)
    input.on_text = [listening, &on_text](std::string_view words) {
      const std::lock_guard lock(listening->first);
      if (listening->second)
        on_text(words);
    };
  const auto place = input.place;
  caf::scoped_actor self(state_->system);
  task_result result;
  auto answer = self->request(state_->asked, caf::infinite, std::move(input));
  const std::stop_callback give_up(stop, [&] { caf::anon_send(state_->asked, cancel_task{place}); });
  answer.receive([&](task_result& made) { result = std::move(made); },
                 [&](const caf::error& error) { result = unanswered(one->id, failure_of(error)); });
  const std::lock_guard lock(listening->first);
  listening->second = false;
  return result;
}

} // namespace avp
