// What goes wrong in agents is the reason of its task, and of no other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/agents/agent_actor_fixture.hpp"

namespace {

using namespace avp;
using namespace avp::test;
using testing::ElementsAre;
using testing::HasSubstr;

class throwing_agent : public agent {
public:
  eventually<output> run(avp::hop& hop) override {
    if (hop.task().id == "bad")
      throw std::runtime_error("I cannot do 'bad'");
    try {
      co_await hop.generate();
    } catch (const request_failed& failed) {
      co_return output{std::string("caught: ") + failed.what(), {}};
    }
    co_return output{hop.text_of("nobody"), {}};
  }
};

TEST_F(agent_actor_test, an_exception_is_the_reason_of_its_task) {
  kinds_.add<throwing_agent>("throwing");
  auto actor = start(spec("throwing"));
  EXPECT_EQ(std::get<std::string>(ask(actor, input("Go", "bad"))), "I cannot do 'bad'");
  EXPECT_THAT(std::get<std::string>(ask(actor, input("Go", "good"))), HasSubstr("agents that have one: none"));
  log_->rule = [](const std::string&) { return make_error(error_code::internal, "broken"); };
  EXPECT_EQ(std::get<hop_output>(ask(actor, input("Go", "good"))).output.text, "caught: broken");
  stop(actor);
}

TEST_F(agent_actor_test, a_failure_keeps_its_code) {
  kinds_.add<throwing_agent>("throwing");
  auto own = start(spec("throwing"));
  EXPECT_EQ(code_of(own, input("Go", "bad")), "agent_failed");
  EXPECT_EQ(code_of(own, input("{{nothing}}", "good")), "bad_request") << "the record has no such field";
  auto generating = start(spec("generate"));
  for (const auto& entry : error_codes) {
    log_->rule = [&](const std::string&) { return make_error({entry.code, "why"}); };
    EXPECT_EQ(code_of(generating, input("Go")), entry.name) << "of the device";
  }
  auto alone = start_agent(system_, kinds_, spec("generate"), device_actor{});
  EXPECT_EQ(code_of(alone, input("Go")), "bad_request");
  for (const auto& one : {own, generating, alone})
    stop(one);
}

// Goes on with what it has where the device took too long, and with nothing else.
class patient_agent : public agent {
public:
  eventually<output> run(avp::hop& hop) override {
    try {
      co_await hop.generate();
    } catch (const request_failed& failed) {
      if (failed.code() != error_code::time_limit)
        throw;
    }
    co_return output{"what it has", {}};
  }
};

TEST_F(agent_actor_test, an_agent_tells_a_time_out_from_a_context_that_is_too_long) {
  kinds_.add<patient_agent>("patient");
  auto actor = start(spec("patient"));
  log_->rule = [](const std::string&) { return make_error(error_code::time_limit, "late"); };
  EXPECT_EQ(std::get<hop_output>(ask(actor, input("Go"))).output.text, "what it has");
  log_->rule = [](const std::string&) { return make_error(error_code::context_too_long, "long"); };
  EXPECT_EQ(code_of(actor, input("Go")), "context_too_long");
  stop(actor);
}

class plain_agent : public agent {
public:
  eventually<output> run(avp::hop&) override { throw std::runtime_error("no coroutine"); }
};

TEST_F(agent_actor_test, an_exception_before_the_coroutine_is_a_reason_too) {
  kinds_.add<plain_agent>("plain");
  auto actor = start(spec("plain"));
  EXPECT_EQ(std::get<std::string>(ask(actor, input("Go"))), "no coroutine");
  EXPECT_EQ(std::get<std::string>(ask(actor, input("Go"))), "no coroutine"); // it lives
  stop(actor);
}

class number_agent : public agent {
public:
  eventually<output> run(avp::hop& hop) override {
    co_await hop.generate();
    throw 42;
  }
};

TEST_F(agent_actor_test, whatever_is_thrown_is_a_reason) {
  kinds_.add<number_agent>("number");
  auto actor = start(spec("number"));
  for (int i = 0; i < 2; ++i) // it lives
    EXPECT_EQ(std::get<std::string>(ask(actor, input("Go"))), "something was thrown that is no std::exception");
  stop(actor);
}

struct never {
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<>) const {}
  void await_resume() const {}
};

class silent_agent : public agent {
public:
  eventually<output> run(avp::hop& hop) override {
    if (hop.task().id == "waits")
      co_await never();
    if (hop.task().id == "blocks")
      std::this_thread::sleep_for(std::chrono::seconds(4));
    co_await hop.generate();
    co_return output{"fine", {}};
  }
};

TEST_F(agent_actor_test, a_hop_that_does_not_go_on_fails_by_its_time_limit) {
  kinds_.add<silent_agent>("silent");
  auto limited = spec("silent");
  limited.time_limit = 1;
  auto actor = start(limited);
  EXPECT_EQ(std::get<std::string>(ask(actor, input("Go", "waits"))),
            "the agent has not gone on for 1 s, which is as long as its time_limit lets it");
  EXPECT_EQ(code_of(actor, input("Go", "waits")), "time_limit");
  EXPECT_EQ(std::get<hop_output>(ask(actor, input("Go"))).output.text, "fine"); // it lives
  stop(actor);
}

TEST_F(agent_actor_test, an_agent_that_keeps_its_thread_is_given_up) {
  kinds_.add<silent_agent>("silent");
  auto limited = spec("silent");
  limited.time_limit = 1;
  auto actor = start(limited);
  self_->monitor(actor);
  self_->send(actor, input("Go", "blocks"));
  self_->receive(
      [](const caf::down_msg& down) {
        EXPECT_EQ(failure_of(down.reason).code, error_code::time_limit);
        EXPECT_EQ(text_of(down.reason),
                  "the agent has not come back for 1 s, which is as long as its time_limit lets it");
      },
      caf::after(std::chrono::seconds(20)) >> [] { FAIL() << "it is still there"; });
}

// A device that is slow is not the agent's fault: its own limit counts from when a request starts to run.
TEST_F(agent_actor_test, waiting_for_the_device_is_not_limited) {
  kinds_.add<silent_agent>("silent");
  auto limited = spec("silent");
  limited.time_limit = 1;
  log_->rule = [](const std::string& message) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2500));
    return message;
  };
  auto actor = start(limited);
  EXPECT_EQ(std::get<hop_output>(ask(actor, input("Go"))).output.text, "fine");
  stop(actor);
}

TEST_F(agent_actor_test, an_agent_that_ends_cancels_what_it_asked_for) {
  log_->hang = true;
  auto actor = start(spec("think"));
  self_->send(actor, input("Go"));
  while (true) {
    const std::lock_guard lock(log_->mutex);
    if (!log_->thought.empty())
      break;
  }
  self_->monitor(actor);
  self_->send_exit(actor, caf::exit_reason::kill);
  self_->receive([](const caf::down_msg&) {});
  for (int i = 0; i < 200; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    const std::lock_guard lock(log_->mutex);
    if (!log_->cancelled.empty())
      break;
  }
  EXPECT_THAT(log_->cancelled, ElementsAre(log_->thought[0].id));
}

TEST_F(agent_actor_test, without_a_device_a_request_fails_with_advice) {
  auto actor = start_agent(system_, kinds_, spec("think"), device_actor{});
  EXPECT_THAT(std::get<std::string>(ask(actor, input("Go"))), HasSubstr("no model to ask"));
  stop(actor);
}

class choosy_agent : public agent {
public:
  explicit choosy_agent(const agent_spec& spec) {
    if (!spec.options.contains("colour"))
      throw std::runtime_error("agent '" + spec.name + "' needs [agent." + spec.name + ".options] colour");
  }
  eventually<output> run(avp::hop&) override { co_return output{"ok", {}}; }
};

TEST_F(agent_actor_test, a_constructor_may_refuse_its_options) {
  kinds_.add<choosy_agent>("choosy");
  EXPECT_THROW(start(spec("choosy")), std::runtime_error);
  auto fine = spec("choosy");
  fine.options["colour"] = "red";
  auto actor = start(fine);
  EXPECT_EQ(std::get<hop_output>(ask(actor, input("Go"))).output.text, "ok");
  stop(actor);
}

} // namespace
