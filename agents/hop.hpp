// One task at one agent: what came, and what the agent can ask of its device.
#pragma once

#include <coroutine>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <avp/agents/agent_spec.hpp>
#include <avp/agents/prompt_template.hpp>
#include <avp/agents/task.hpp>
#include <avp/gpu/request.hpp>
#include <avp/gpu/result.hpp>

namespace avp {

/// What an agent hands over.
struct output {
  std::string text; ///< What `{{name}}` of this agent is for later agents, and the answer if it is the answering agent.
  payload context;  ///< What the next agent continues on in latent mode; without a body it starts from nothing.
};

/// What arrives at an agent for one task.
struct hop_input {
  std::shared_ptr<const avp::task> task;
  std::shared_ptr<const prompt_template> prompt; ///< The agent's prompt in this mode.
  bool makes_text = false; ///< Whether its text is needed, so that an agent that only thinks must answer.
  std::map<std::string, std::string> texts;      ///< Texts of all earlier agents that have one, by name.
  std::vector<std::string> from;                 ///< Names of the direct predecessors, as the flow has them.
  payload context;                               ///< What to continue on.
  std::function<void(std::string_view)> on_text; ///< Gets the answer as it comes; may be empty.
};

/// A request of an agent that its device refused or failed; the text says why.
class request_failed : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// The way from a hop to its device. Implemented by the agent's actor; a test may implement it, too.
class device_port {
public:
  /// Called once with an answer, or with nothing and the reason.
  using callback = std::function<void(std::optional<result>, std::string)>;

  virtual ~device_port() = default;
  virtual void send(think request, callback done) = 0;
  virtual void send(generate request, callback done) = 0;
};

/// Given to agent::run(). Requests continue one another: each goes on from the context that the one before it left.
class hop {
public:
  hop(const agent_spec& spec, const prompt_template& system, hop_input input, device_port& device);
  hop(const hop&) = delete;
  hop& operator=(const hop&) = delete;

  /// A request under way; `co_await` gives its result or throws request_failed.
  template <class Request>
  class pending {
  public:
    pending(hop& owner, Request request) : owner_(owner), request_(std::move(request)) {}

    bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<> waiting) {
      owner_.device_.send(std::move(request_), [this, waiting](std::optional<result> answer, std::string reason) {
        answer_ = std::move(answer);
        reason_ = std::move(reason);
        waiting.resume();
      });
    }
    result await_resume() {
      if (!answer_)
        throw request_failed(reason_);
      owner_.account(*answer_);
      return std::move(*answer_);
    }

  private:
    hop& owner_;
    Request request_;
    std::optional<result> answer_;
    std::string reason_;
  };

  /// What the pipeline file says of this agent, `[agent.X.options]` included.
  [[nodiscard]] const agent_spec& spec() const { return spec_; }

  /// The task that this hop belongs to.
  [[nodiscard]] const avp::task& task() const { return *input_.task; }

  /// Whether this agent's text is needed. An agent that only thinks must answer then.
  [[nodiscard]] bool makes_text() const { return input_.makes_text; }

  /// The text of an earlier agent. Throws std::out_of_range with the names that are there when that one has none.
  [[nodiscard]] const std::string& text_of(const std::string& agent) const;

  /// The texts of the direct predecessors, in the order of the flow, a blank line between them.
  [[nodiscard]] std::string incoming_text() const;

  /// What the next request continues on: what was handed over at first, then what the last request left.
  [[nodiscard]] const payload& context() const { return input_.context; }

  /// The agent's system text and prompt, rendered for this task. Throws missing_variable.
  [[nodiscard]] std::vector<chat_message> messages() const;

  /// Thinks about messages() for the agent's number of latent steps.
  [[nodiscard]] pending<avp::think> think();

  /// Reads a prompt of the agent's own making (after its system text) and makes latent steps; 0 steps only reads.
  [[nodiscard]] pending<avp::think> think(std::string prompt, int steps);

  /// Reads messages and makes latent steps.
  [[nodiscard]] pending<avp::think> think(std::vector<chat_message> messages, int steps);

  /// Answers messages() with the agent's settings. What is decoded streams to the user when this agent answers the
  /// task.
  [[nodiscard]] pending<avp::generate> generate();

  /// Answers a prompt of the agent's own making (after its system text) with the agent's settings; not streamed.
  [[nodiscard]] pending<avp::generate> generate(std::string prompt);

  /// Answers other messages with the agent's settings; not streamed.
  [[nodiscard]] pending<avp::generate> generate(std::vector<chat_message> messages);

  /// What this hop's requests cost so far.
  [[nodiscard]] const avp::counts& counts() const { return counts_; }

private:
  void account(const result& answer);
  [[nodiscard]] std::map<std::string, std::string> variables() const;
  [[nodiscard]] std::vector<chat_message> messages_with(std::string prompt) const;
  template <class Request>
  Request prepare(std::vector<chat_message> messages);

  const agent_spec& spec_;
  const prompt_template& system_;
  hop_input input_;
  device_port& device_;
  avp::counts counts_;
  int requests_ = 0;
};

} // namespace avp
