// A device actor that answers at once, by a rule of the test.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

#include <caf/typed_event_based_actor.hpp>

#include <avp/gpu/device_actor.hpp>
#include <avp/gpu/device_error.hpp>

namespace avp::test {

/// A body that stands for a context; its bytes are a text.
class text_body : public payload_body {
public:
  explicit text_body(std::string text) : text_(std::move(text)) {}

  [[nodiscard]] std::uint64_t size() const override { return text_.size(); }
  void write(std::uint64_t offset, std::span<std::byte> out) const override {
    std::memcpy(out.data(), text_.data() + offset, out.size());
  }
  [[nodiscard]] const std::string& text() const { return text_; }

private:
  std::string text_;
};

/// What is in a payload of the fake device; empty without one.
inline std::string text_in(const payload& context) {
  const auto* body = dynamic_cast<const text_body*>(context.body.get());
  return body ? body->text() : "";
}

/// What a fake device was asked, in order, and how it answers.
struct fake_log {
  using answer = std::variant<std::string, caf::error>;

  /// Gives the text for the last message of a request; by default "<" + message + ">".
  std::function<answer(const std::string&)> rule = [](const std::string& message) { return "<" + message + ">"; };
  bool hang = false;      ///< Never answer.
  std::string kill_after; ///< Kills the agent's actor that asks this, and does not answer.

  std::mutex mutex;
  std::vector<think> thought;
  std::vector<generate> generated;
  std::vector<request_id> cancelled;
};

/// Its contexts are the messages and answers so far, joined by "|": a test sees what went into them.
inline device_actor start_fake_device(caf::actor_system& system, const std::shared_ptr<fake_log>& log) {
  const auto reply = [log](const request& asked, bool text) -> caf::result<result> {
    auto answer = log->rule(asked.messages.back().content);
    if (auto* error = std::get_if<caf::error>(&answer))
      return *error;
    result done;
    done.counts.prompt_tokens = done.counts.computed_tokens = 10;
    const auto before = text_in(asked.context);
    auto after = (before.empty() ? "" : before + "|") + asked.messages.back().content;
    if (text) {
      done.text = std::get<std::string>(answer);
      done.counts.output_tokens = 5;
      after += "|" + done.text;
    }
    done.context = {{}, std::make_shared<text_body>(after)};
    return done;
  };
  return system.spawn([log, reply](device_actor::pointer self) -> device_actor::behavior_type {
    return {
        [=](think& asked) -> caf::result<result> {
          const std::lock_guard lock(log->mutex);
          log->thought.push_back(asked);
          if (log->hang)
            return caf::delegated<result>();
          return reply(asked, false);
        },
        [=](generate& asked) -> caf::result<result> {
          const std::lock_guard lock(log->mutex);
          log->generated.push_back(asked);
          if (asked.messages.back().content == log->kill_after)
            self->send_exit(caf::actor_cast<caf::actor>(self->current_sender()), caf::exit_reason::kill);
          if (log->hang || asked.messages.back().content == log->kill_after)
            return caf::delegated<result>();
          if (asked.on_text)
            asked.on_text("words");
          return reply(asked, true);
        },
        [=](join&) -> caf::result<result> { return caf::make_error(caf::sec::unexpected_message); },
        [=](rebuild&) -> caf::result<result> { return caf::make_error(caf::sec::unexpected_message); },
        [=](const cancel& which) {
          const std::lock_guard lock(log->mutex);
          log->cancelled.push_back(which.id);
        },
    };
  });
}

} // namespace avp::test
