// First come, first served.
#include <algorithm>

#include <ATen/ATen.h>

#include <avp/gpu/device_error.hpp>
#include <avp/gpu/engine/engine.hpp>

namespace avp {

namespace {

const request& common(const engine::work& work) {
  return std::visit([](const auto& request) -> const avp::request& { return request; }, work);
}

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

engine::engine(const device_config& config) {
  const c10::InferenceMode no_gradients;
  const auto device = parse_device(config.device);
  for (const auto& spec : config.models) {
    auto same = std::find_if(config.models.begin(), config.models.end(), [&](const model_spec& other) {
      return models_.contains(other.name) && other.same_weights(spec);
    });
    models_[spec.name] = same != config.models.end() ? models_[same->name] : load_model(spec, device);
  }
}

void engine::submit(work request, callback done) {
  queue_.push_back({std::move(request), std::move(done), std::chrono::steady_clock::now()});
}

void engine::cancel(request_id id) {
  auto place = std::find_if(queue_.begin(), queue_.end(), [&](const job& j) { return common(j.request).id == id; });
  if (place == queue_.end())
    return;
  if (place == queue_.begin())
    running_.reset();
  auto done = std::move(place->done);
  queue_.erase(place);
  done(make_error(device_errc::cancelled, "the request was cancelled"));
}

bool engine::step() {
  if (queue_.empty())
    return false;
  try {
    if (!running_)
      start(queue_.front());
    if (running_->step()) {
      auto answer = running_->take_result();
      answer.queue_ms = queue_.front().queue_ms;
      finish(std::move(answer));
    }
  } catch (const request_error& error) {
    finish(make_error(error.code(), error.what()));
  } catch (const c10::Error& error) {
    finish(make_error(device_errc::failed, std::string("the device failed: ") + error.what_without_backtrace()));
  } catch (const std::bad_alloc&) {
    finish(make_error(device_errc::failed, "the device is out of memory"));
  }
  return !queue_.empty();
}

void engine::start(job& next) {
  const c10::InferenceMode no_gradients;
  next.queue_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - next.submitted).count();
  const auto& name = common(next.request).model;
  auto model = models_.find(name);
  if (model == models_.end())
    throw request_error(device_errc::unknown_model,
                        "the device has no model '" + name + "'; it has: " + known_names(models_));
  running_.emplace(*model->second, next.request);
}

void engine::finish(outcome with) {
  running_.reset();
  auto done = std::move(queue_.front().done);
  queue_.pop_front();
  done(std::move(with));
}

} // namespace avp
