// A device actor that keeps some requests waiting, until they are given up.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <caf/typed_event_based_actor.hpp>

#include "gpu/device_actor.hpp"
#include "gpu/device_error.hpp"
#include "tests/agents/fake_device.hpp"

namespace avp::test {

/// What it does and what it did; a message is the last one of a request.
struct held_requests {
  std::function<bool(const std::string&)> holds = [](const std::string&) { return false; };
  std::function<bool(const std::string&)> fails = [](const std::string&) { return false; };

  std::function<bool(const std::string&)> kills = [](const std::string&) { return false; }; ///< The agent that asks.

  std::mutex mutex; ///< Of all here.
  std::vector<std::string> asked;
  std::vector<std::string> given_up;
  std::vector<std::weak_ptr<const payload_body>> made; ///< All contexts.

  /// How often a message is among `all`, a member of this.
  [[nodiscard]] std::ptrdiff_t times(const std::vector<std::string>& all, const std::string& message) {
    const std::lock_guard lock(mutex);
    return std::count(all.begin(), all.end(), message);
  }

  /// Contexts that somebody holds.
  [[nodiscard]] std::size_t alive() {
    const std::lock_guard lock(mutex);
    return static_cast<std::size_t>(
        std::count_if(made.begin(), made.end(), [](const auto& one) { return !one.expired(); }));
  }
};

/// Contexts are the messages so far, joined by "|"; the answer to a message is the same in brackets.
inline device_actor start_holding_device(caf::actor_system& system, const std::shared_ptr<held_requests>& requests) {
  struct waiting {
    std::string message;
    caf::typed_response_promise<result> answer;
  };
  return system.spawn([requests](device_actor::pointer self) -> device_actor::behavior_type {
    const auto held = std::make_shared<std::map<request_id, waiting>>();
    const auto reply = [=](const conversation& asked, const std::function<void(std::string_view)>& on_text) {
      const auto asking = caf::actor_cast<caf::actor>(self->current_sender()); // the promise takes it away
      caf::typed_response_promise<result> answer = self->make_response_promise<result>();
      const std::lock_guard lock(requests->mutex);
      const auto message = asked.messages.back().content.text();
      requests->asked.push_back(message);
      const bool kills = requests->kills(message);
      if (kills)
        self->send_exit(asking, caf::exit_reason::kill);
      if (kills || requests->holds(message)) {
        held->emplace(asked.id, waiting{message, answer});
        return answer;
      }
      if (requests->fails(message)) {
        answer.deliver(make_error(error_code::internal, "no: " + message));
        return answer;
      }
      result done;
      done.text = "<" + message + ">";
      if (on_text)
        on_text(done.text);
      const auto before = text_in(asked.context);
      done.context = context_of(before + (before.empty() ? "" : "|") + message);
      requests->made.push_back(done.context.body);
      answer.deliver(std::move(done));
      return answer;
    };
    return {
        [=](think& asked) { return reply(asked, {}); },
        [=](generate& asked) { return reply(asked, asked.on_text); },
        [](join&) -> caf::result<result> { return make_error(error_code::bad_request, "no joins here"); },
        [](rebuild&) -> caf::result<result> { return make_error(error_code::bad_request, "no recipes here"); },
        [](adopt&) -> caf::result<result> { return make_error(error_code::bad_request, "no slices here"); },
        [](score_next&) -> caf::result<result> { return make_error(error_code::bad_request, "no scores here"); },
        [](project&) -> caf::result<result> { return make_error(error_code::bad_request, "no projections here"); },
        [=](const cancel& which) {
          if (auto found = held->extract(which.id)) {
            const std::lock_guard lock(requests->mutex);
            requests->given_up.push_back(found.mapped().message);
            found.mapped().answer.deliver(make_error(error_code::cancelled, "the request was cancelled"));
          }
        },
    };
  });
}

} // namespace avp::test
