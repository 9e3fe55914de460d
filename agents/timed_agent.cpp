// Hops with a watch each, looked at again and again.
#include "agents/timed_agent.hpp"

#include <iterator>
#include <map>
#include <string>
#include <utility>

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "agents/text/seconds_text.hpp"
#include "gpu/device_error.hpp"
#include "gpu/thrown.hpp"

namespace avp {

namespace {

using look_atom = caf::atom_constant<caf::atom("look")>;
using timed_interface = agent_actor::extend<caf::reacts_to<look_atom>>;

struct open_hop {
  std::shared_ptr<hop_watch> watch = std::make_shared<hop_watch>();
  caf::typed_response_promise<hop_output> answer;
};

struct timed_state {
  std::map<std::uint64_t, open_hop> hops;
  std::uint64_t next = 0;
};

using timed_pointer = timed_interface::stateful_pointer<timed_state>;

caf::error overdue(std::chrono::milliseconds limit, const std::string& what) {
  return make_error(error_code::time_limit, "the agent " + what + " for " + seconds_text(limit) +
                                                ", which is as long as its time_limit lets it");
}

caf::typed_response_promise<hop_output> pass_on(timed_pointer self, const watched_agent& inner, hop_input& input) {
  auto& hops = self->state.hops;
  const auto number = self->state.next++;
  auto& hop = hops[number];
  hop.answer = self->make_response_promise<hop_output>();
  const auto answer = hop.answer;
  const auto close = [self, number] {
    auto ended = self->state.hops.extract(number);
    return ended ? ended.mapped().answer : caf::typed_response_promise<hop_output>();
  };
  self->request(inner, caf::infinite, watched_hop{std::move(input), hop.watch})
      .then([close](hop_output& output) { close().deliver(std::move(output)); },
            [close](caf::error& error) { close().deliver(std::move(error)); });
  return answer;
}

// Hops of an agent that is stuck fail with its actor's end, not before: who got an answer would send it the next one.
void look(timed_pointer self, const agent_watch& watch, std::chrono::milliseconds limit) {
  if (watch.entered.age() > limit)
    return self->quit(overdue(limit, "has not come back"));
  auto& hops = self->state.hops;
  for (auto place = hops.begin(); place != hops.end();) {
    auto& [number, hop] = *place;
    const bool is_overdue = hop.watch->open == 0 && hop.watch->went_on.age() > limit;
    if (is_overdue)
      hop.answer.deliver(overdue(limit, "has not gone on"));
    place = is_overdue ? hops.erase(place) : std::next(place);
  }
  self->delayed_send(self, limit / 8, look_atom::value);
}

timed_interface::behavior_type timed_behavior(timed_pointer self, const watched_agent& inner,
                                              const std::shared_ptr<const agent_watch>& watch,
                                              std::chrono::milliseconds limit) {
  end_by_what_is_thrown(self);
  self->link_to(inner);
  self->send(self, look_atom::value);
  return {[=](hop_input& input) { return pass_on(self, inner, input); }, [=](look_atom) { look(self, *watch, limit); }};
}

} // namespace

agent_actor start_timed_agent(caf::actor_system& system, const watched_agent& inner,
                              std::shared_ptr<const agent_watch> watch, std::chrono::milliseconds limit) {
  return system.spawn(timed_behavior, inner, watch, limit);
}

} // namespace avp
