// Exceptions where a run does not expect them: the error of a task, or one reason why the run ends.
#include <atomic>
#include <new>

#include "agents/agent.hpp"
#include "gpu/thrown.hpp"
#include "tests/runtime/run/batch_fixture.hpp"

namespace {

using namespace avp;
using namespace avp::test;
using testing::HasSubstr;

class batch_failures : public batch_test {
protected:
  static std::string tasks(std::initializer_list<const char*> names) {
    std::string lines;
    for (const auto* name : names)
      lines += std::string(R"({"id": ")") + name + R"(", "q": ")" + name + "\"}\n";
    return lines;
  }

  std::map<std::string, std::string> errors() const {
    std::map<std::string, std::string> all;
    for (const auto& result : results_)
      all[result.task] = result.error;
    return all;
  }
};

// Dies with the task "dies"; the second one made can't be made.
class once_agent : public agent {
public:
  static inline std::atomic<int> made = 0;

  once_agent() {
    if (made++ > 0)
      throw 42;
  }

  eventually<output> run(avp::hop& hop) override {
    co_await hop.generate();
    co_return output{"fine", {}};
  }
};

TEST_F(batch_failures, an_agent_that_can_t_be_started_anew_ends_the_run) {
  once_agent::made = 0;
  kinds_.add<once_agent>("once");
  log_->kill_after = "only kill";
  auto text = std::string(chain_of_three);
  text.replace(text.find("\"generate\""), 10, "\"once\"");
  const auto why = run(text, mode::direct,
                       "{\"id\": \"before\", \"q\": \"x\"}\n{\"id\": \"dies\", \"q\": \"kill\"}\n"
                       "{\"id\": \"after\", \"q\": \"y\"}\n");
  EXPECT_EQ(why, "an agent died; the agent 'c' can't be started: something was thrown that is no std::exception");
  const auto all = errors();
  EXPECT_EQ(all.at("before"), "");
  EXPECT_EQ(all.at("dies"), why);
  EXPECT_FALSE(all.contains("after"));
}

TEST_F(batch_failures, an_input_that_throws_ends_the_run_after_what_runs) {
  (void)start(chain_of_three, mode::direct, "");
  collect();
  results_.clear();
  batch_config batch;
  batch.asked = asked_;
  batch.mode = mode::direct;
  batch.observer = self_;
  batch.input = [given = false]() mutable -> std::optional<input_item> {
    if (std::exchange(given, true))
      throw std::bad_alloc();
    return record{"t1", {{"q", "x"}}};
  };
  const auto running = start_batch(system_, std::move(batch));
  EXPECT_EQ(collect(), "the input can't be read on: out of memory");
  EXPECT_EQ(errors(), (std::map<std::string, std::string>{{"t1", ""}}));
}

// A device that throws at what it is asked.
device_actor start_throwing_device(caf::actor_system& system) {
  return system.spawn([](device_actor::pointer self) -> device_actor::behavior_type {
    end_by_what_is_thrown(self);
    return {
        [](think&) -> caf::result<result> { throw std::bad_alloc(); },
        [](generate&) -> caf::result<result> { throw std::bad_alloc(); },
        [](join&) -> caf::result<result> { throw std::bad_alloc(); },
        [](rebuild&) -> caf::result<result> { throw std::bad_alloc(); },
        [](adopt&) -> caf::result<result> { throw std::bad_alloc(); },
        [](score_next&) -> caf::result<result> { throw std::bad_alloc(); },
        [](project&) -> caf::result<result> { throw std::bad_alloc(); },
        [](const cancel&) {},
    };
  });
}

TEST_F(batch_failures, a_device_that_throws_ends_the_run_with_what_it_threw) {
  self_->send_exit(device_, caf::exit_reason::user_shutdown);
  device_ = start_throwing_device(system_);
  EXPECT_EQ(run(chain_of_three, mode::latent, tasks({"t1", "t2"})), "the device of model 'main' died (out of memory)");
  ASSERT_FALSE(results_.empty());
  for (const auto& result : results_) {
    EXPECT_THAT(result.error, HasSubstr("out of memory"));
    EXPECT_EQ(result.error_code, error_code::out_of_memory);
  }
}

// Answers the request at which it throws, and tells those who watch it.
TEST_F(batch_failures, an_actor_that_throws_answers_and_tells_why) {
  const auto device = start_throwing_device(system_);
  self_->monitor(device);
  std::string answer;
  self_->request(device, std::chrono::seconds(20), think{})
      .receive([](const result&) {}, [&](const caf::error& error) { answer = text_of(error); });
  EXPECT_EQ(answer, "out of memory");
  self_->receive([&](const caf::down_msg& down) { EXPECT_EQ(text_of(down.reason), "out of memory"); },
                 caf::after(std::chrono::seconds(20)) >> [] { FAIL() << "nobody was told"; });
}

// Tasks that come to a pipeline's mailbox when it has ended bounce before it is told of that it has.
TEST_F(batch_failures, a_batch_whose_tasks_bounce_waits_for_why) {
  made_ = [this] {
    return system_.spawn([](pipeline_actor::pointer self) -> pipeline_actor::behavior_type {
      return {
          [=](const task_input&) -> caf::result<task_result> {
            self->delayed_send(self, std::chrono::milliseconds(100), cancel_task{});
            return make_error(caf::sec::request_receiver_down);
          },
          [=](const when_broken&) { return self->make_response_promise<pipeline_broken>(); },
          [=](const cancel_task&) { self->quit(make_error(error_code::internal, "lost")); },
      };
    });
  };
  EXPECT_EQ(run(chain_of_three, mode::latent, tasks({"t1"}), 4), "the pipeline's actor died (lost)");
}

} // namespace
