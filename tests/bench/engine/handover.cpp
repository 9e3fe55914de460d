// Hand-over through agent actors.
#include "tests/bench/engine/handover.hpp"

#include <algorithm>
#include <future>
#include <stdexcept>

#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>

#include "agents/agent_actor.hpp"
#include "gpu/device_error.hpp"

namespace avp::bench {

namespace {

using json = nlohmann::ordered_json;

agent_spec agent_named(const std::string& name, int steps) {
  agent_spec spec;
  spec.name = name;
  spec.kind = "think";
  spec.model = model_name;
  spec.system = "You are a helpful assistant.";
  spec.prompt = "Improve the plan by what the critique has found, and carry the calculations out. {{question}}";
  spec.steps = steps;
  return spec;
}

hop_input hop_on(const payload& context, const agent_spec& spec) {
  auto work = std::make_shared<task>();
  work->id = "handover";
  work->fields["question"] = "A pen costs 3 dollars. What do 7 pens cost?";
  hop_input input;
  input.task = std::move(work);
  input.prompt = std::make_shared<const prompt_template>(spec.prompt);
  if (context.body)
    input.contexts = {context};
  return input;
}

// Routes one task over both agents on a thread of the scheduler, where a run's actor would be.
struct router {
  agent_spec first = agent_named("first", 1);
  agent_spec second = agent_named("second", 0);
  agent_actor first_actor, second_actor;

  router(caf::actor_system& system, const device_actor& device) {
    const registry kinds;
    first_actor = start_agent(system, kinds, first, device);
    second_actor = start_agent(system, kinds, second, device);
  }
  ~router() {
    caf::anon_send_exit(first_actor, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(second_actor, caf::exit_reason::user_shutdown);
  }
  router(const router&) = delete;
  router& operator=(const router&) = delete;

  void route(caf::actor_system& system, const payload& context) const {
    auto done = std::make_shared<std::promise<std::string>>();
    auto reason = done->get_future();
    const auto failed = [done](const caf::error& error) { done->set_value(text_of(error)); };
    system.spawn([this, context, done, failed](caf::event_based_actor* self) {
      self->request(first_actor, caf::infinite, hop_on(context, first))
          .then(
              [=, this](hop_output& thought) {
                self->request(second_actor, caf::infinite, hop_on(thought.output.context, second))
                    .then([=](hop_output&) { done->set_value(""); }, failed);
              },
              failed);
    });
    if (const auto text = reason.get(); !text.empty())
      throw std::runtime_error("an agent failed: " + text);
  }
};

struct passing {
  double queued = 0, first_row = 0; // microseconds
  std::int64_t copied = 0;          // blocks
};

const finished_request* labelled(const std::vector<finished_request>& requests, const std::string& label) {
  const auto found = std::find_if(requests.begin(), requests.end(),
                                  [&](const auto& request) { return request.record.label == label; });
  return found == requests.end() ? nullptr : &*found;
}

// The device tells of a request after it was answered, so one of a time before may come late.
passing next_passing(recorder& records) {
  for (std::size_t count = 2;; ++count) {
    const auto requests = records.requests(count);
    const auto* first = labelled(requests, "first");
    const auto* second = labelled(requests, "second");
    if (first == nullptr || second == nullptr)
      continue;
    const auto since = [&](auto when) {
      return std::chrono::duration<double, std::micro>(when - first->record.ended).count();
    };
    return {since(second->record.submitted), since(second->record.started),
            second->counters.blocks_copied - first->counters.blocks_copied};
  }
}

json quantiles(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto at = [&](double share) {
    return values[std::min(values.size() - 1, static_cast<std::size_t>(share * static_cast<double>(values.size())))];
  };
  return {{"p50", at(0.5)}, {"p90", at(0.9)}, {"most", values.back()}};
}

} // namespace

json handover_time(bench_device& device, std::int64_t tokens, int rounds) {
  const router agents(device.system(), device.actor());
  device.records().clear();
  const auto before = device.ask(request_of<think>(device.text_of_length(tokens, "")));
  std::vector<double> queued, first_row;
  std::int64_t copied = 0;
  for (int round = 0; round <= rounds; ++round) {
    device.records().clear();
    agents.route(device.system(), before.context);
    const auto passed = next_passing(device.records());
    copied += passed.copied;
    if (round == 0)
      continue; // warms up
    queued.push_back(passed.queued);
    first_row.push_back(passed.first_row);
  }
  return {{"tokens", before.context_tokens},
          {"rounds", rounds},
          {"queued_us", quantiles(queued)},
          {"first_row_us", quantiles(first_row)},
          {"blocks_copied", copied}};
}

} // namespace avp::bench
