// One task at one agent: what came, and what the agent can ask of its device.
#pragma once

#include <coroutine>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include <tl/expected.hpp>

#include "agents/agent_spec.hpp"
#include "agents/asked_settings.hpp"
#include "agents/eventually.hpp"
#include "agents/prompt_template.hpp"
#include "agents/task.hpp"
#include "gpu/failure.hpp"
#include "gpu/request.hpp"
#include "gpu/result.hpp"

namespace avp {

class agent;
class cancellation;

/// What an agent hands over.
struct output {
  std::string text; ///< What `{{name}}` of this agent is for later agents, and the answer if it is the answering agent.
  payload context;  ///< What the next agent continues on in latent mode; without a body it starts from nothing.
  std::optional<std::vector<std::string>> to = std::nullopt; ///< Which of its successors go on; all unless said.
};

/// What arrives at an agent for one task.
struct hop_input {
  std::shared_ptr<const avp::task> task;
  std::shared_ptr<const prompt_template> prompt; ///< The agent's prompt in this mode.
  bool makes_text = false; ///< Whether its text is needed, so that an agent that only thinks must answer.
  bool hands_on = false;   ///< Whether somebody continues on its context.
  bool explains = false;   ///< Whether it is to be told what latent steps would have said.
  std::map<std::string, std::string> texts;      ///< Texts of all earlier agents that have one, by name.
  std::vector<std::string> from;                 ///< Names of the direct predecessors, as the flow has them.
  std::vector<payload> contexts;                 ///< What to continue on; several are joined first, as the spec says.
  std::vector<std::string> foreign;              ///< Whose model made each, where it is not the agent's; else empty.
  std::function<void(std::string_view)> on_text; ///< Gets the answer as it comes; may be empty.
  std::shared_ptr<avp::cancellation> cancelled;  ///< Of the task; may be empty. What was asked is given up then.
  asked_settings asked;                          ///< In place of the agent's own settings.
};

/// A request of an agent that its device refused or failed; the text says why. An agent may catch it and go on in
/// another way: with a shorter prompt after error_code::context_too_long, with what it has after
/// error_code::time_limit. What it lets through fails the hop with the same code and text.
class request_failed : public std::runtime_error {
public:
  explicit request_failed(const failure& why) : std::runtime_error(why.text), code_(why.code) {}

  /// What kind of failure it was; docs/error_codes.md explains each.
  [[nodiscard]] error_code code() const { return code_; }

private:
  error_code code_;
};

/// The way from a hop to its device. Implemented by the agent's actor; a test may implement it, too.
class device_port {
public:
  /// Called once, with an answer or why there is none.
  using callback = std::function<void(tl::expected<result, failure>)>;

  virtual ~device_port() = default;
  virtual void send(think request, callback done) = 0;
  virtual void send(generate request, callback done) = 0;
  virtual void send(join request, callback done) = 0;
  virtual void send(project request, callback done) = 0;

  /// Goes to the device of the request's model, which need not be the agent's.
  virtual void send(score_next request, callback done) = 0;
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
      owner_.device_.send(std::move(request_), [this, waiting](tl::expected<result, failure> answer) {
        answer_ = std::move(answer);
        waiting.resume();
      });
    }
    result await_resume() {
      if (!answer_)
        throw request_failed(answer_.error());
      owner_.counts_ += answer_->counts;
      owner_.thought_ += answer_->thought;
      owner_.context_ = answer_->context;
      if constexpr (std::is_same_v<Request, avp::generate>)
        owner_.finish_ = answer_->finish;
      return std::move(*answer_);
    }

  private:
    hop& owner_;
    Request request_;
    tl::expected<result, failure> answer_;
  };

  /// Several requests under way; `co_await` gives their results in the order of the requests once all have ended, or
  /// throws request_failed with the first reason.
  class pending_group {
  public:
    pending_group(hop& owner, std::vector<avp::generate> requests) : owner_(owner), requests_(std::move(requests)) {}

    bool await_ready() const { return requests_.empty(); }
    void await_suspend(std::coroutine_handle<> waiting);
    std::vector<result> await_resume();

  private:
    hop& owner_;
    std::vector<avp::generate> requests_;
    std::vector<result> answers_;
    std::size_t open_ = 0;
    std::optional<failure> failure_; // the first
  };

  /// What the pipeline file says of this agent, `[agent.X.options]` included.
  [[nodiscard]] const agent_spec& spec() const { return spec_; }

  /// The task that this hop belongs to.
  [[nodiscard]] const avp::task& task() const { return *input_.task; }

  /// Whether this agent's text is needed. An agent that only thinks must answer then.
  [[nodiscard]] bool makes_text() const { return input_.makes_text; }

  /// The text of an earlier agent; empty where that one was left out. Throws std::out_of_range with the names that are
  /// there when that one has none.
  [[nodiscard]] const std::string& text_of(const std::string& agent) const;

  /// The texts of the direct predecessors, in the order of the flow, a blank line between them.
  [[nodiscard]] std::string incoming_text() const;

  /// What the next request continues on: what was handed over at first (joined, where several agents hand over), then
  /// what the last request left.
  [[nodiscard]] const payload& context() const { return context_; }

  /// A template filled with the task's fields, the texts of earlier agents and `more`, all of which are data: special
  /// tokens count only in the template's own text. Throws missing_variable.
  [[nodiscard]] marked_text render(const prompt_template& text,
                                   const std::map<std::string, std::string>& more = {}) const;

  /// The agent's system text and prompt, rendered for this task. Throws missing_variable.
  [[nodiscard]] std::vector<chat_message> messages() const;

  /// The agent's system text and a prompt of its own making. In a plain string special tokens are text like any other;
  /// where they shall count, as in what the agent's author wrote, it is marked_text::trusted("…"), and the parts of a
  /// prompt are put together with +.
  [[nodiscard]] std::vector<chat_message> messages(marked_text prompt) const;

  /// Thinks about messages() for the agent's number of latent steps.
  [[nodiscard]] pending<avp::think> think();

  /// Reads a prompt of the agent's own making (after its system text) and makes latent steps; 0 steps only reads.
  [[nodiscard]] pending<avp::think> think(marked_text prompt, int steps);

  /// Reads messages and makes latent steps.
  [[nodiscard]] pending<avp::think> think(std::vector<chat_message> messages, int steps);

  /// Answers messages() with the agent's settings. What is decoded streams to the user when this agent answers the
  /// task.
  [[nodiscard]] pending<avp::generate> generate();

  /// Answers a prompt of the agent's own making (after its system text) with the agent's settings; not streamed.
  [[nodiscard]] pending<avp::generate> generate(marked_text prompt);

  /// Answers other messages with the agent's settings; not streamed.
  [[nodiscard]] pending<avp::generate> generate(std::vector<chat_message> messages);

  /// Sends what request() made and the agent has changed.
  [[nodiscard]] pending<avp::generate> generate(avp::generate request);

  /// The request that generate(messages) would send, to be changed and sent. Without messages it goes on from the last
  /// position of its context. `sample` counts requests that are sent together: each number has random numbers of its
  /// own.
  [[nodiscard]] avp::generate request(std::vector<chat_message> messages, int sample = 0) const;

  /// Sends requests that run at the same time, each on its own context. context() stays what it was.
  [[nodiscard]] pending_group together(std::vector<avp::generate> requests);

  /// Several answers to messages(), which are read once. They run at the same time and differ by their random numbers.
  /// context() is then what was read, without an answer; each result has its own. `certainty` says whether results are
  /// to tell it.
  [[nodiscard]] eventually<std::vector<result>> samples(int count, bool certainty = false);

  /// Who gets the words of the task's answer as they come: empty where nobody listens, or where another agent answers.
  /// For requests of an agent's own making; generate() has it already.
  [[nodiscard]] const std::function<void(std::string_view)>& listener() const { return input_.on_text; }

  /// What this hop's requests cost so far.
  [[nodiscard]] const avp::counts& counts() const { return counts_; }

  /// What this hop's latent steps were like so far.
  [[nodiscard]] const avp::thought& thought() const { return thought_; }

  /// Why the last answer ended; of several that were sent together it is `length` where all of them were cut.
  [[nodiscard]] finish_reason finish() const { return finish_; }

private:
  friend eventually<output> run_hop(avp::agent& agent, avp::hop& hop);

  [[nodiscard]] std::map<std::string, std::string> variables() const;
  template <class Request>
  Request prepare(std::vector<chat_message> messages) const;
  template <class Request>
  Request addressed() const;
  [[nodiscard]] eventually<payload> projected(payload thought, std::string model);
  pending<avp::join> join();
  pending<avp::join> cut(payload context, std::int64_t begins);

  const agent_spec& spec_;
  const prompt_template& system_;
  hop_input input_;
  payload context_;
  device_port& device_;
  avp::counts counts_;
  avp::thought thought_;
  finish_reason finish_ = finish_reason::end_of_turn;
  int rounds_ = 0; // requests, or groups of them, that were made
};

} // namespace avp
