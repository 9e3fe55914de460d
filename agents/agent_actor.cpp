// Hops as coroutines inside an actor.
#include "agents/agent_actor.hpp"

#include <algorithm>
#include <chrono>
#include <list>

#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "agents/agent_failure.hpp"
#include "agents/cancellation.hpp"
#include "agents/run_hop.hpp"
#include "agents/timed_agent.hpp"
#include "gpu/device_error.hpp"
#include "gpu/thrown.hpp"

namespace avp {

namespace {

// For what an agent does by itself between two requests: a busy machine may take that long for nothing.
constexpr auto least_own_time = std::chrono::milliseconds(1000);

// As many as a clock can count.
constexpr double most_seconds = 1e9;

struct agent_state;
using agent_pointer = watched_agent::stateful_pointer<agent_state>;

// While it lives the agent's code has the thread.
class turn {
public:
  explicit turn(agent_watch& watch) : watch_(watch) { watch_.entered.set(); }
  turn(const turn&) = delete;
  turn& operator=(const turn&) = delete;
  ~turn() { watch_.entered.clear(); }

private:
  agent_watch& watch_;
};

// Requests to the device in the name of the actor. Those still open when the actor ends are cancelled.
class actor_port : public device_port {
public:
  actor_port(agent_pointer self, device_actor device, devices_by_model sources);

  void send(think request, callback done) override { ask(std::move(request), std::move(done)); }
  void send(generate request, callback done) override { ask(std::move(request), std::move(done)); }
  void send(join request, callback done) override { ask(std::move(request), std::move(done)); }
  void send(project request, callback done) override { ask(std::move(request), std::move(done)); }
  void send(score_next request, callback done) override { ask(std::move(request), std::move(done)); }

  /// Whom a request is for.
  [[nodiscard]] const device_actor& device_for(const request& /*asked*/) const { return device_; }
  [[nodiscard]] const device_actor& device_for(const score_next& asked) const {
    const auto source = sources_.find(asked.model);
    return source == sources_.end() ? device_ : source->second;
  }

private:
  template <class Request>
  void ask(Request request, callback done);

  agent_pointer self_;
  device_actor device_;
  devices_by_model sources_;
  std::shared_ptr<std::map<request_id, device_actor>> open_ = std::make_shared<std::map<request_id, device_actor>>();
};

// The way of one hop to the device of its agent.
class hop_port : public device_port {
public:
  hop_port(actor_port& port, std::shared_ptr<hop_watch> watch, std::shared_ptr<cancellation> cancelled)
      : port_(port),
        watch_(std::move(watch)),
        cancelled_(std::move(cancelled)) {}

  void send(think request, callback done) override { pass_on(std::move(request), std::move(done)); }
  void send(generate request, callback done) override { pass_on(std::move(request), std::move(done)); }
  void send(join request, callback done) override { pass_on(std::move(request), std::move(done)); }
  void send(project request, callback done) override { pass_on(std::move(request), std::move(done)); }
  void send(score_next request, callback done) override { pass_on(std::move(request), std::move(done)); }

private:
  template <class Request>
  void pass_on(Request request, callback done) {
    const auto id = request.id;
    const auto device = port_.device_for(request); // an answer that comes at once may end the hop
    const auto cancelled = cancelled_;
    port_.send(std::move(request), counted(id, std::move(done)));
    if (cancelled && device)
      cancelled->add(id, device); // now that the device has it: what it does not know it can't give up
  }

  callback counted(request_id id, callback done) const {
    ++watch_->open;
    return [id, watch = watch_, cancelled = cancelled_, done = std::move(done)](tl::expected<result, failure> answer) {
      watch->went_on.set();
      --watch->open;
      if (cancelled)
        cancelled->forget(id);
      done(std::move(answer));
    };
  }

  actor_port& port_;
  std::shared_ptr<hop_watch> watch_;
  std::shared_ptr<cancellation> cancelled_;
};

// One hop under way. The coroutine goes first when it is destroyed: it refers to the hop.
struct active_hop {
  active_hop(const agent_spec& spec, const prompt_template& system, watched_hop asked, actor_port& to_device)
      : port(to_device, std::move(asked.watch), asked.input.cancelled),
        settled(asked.input.asked.empty() ? std::optional<agent_spec>() : asked.input.asked.applied_to(spec)),
        hop(settled ? *settled : spec, system, std::move(asked.input), port) {}

  hop_port port;
  std::optional<agent_spec> settled; // where the task has settings of its own
  avp::hop hop;
  std::optional<eventually<output>> work;
  caf::typed_response_promise<hop_output> promise;
  std::chrono::steady_clock::time_point arrived = std::chrono::steady_clock::now();
};

struct agent_state {
  agent_spec spec;
  std::shared_ptr<agent_watch> watch;
  prompt_template system;
  std::unique_ptr<avp::agent> agent;
  std::unique_ptr<actor_port> device;
  std::list<active_hop> hops;
  static inline const char* name = "agent";
};

actor_port::actor_port(agent_pointer self, device_actor device, devices_by_model sources)
    : self_(self),
      device_(std::move(device)),
      sources_(std::move(sources)) {
  self->attach_functor([open = open_](const caf::error&) {
    for (const auto& [id, target] : *open)
      caf::anon_send(target, cancel{id});
  });
}

template <class Request>
void actor_port::ask(Request request, callback done) {
  const auto& device = device_for(request);
  if (!device)
    return done(tl::unexpected(
        failure{error_code::bad_request, "the agent has no model to ask; name one with its key 'model'"}));
  const auto id = request.id;
  open_->emplace(id, device);
  self_->request(device, caf::infinite, std::move(request))
      .then(
          [open = open_, id, done, watch = self_->state.watch](result& answer) {
            const turn own(*watch);
            open->erase(id);
            done(std::move(answer));
          },
          [open = open_, id, done, watch = self_->state.watch](caf::error& error) {
            const turn own(*watch);
            open->erase(id);
            done(tl::unexpected(failure_of(error)));
          });
}

// What the agent throws is the hop's error.
void finish(agent_pointer self, std::list<active_hop>::iterator place) {
  try {
    auto output = place->work->take();
    const std::chrono::duration<double, std::milli> spent = std::chrono::steady_clock::now() - place->arrived;
    hop_output made{std::move(output), place->hop.counts(), place->hop.finish(), spent.count()};
    made.thought = place->hop.thought();
    place->promise.deliver(std::move(made));
  } catch (...) {
    place->promise.deliver(make_error(failure_of_agent(std::current_exception())));
  }
  self->state.hops.erase(place);
}

caf::typed_response_promise<hop_output> begin(agent_pointer self, watched_hop asked) {
  auto& state = self->state;
  const turn own(*state.watch);
  asked.watch->went_on.set();
  caf::typed_response_promise<hop_output> promise = self->make_response_promise<hop_output>();
  if (asked.input.cancelled && asked.input.cancelled->is_cancelled()) {
    promise.deliver(make_error(error_code::cancelled, "the task was cancelled"));
    return promise;
  }
  try {
    auto place = state.hops.emplace(state.hops.end(), state.spec, state.system, std::move(asked), *state.device);
    place->promise = promise;
    place->work.emplace(run_hop(*state.agent, place->hop));
    place->work->start([self, place] { finish(self, place); });
  } catch (...) {
    promise.deliver(make_error(failure_of_agent(std::current_exception())));
  }
  return promise;
}

watched_agent::behavior_type agent_behavior(agent_pointer self, const agent_spec& spec,
                                            const std::shared_ptr<agent_watch>& watch,
                                            const std::shared_ptr<std::unique_ptr<agent>>& made,
                                            const device_actor& device, const devices_by_model& sources) {
  end_by_what_is_thrown(self);
  auto& state = self->state;
  state.spec = spec;
  state.watch = watch;
  state.system = prompt_template(spec.system);
  state.agent = std::move(*made);
  state.device = std::make_unique<actor_port>(self, device, sources);
  return {
      [self](hop_input& input) {
        return begin(self, {std::move(input), std::make_shared<hop_watch>()});
      },
      [self](watched_hop& asked) { return begin(self, std::move(asked)); },
  };
}

} // namespace

agent_actor start_agent(caf::actor_system& system, const registry& kinds, const agent_spec& spec,
                        const device_actor& device, const devices_by_model& sources) {
  auto made =
      std::make_shared<std::unique_ptr<agent>>(kinds.make(spec)); // here, so that a constructor throws to the caller
  const auto watch = std::make_shared<agent_watch>();
  // On a thread of its own, so that one that blocks holds up no other.
  const watched_agent inner = system.spawn<caf::detached>(agent_behavior, spec, watch, made, device, sources);
  if (!spec.time_limit)
    return inner;
  const auto limit =
      std::chrono::milliseconds(static_cast<std::int64_t>(std::min(*spec.time_limit, most_seconds) * 1000));
  return start_timed_agent(system, inner, watch, std::max(limit, least_own_time));
}

} // namespace avp
