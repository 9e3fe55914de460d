// A device actor that answers at once, by a rule of the test.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <gtest/gtest.h>

#include "agents/agent_actor.hpp"
#include "agents/registry.hpp"
#include "gpu/context.hpp"
#include "gpu/device_actor.hpp"
#include "gpu/device_error.hpp"

namespace avp::test {

/// A context that is a text: each byte stands for a position, and its recipe has the bytes as tokens.
class text_body : public context {
public:
  /// `written`: how many bytes at the end count as written, not read.
  explicit text_body(std::string text, std::size_t written = 0) : text_(std::move(text)) {
    recipe draft;
    const auto read = text_.end() - static_cast<std::ptrdiff_t>(written);
    draft.prompt.assign(text_.begin(), read);
    draft.generated.assign(read, text_.end());
    history_ = recipe::frozen(std::move(draft));
  }

  [[nodiscard]] std::uint64_t size() const override { return text_.size(); }
  void write(std::uint64_t offset, std::span<std::byte> out) const override {
    std::memcpy(out.data(), text_.data() + offset, out.size());
  }
  [[nodiscard]] std::int64_t tokens() const override { return static_cast<std::int64_t>(text_.size()); }
  [[nodiscard]] const std::shared_ptr<const recipe>& history() const override { return history_; }
  [[nodiscard]] std::vector<float> last_hidden_state() const override { return {}; }
  [[nodiscard]] metadata describe() const override { return {}; }
  [[nodiscard]] const std::string& text() const { return text_; }

private:
  std::string text_;
  std::shared_ptr<const recipe> history_;
};

/// A payload of that text.
inline payload context_of(const std::string& text, std::size_t written = 0) {
  return {{}, std::make_shared<text_body>(text, written)};
}

/// What is in a payload of the fake device; empty without one.
inline std::string text_in(const payload& context) {
  const auto* body = dynamic_cast<const text_body*>(context.body.get());
  return body ? body->text() : "";
}

/// What a fake device was asked, in order, and how it answers.
struct fake_log {
  using answer = std::variant<std::string, caf::error>;

  /// Gives the text for the last message of a request; by default "<" + message + ">". Without messages it gets what
  /// is in the context.
  std::function<answer(const std::string&)> rule = [](const std::string& message) { return "<" + message + ">"; };

  /// Gives the certainty of an answer.
  std::function<avp::certainty(const std::string&)> sure = [](const std::string&) { return avp::certainty{}; };
  std::vector<thought_warning> warnings;             ///< Of all thoughts.
  finish_reason finish = finish_reason::end_of_turn; ///< Of every answer.
  bool hang = false;                                 ///< Never answer.
  std::string kill_after;                            ///< Kills the agent's actor that asks this, and does not answer.

  std::mutex mutex;
  std::vector<think> thought;
  std::vector<generate> generated;
  std::vector<join> joined;
  std::vector<rebuild> rebuilt;
  std::vector<adopt> adopted;
  std::vector<score_next> scored;
  std::vector<project> projected;
  bool forgets = false; ///< Whether it can rebuild no context.
  std::vector<request_id> cancelled;
};

/// What a fake device makes of contexts: "(a+b)" joined, "*" + what the last hop added cut, "~" before keys that were
/// not rotated.
inline std::string joined_text(const join& asked) {
  std::vector<std::string> texts;
  for (const auto& one : asked.contexts)
    texts.push_back(text_in(one));
  if (asked.merge == merge::canonical)
    std::sort(texts.begin(), texts.end());
  std::string whole;
  for (const auto& text : texts)
    whole += (whole.empty() ? "" : "+") +
             (asked.keep == keep::all ? text : "*" + text.substr(static_cast<std::size_t>(asked.hop_begins)));
  return (asked.rotate ? "" : "~") + (texts.size() > 1 ? "(" + whole + ")" : whole);
}

/// Its contexts are the messages and answers so far, joined by "|": a test sees what went into them.
inline device_actor start_fake_device(caf::actor_system& system, const std::shared_ptr<fake_log>& log) {
  const auto reply = [log](const conversation& asked, bool text, int steps, bool explain) -> caf::result<result> {
    const auto before = text_in(asked.context);
    const auto message = asked.messages.empty() ? "" : asked.messages.back().content.text();
    auto answer = log->rule(asked.messages.empty() ? before : message);
    if (auto* error = std::get_if<caf::error>(&answer))
      return *error;
    result done;
    done.counts.prompt_tokens = done.counts.computed_tokens = asked.messages.empty() ? 0 : 10;
    done.counts.latent_steps = steps;
    done.thought.warnings = steps > 0 ? log->warnings : std::vector<thought_warning>();
    for (int step = 0; step < steps && explain; ++step)
      done.thought.steps.push_back({.tokens = {{step, message, 0.5}}, .entropy = 1, .norm = 2});
    auto after = before + (before.empty() || message.empty() ? "" : "|") + message;
    if (text) {
      done.text = std::get<std::string>(answer);
      done.counts.output_tokens = 5;
      done.certainty = log->sure(done.text);
      done.finish = log->finish;
      after += "|" + done.text;
    }
    done.context = context_of(after, done.text.size());
    return done;
  };
  // The log goes as an argument: for none at all CAF 0.17 binds a reference to a null pointer, which sanitizers report.
  const auto behavior = [reply](device_actor::pointer self,
                                const std::shared_ptr<fake_log>& shared) -> device_actor::behavior_type {
    return {
        [=](think& asked) -> caf::result<result> {
          const std::lock_guard lock(shared->mutex);
          shared->thought.push_back(asked);
          if (shared->hang)
            return caf::delegated<result>();
          return reply(asked, false, asked.steps, asked.explain);
        },
        [=](generate& asked) -> caf::result<result> {
          const std::lock_guard lock(shared->mutex);
          shared->generated.push_back(asked);
          const bool kills = !asked.messages.empty() && asked.messages.back().content.text() == shared->kill_after;
          if (kills)
            self->send_exit(caf::actor_cast<caf::actor>(self->current_sender()), caf::exit_reason::kill);
          if (shared->hang || kills)
            return caf::delegated<result>();
          if (asked.on_text)
            asked.on_text("words");
          return reply(asked, true, 0, false);
        },
        [=](join& asked) -> caf::result<result> {
          const std::lock_guard lock(shared->mutex);
          shared->joined.push_back(asked);
          const auto joined = joined_text(asked);
          auto answer = shared->rule(joined);
          if (auto* error = std::get_if<caf::error>(&answer))
            return *error;
          result done;
          done.context = context_of(joined);
          return done;
        },
        [=](rebuild& asked) -> caf::result<result> {
          const std::lock_guard lock(shared->mutex);
          shared->rebuilt.push_back(asked);
          if (shared->forgets)
            return make_error(error_code::bad_request, "it came from outside");
          result done;
          const auto& [read, written] = std::tie(asked.history->prompt, asked.history->generated);
          done.context = context_of(std::string(read.begin(), read.end()) + std::string(written.begin(), written.end()),
                                    written.size());
          return done;
        },
        [=](adopt& asked) -> caf::result<result> {
          const std::lock_guard lock(shared->mutex);
          shared->adopted.push_back(asked);
          result done;
          done.context = asked.slice;
          return done;
        },
        [=](score_next& asked) -> caf::result<result> {
          const std::lock_guard lock(shared->mutex);
          shared->scored.push_back(asked);
          result done;
          done.context = asked.context;
          done.scores = std::make_shared<vocabulary_scores>(vocabulary_scores{asked.model, text_in(asked.context)});
          return done;
        },
        [=](project& asked) -> caf::result<result> {
          const std::lock_guard lock(shared->mutex);
          shared->projected.push_back(asked);
          auto answer = shared->rule(asked.scores->recipe);
          if (auto* error = std::get_if<caf::error>(&answer))
            return *error;
          result done;
          done.context = context_of("{" + asked.scores->model + " " + asked.scores->recipe + "}");
          return done;
        },
        [=](const cancel& which) {
          const std::lock_guard lock(shared->mutex);
          shared->cancelled.push_back(which.id);
        },
    };
  };
  return system.spawn(behavior, log);
}

/// Agents on that device.
class fake_device_test : public testing::Test {
protected:
  caf::actor_system_config config_;
  caf::actor_system system_{config_};
  caf::scoped_actor self_{system_};
  std::shared_ptr<fake_log> log_ = std::make_shared<fake_log>();
  device_actor device_ = start_fake_device(system_, log_);
  registry kinds_;

  ~fake_device_test() override { self_->send_exit(device_, caf::exit_reason::user_shutdown); }

  /// What came of one hop: its output, or the text of its error.
  std::variant<hop_output, std::string> ask(const agent_actor& actor, hop_input hop) {
    std::variant<hop_output, std::string> came;
    self_->request(actor, std::chrono::seconds(20), std::move(hop))
        .receive([&](hop_output& output) { came = output; }, [&](const caf::error& error) { came = text_of(error); });
    return came;
  }

  /// The name of the code with which one hop fails.
  std::string code_of(const agent_actor& actor, hop_input hop) {
    std::string code = "it did not fail";
    self_->request(actor, std::chrono::seconds(20), std::move(hop))
        .receive([](const hop_output&) {}, [&](const caf::error& error) { code = name_of(failure_of(error).code); });
    return code;
  }
};

} // namespace avp::test
