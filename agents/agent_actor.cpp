// Hops as coroutines inside an actor.
#include <chrono>
#include <list>
#include <set>

#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <avp/agents/agent_actor.hpp>
#include <avp/agents/run_hop.hpp>
#include <avp/gpu/device_error.hpp>

namespace avp {

namespace {

struct agent_state;
using agent_pointer = agent_actor::stateful_pointer<agent_state>;

// One hop under way. The coroutine goes first when it is destroyed: it refers to the hop.
struct active_hop {
  active_hop(const agent_spec& spec, const prompt_template& system, hop_input input, device_port& device)
      : hop(spec, system, std::move(input), device) {}

  avp::hop hop;
  std::optional<eventually<output>> work;
  caf::typed_response_promise<hop_output> promise;
  std::chrono::steady_clock::time_point arrived = std::chrono::steady_clock::now();
};

// Requests to the device in the name of the actor. Those still open when the actor ends are cancelled.
class actor_port : public device_port {
public:
  actor_port(agent_pointer self, device_actor device);

  void send(think request, callback done) override { ask(std::move(request), std::move(done)); }
  void send(generate request, callback done) override { ask(std::move(request), std::move(done)); }
  void send(join request, callback done) override { ask(std::move(request), std::move(done)); }

private:
  template <class Request>
  void ask(Request request, callback done);

  agent_pointer self_;
  device_actor device_;
  std::shared_ptr<std::set<request_id>> open_ = std::make_shared<std::set<request_id>>();
};

struct agent_state {
  agent_spec spec;
  prompt_template system;
  std::unique_ptr<avp::agent> agent;
  std::unique_ptr<actor_port> device;
  std::list<active_hop> hops;
  static inline const char* name = "agent";
};

actor_port::actor_port(agent_pointer self, device_actor device) : self_(self), device_(std::move(device)) {
  self->attach_functor([open = open_, target = device_](const caf::error&) {
    for (auto id : *open)
      caf::anon_send(target, cancel{id});
  });
}

template <class Request>
void actor_port::ask(Request request, callback done) {
  if (!device_)
    return done(std::nullopt, "the agent has no model to ask; name one with its key 'model'");
  const auto id = request.id;
  open_->insert(id);
  self_->request(device_, caf::infinite, std::move(request))
      .then(
          [open = open_, id, done](result& answer) {
            open->erase(id);
            done(std::move(answer), "");
          },
          [open = open_, id, done](caf::error& error) {
            open->erase(id);
            done(std::nullopt, text_of(error));
          });
}

// What the agent throws is the hop's error.
void finish(agent_pointer self, std::list<active_hop>::iterator place) {
  try {
    auto output = place->work->take();
    const std::chrono::duration<double, std::milli> spent = std::chrono::steady_clock::now() - place->arrived;
    place->promise.deliver(hop_output{std::move(output), place->hop.counts(), spent.count()});
  } catch (const std::exception& error) {
    place->promise.deliver(caf::make_error(caf::sec::runtime_error, std::string(error.what())));
  } catch (...) {
    place->promise.deliver(
        caf::make_error(caf::sec::runtime_error, std::string("the agent threw something that is no std::exception")));
  }
  self->state.hops.erase(place);
}

caf::typed_response_promise<hop_output> begin(agent_pointer self, hop_input& input) {
  auto& state = self->state;
  auto place = state.hops.emplace(state.hops.end(), state.spec, state.system, std::move(input), *state.device);
  auto promise = place->promise = self->make_response_promise<hop_output>();
  place->work.emplace(run_hop(*state.agent, place->hop));
  place->work->start([self, place] { finish(self, place); });
  return promise;
}

agent_actor::behavior_type agent_behavior(agent_pointer self, const agent_spec& spec,
                                          const std::shared_ptr<std::unique_ptr<agent>>& made,
                                          const device_actor& device) {
  auto& state = self->state;
  state.spec = spec;
  state.system = prompt_template(spec.system);
  state.agent = std::move(*made);
  state.device = std::make_unique<actor_port>(self, device);
  return {[self](hop_input& input) { return begin(self, input); }};
}

} // namespace

agent_actor start_agent(caf::actor_system& system, const registry& kinds, const agent_spec& spec,
                        const device_actor& device) {
  auto made =
      std::make_shared<std::unique_ptr<agent>>(kinds.make(spec)); // here, so that a constructor throws to the caller
  return system.spawn(agent_behavior, spec, made, device);
}

} // namespace avp
