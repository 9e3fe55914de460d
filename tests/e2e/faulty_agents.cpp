// Agents that do what agents should not: throw whatever, at every place, and never come back.
#include <chrono>
#include <new>
#include <stdexcept>
#include <thread>

#include "agents/agent.hpp"
#include "agents/registry.hpp"

namespace {

using avp::eventually;
using avp::output;

std::string option(const avp::agent_spec& spec, const std::string& name) { return spec.options.value(name, ""); }

void throw_as_told(const avp::agent_spec& spec) {
  const auto what = option(spec, "what");
  if (what == "memory")
    throw std::bad_alloc();
  if (what == "number")
    throw 42;
  throw std::runtime_error("as told");
}

/// Waits for something that never comes.
struct never {
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<>) const {}
  void await_resume() const {}
};

/// Throws at the place that its option `where` names: constructor, run (before the coroutine), begun, later (after an
/// answer of the device), destructor. Does so for the tasks that have `bad` in their id, and else answers.
class throwing_agent : public avp::agent {
public:
  explicit throwing_agent(const avp::agent_spec& spec) : spec_(spec) {
    if (is("constructor"))
      throw_as_told(spec_);
  }
  ~throwing_agent() override {
    if (is("destructor"))
      throw_as_told(spec_);
  }

  eventually<output> run(avp::hop& hop) override {
    if (is("run") && is_bad(hop))
      throw_as_told(spec_);
    return work(hop);
  }

private:
  eventually<output> work(avp::hop& hop) {
    if (is("begun") && is_bad(hop))
      throw_as_told(spec_);
    if (is("later")) {
      co_await hop.generate();
      if (is_bad(hop))
        throw_as_told(spec_);
    }
    co_return output{"fine", {}};
  }

  [[nodiscard]] bool is(const std::string& where) const { return option(spec_, "where") == where; }
  static bool is_bad(const avp::hop& hop) { return hop.task().id.find("bad") != std::string::npos; }

  avp::agent_spec spec_;
};

/// Keeps its thread (`how` = "blocks"), or waits for what never comes, with the tasks that have `bad` in their id.
class silent_agent : public avp::agent {
public:
  explicit silent_agent(const avp::agent_spec& spec) : blocks_(option(spec, "how") == "blocks") {}

  eventually<output> run(avp::hop& hop) override {
    if (hop.task().id.find("bad") != std::string::npos) {
      if (blocks_)
        std::this_thread::sleep_for(std::chrono::hours(1));
      else
        co_await never();
    }
    co_return output{"fine", {}};
  }

private:
  bool blocks_;
};

/// Answers with its option `text`.
class saying_agent : public avp::agent {
public:
  explicit saying_agent(const avp::agent_spec& spec) : text_(option(spec, "text")) {}

  eventually<output> run(avp::hop&) override { co_return output{text_, {}}; }

private:
  std::string text_;
};

} // namespace

extern "C" void avp_register(avp::registry& kinds) {
  kinds.add<throwing_agent>("throws");
  kinds.add<silent_agent>("silent");
  kinds.add<saying_agent>("says");
}
