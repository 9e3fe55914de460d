// The engine of a device: which model's requests run in the next step.
#include "gpu/engine/engine.hpp"

#include <algorithm>
#include <cstdio>

#include <ATen/ATen.h>

#include "gpu/device_error.hpp"
#include "gpu/engine/cache_memory.hpp"
#include "gpu/engine/draft_reader.hpp"
#include "gpu/engine/prompt_lookup.hpp"
#include "gpu/engine/tensor_memory.hpp"
#include "gpu/thrown.hpp"

namespace avp {

namespace {

// More whole contexts than this are never held at once; a small model does not need all the memory there is.
constexpr std::int64_t most_contexts = 1024;

at::Device parse_device(const std::string& name) {
  try {
    at::Device device(name);
    if (device.is_cuda() && !at::hasCUDA())
      throw model_error(
          "device '" + name +
          "': this Torch was built without CUDA, or the machine has no CUDA device; use device = \"cpu\"");
    return device;
  } catch (const c10::Error&) {
    throw model_error("device '" + name + "' is unknown; expected \"cpu\" or \"cuda:0\"");
  }
}

std::string known_names(const auto& models) {
  std::string names;
  for (const auto& [name, model] : models)
    names += (names.empty() ? "" : ", ") + name;
  return names;
}

} // namespace

// Models share the cache memory so that each holds as many positions.
engine::engine(const device_config& config, const std::map<std::string, pass_times>& times)
    : observer_(config.observer) {
  take_tensors_from_malloc();
  const c10::InferenceMode no_gradients;
  const auto device = parse_device(config.device);
  std::vector<std::pair<const model_spec*, std::shared_ptr<loaded_model>>> loaded;
  std::int64_t bytes_together = 0;
  for (const auto& spec : config.models) {
    const auto same =
        std::find_if(loaded.begin(), loaded.end(), [&](const auto& other) { return other.first->same_weights(spec); });
    if (same != loaded.end())
      continue;
    loaded.emplace_back(&spec, load_model(spec, device));
    bytes_together += loaded.back().second->network.cache_shape().bytes();
  }
  const auto memory = config.kv_memory.value_or(default_cache_bytes(device));
  if (memory < bytes_together)
    throw model_error("kv_memory of device '" + config.device + "' is " + std::to_string(memory) +
                      " bytes, and one block of every model's KV-cache together is " + std::to_string(bytes_together) +
                      "; give it more");
  for (const auto& [spec, model] : loaded) {
    const auto blocks =
        std::min(memory / bytes_together, most_contexts * blocks_of(model->network.config().max_positions));
    const auto known = times.find(spec->name);
    models_.push_back(std::make_unique<model_engine>(model, blocks, config.prefix_sharing,
                                                     known == times.end() ? pass_times() : known->second));
    for (const auto& other : config.models)
      if (other.same_weights(*spec)) {
        by_name_[other.name] = {models_.back().get(), other.draft};
        const load_record record{other.name, model->format};
        tell([&](device_observer& observer) { observer.on_load(record); });
      }
  }
  find_drafts(config.device);
  if (!models_.empty())
    counters_.block_bytes = models_.front()->model().network.cache_shape().bytes();
}

void engine::find_drafts(const std::string& device) {
  for (auto& [name, model] : by_name_) {
    if (!model.draft || model.draft->model.empty())
      continue;
    const auto draft = by_name_.find(model.draft->model);
    if (draft == by_name_.end() || draft->second.engine == model.engine)
      throw model_error("draft = \"" + model.draft->text() + "\" of model '" + name + "': " +
                        (draft == by_name_.end()
                             ? "there is no such model on device '" + device + "'; it has: " + known_names(by_name_)
                             : "that is the same model, which gains nothing by its own guesses"));
    check_draft(draft->second.engine->model(), model.engine->model());
    model.drafting = draft->second.engine->as_draft();
    model.pace = std::make_shared<guess_pace>(model.engine->times(), &model.drafting->times());
  }
}

// How well a text repeats itself is a matter of that text; how well a model guesses, of both models.
std::optional<token_guesser> engine::guesser_for(const named_model& named) {
  if (!named.draft)
    return std::nullopt;
  const auto& model = named.engine->model();
  if (!named.drafting)
    return token_guesser(model.tokenizer, std::make_unique<prompt_lookup>(),
                         std::make_shared<guess_pace>(named.engine->times()));
  return token_guesser(model.tokenizer,
                       std::make_unique<draft_reader>(named.drafting, named.pace, model.network.config().vocab_size),
                       named.pace);
}

void engine::submit(work request, callback done) {
  const auto& model = common_of(request).model;
  const auto target = by_name_.find(model);
  if (target == by_name_.end())
    return refuse(request, done,
                  make_error(error_code::model_not_found,
                             "the device has no model '" + model + "'; it has: " + known_names(by_name_)));
  const c10::InferenceMode no_gradients;
  const auto& named = target->second;
  try {
    if (const auto ended = named.engine->submit(request, done, arrivals_++, guesser_for(named)))
      count(*ended);
  } catch (const request_error& error) {
    refuse(request, done, make_error(error.code(), error.what()));
  } catch (const c10::Error&) {
    refuse(request, done, make_error(failure_of(std::current_exception())));
  } catch (const std::bad_alloc&) {
    refuse(request, done, make_error(failure_of(std::current_exception())));
  } catch (...) { // of what the caller gave: a message's role, a body that can't be read
    refuse(request, done, make_error(error_code::bad_request, text_of(std::current_exception())));
  }
}

void engine::refuse(const work& request, const callback& done, const caf::error& why) {
  auto record = record_of(request);
  record.started = record.ended = record.submitted;
  record.error = text_of(why);
  done(why);
  count(record);
}

void engine::cancel(request_id id) {
  for (const auto& model : models_)
    if (const auto ended = model->cancel(id))
      return count(*ended);
}

bool engine::step() {
  const auto has_work = [](const auto& model) { return model->has_work(); };
  for (const auto& model : models_)
    model->reclaim();
  if (std::none_of(models_.begin(), models_.end(), has_work))
    return false;
  while (!models_[turn_ % models_.size()]->has_work())
    ++turn_;
  std::vector<request_record> ended;
  const auto record = models_[turn_++ % models_.size()]->step(ended);
  if (record.rows.total() > 0) {
    ++counters_.steps;
    counters_.rows += record.rows;
    counters_.busy_seconds += record.milliseconds / 1000;
    tell([&](device_observer& observer) { observer.on_step(record, counters()); });
  }
  for (const auto& request : ended)
    count(request);
  return std::any_of(models_.begin(), models_.end(), has_work);
}

void engine::count(const request_record& ended) {
  (ended.error.empty() ? counters_.requests_done : counters_.requests_failed) += 1;
  counters_.queue_seconds += std::chrono::duration<double>(ended.started - ended.submitted).count();
  tell([&](device_observer& observer) { observer.on_request(ended, counters()); });
}

// What is told of a device must not end it.
void engine::tell(const std::function<void(device_observer&)>& what) {
  if (!observer_)
    return;
  try {
    what(*observer_);
  } catch (...) {
    std::fprintf(stderr, "warning: what observes the device failed (%s); it is told nothing more\n",
                 text_of(std::current_exception()).c_str());
    observer_.reset();
  }
}

device_counters engine::counters() const {
  auto all = counters_;
  for (const auto& model : models_)
    model->add_to(all);
  return all;
}

} // namespace avp
