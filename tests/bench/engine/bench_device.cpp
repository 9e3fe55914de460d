// Waiting for a device actor.
#include "tests/bench/engine/bench_device.hpp"

#include <stdexcept>

#include <caf/atom.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include "gpu/device_error.hpp"

namespace avp::bench {

namespace {

caf::actor_system_config& without_polling(caf::actor_system_config& config) {
  config.set("scheduler.policy", caf::atom("sharing"));
  return config;
}

device_config config_of(const device_options& options, const std::shared_ptr<recorder>& records) {
  device_config config;
  if (options.threads > 0)
    config.threads = options.threads;
  if (options.kv_memory > 0)
    config.kv_memory = options.kv_memory;
  config.prefix_sharing = options.prefix_sharing;
  config.observer = records;
  model_spec model;
  model.name = model_name;
  model.source = options.model;
  model.format = value_named<weight_format>(options.format).value();
  config.models.push_back(model);
  if (options.drafts) {
    model.name = drafting_name;
    model.draft = options.draft_model.empty() ? draft_source::prompt : draft_source{"draft"};
    config.models.push_back(model);
  }
  if (!options.draft_model.empty()) {
    model.name = "draft";
    model.source = options.draft_model;
    model.draft.reset();
    config.models.push_back(model);
  }
  return config;
}

template <class Request>
std::vector<result> ask_all_of(caf::actor_system& system, const device_actor& device,
                               const std::vector<Request>& requests) {
  caf::scoped_actor self(system);
  std::vector<decltype(self->request(device, caf::infinite, Request{}))> pending;
  for (const auto& request : requests)
    pending.push_back(self->request(device, caf::infinite, request));
  std::vector<result> answers;
  std::string failure;
  for (auto& answer : pending)
    answer.receive([&](result& came) { answers.push_back(std::move(came)); },
                   [&](const caf::error& error) { failure = text_of(error); });
  if (!failure.empty())
    throw std::runtime_error("a request failed: " + failure);
  return answers;
}

} // namespace

std::int64_t kv_element_bytes(const std::string& format) { return format == "float32" ? 4 : 2; }

bench_device::bench_device(const device_options& options)
    : system_(without_polling(config_)),
      records_(std::make_shared<recorder>(options.keep_records)),
      actor_(start_device(system_, config_of(options, records_))) {}

bench_device::~bench_device() { caf::anon_send_exit(actor_, caf::exit_reason::user_shutdown); }

result bench_device::ask(think request) {
  return std::move(ask_all_of(system_, actor_, std::vector{std::move(request)}).front());
}

result bench_device::ask(generate request) {
  return std::move(ask_all_of(system_, actor_, std::vector{std::move(request)}).front());
}

std::vector<result> bench_device::ask_all(const std::vector<think>& requests) {
  return ask_all_of(system_, actor_, requests);
}

std::vector<result> bench_device::ask_all(const std::vector<generate>& requests) {
  return ask_all_of(system_, actor_, requests);
}

const std::string& bench_device::text_of_length(std::int64_t tokens, const std::string& tail) {
  auto& text = texts_[{tokens, tail}];
  if (!text.empty())
    return text;
  const auto padded = [&](std::int64_t words) {
    std::string padding = "the";
    for (std::int64_t i = 1; i < words; ++i)
      padding += " the"; // one token in every byte-level vocabulary
    return padding + (tail.empty() ? "" : ". " + tail);
  };
  const auto length = [&](std::int64_t words) { return ask(request_of<think>(padded(words))).counts.prompt_tokens; };
  const auto words = tokens - length(1) + 1;
  if (words < 1 || length(words) != tokens)
    throw std::runtime_error("cannot make a prompt of " + std::to_string(tokens) +
                             " tokens with this model's chat template; choose a larger number");
  return text = padded(words);
}

generate greedy(const std::string& text, int tokens) {
  auto request = request_of<generate>(text);
  request.max_new_tokens = tokens;
  request.sampling.temperature = 0;
  return request;
}

const recipe& history_of(const result& answer) { return *dynamic_cast<const context&>(*answer.context.body).history(); }

} // namespace avp::bench
