// A pipeline that is asked: many tasks at a time, each by itself.
#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>

#include <caf/event_based_actor.hpp>
#include <gmock/gmock.h>

#include "runtime/flow/start_pipeline.hpp"
#include "runtime/pipeline/pipeline_file.hpp"
#include "tests/runtime/flow/flows.hpp"
#include "tests/runtime/flow/holding_device.hpp"

namespace {

using namespace avp;
using namespace avp::test;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr auto patience = std::chrono::seconds(20);

class pipeline_actor_test : public testing::Test {
protected:
  caf::actor_system_config config_;
  caf::actor_system system_{config_};
  caf::scoped_actor self_{system_};
  std::shared_ptr<held_requests> requests_ = std::make_shared<held_requests>();
  device_actor device_ = start_holding_device(system_, requests_);
  registry kinds_;
  pipeline_actor asked_;
  std::mutex words_mutex_;
  std::map<std::uint64_t, std::string> words_; // by place

  ~pipeline_actor_test() override {
    if (asked_)
      self_->send_exit(asked_, caf::exit_reason::user_shutdown);
    self_->send_exit(device_, caf::exit_reason::user_shutdown);
  }

  void start(const std::string& toml, mode mode) {
    load_options options;
    options.kinds = kinds_.kinds();
    options.modes = {mode};
    options.input = "-";
    const auto loaded = load_pipeline(toml, "test.toml", options);
    if (!loaded.pipeline)
      throw std::runtime_error(to_string(loaded.mistakes));
    const auto whole = std::make_shared<const pipeline>(*loaded.pipeline);
    asked_ = start_pipeline(system_,
                            {whole, &kinds_, make_plan(*whole, mode, kinds_.kinds()), {{"main", device_}}, nullptr});
  }

  task_input task(std::uint64_t place, const std::string& question) {
    task_input input{.id = question, .fields = {{"q", question}}, .place = place};
    input.on_text = [this, place](std::string_view text) {
      const std::lock_guard lock(words_mutex_);
      words_[place] += text;
    };
    return input;
  }

  // Asks on this thread and waits; where there is no answer, the error says why.
  static task_result answer(caf::scoped_actor& asker, const pipeline_actor& asked, task_input input) {
    task_result came;
    asker->request(asked, patience, std::move(input))
        .receive([&](task_result& result) { came = std::move(result); },
                 [&](const caf::error& error) { came.error = "not answered: " + text_of(error); });
    return came;
  }

  task_result ask(task_input input) { return answer(self_, asked_, std::move(input)); }

  // Asks for all of them at once; `meanwhile` happens when they are under way. The results are in the order of the
  // tasks.
  std::vector<task_result> ask_all(
      const std::vector<task_input>& inputs, const std::function<void()>& meanwhile = [] {}) {
    std::vector<task_result> results(inputs.size());
    std::vector<std::thread> askers;
    for (std::size_t i = 0; i < inputs.size(); ++i)
      askers.emplace_back([&, i] {
        caf::scoped_actor asker(system_);
        results[i] = answer(asker, asked_, inputs[i]);
      });
    meanwhile();
    for (auto& asker : askers)
      asker.join();
    return results;
  }

  void hold(std::function<bool(const std::string&)> which) {
    const std::lock_guard lock(requests_->mutex);
    requests_->holds = std::move(which);
  }

  static bool comes_true(const std::function<bool()>& what) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!what() && std::chrono::steady_clock::now() < end)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return what();
  }

  bool was_asked(const std::string& message) {
    return comes_true([&] { return requests_->times(requests_->asked, message) > 0; });
  }
};

TEST_F(pipeline_actor_test, many_tasks_run_at_once_and_each_gets_its_own_words) {
  start(chain_of_three, mode::text);
  std::vector<task_input> inputs;
  for (std::uint64_t place = 0; place < 50; ++place)
    inputs.push_back(task(place, std::to_string(place)));
  const auto results = ask_all(inputs);
  for (std::uint64_t place = 0; place < 50; ++place) {
    const auto& result = results[place];
    const auto a = "<A " + std::to_string(place) + ">";
    const auto expected = "<C " + a + " <B " + a + ">>";
    EXPECT_EQ(result.error, "");
    EXPECT_EQ(result.task, std::to_string(place));
    EXPECT_EQ(result.text, expected);
    EXPECT_EQ(words_[place], expected);
    EXPECT_EQ(result.agents.size(), 3U);
  }
}

TEST_F(pipeline_actor_test, a_waiting_task_holds_up_no_other) {
  hold([](const std::string& message) { return message == "A slow"; });
  start(chain_of_three, mode::latent);
  const auto slow = ask_all({task(0, "slow")}, [&] {
    EXPECT_TRUE(was_asked("A slow"));
    EXPECT_EQ(ask(task(1, "quick")).text, "<C>");
    self_->send(asked_, cancel_task{0});
  });
  EXPECT_EQ(slow[0].error, "it was cancelled");
}

TEST_F(pipeline_actor_test, a_cancelled_task_frees_its_work_and_its_contexts_and_others_go_on) {
  hold([](const std::string& message) { return message == "B"; });
  start(chain_of_three, mode::latent);
  const auto results = ask_all({task(0, "x"), task(1, "y")}, [&] {
    EXPECT_TRUE(comes_true([&] { return requests_->times(requests_->asked, "B") == 2; }));
    EXPECT_EQ(requests_->alive(), 2U) << "what a left for b of either task";
    self_->send(asked_, cancel_task{0});
    EXPECT_TRUE(comes_true([&] { return requests_->alive() == 1; }));
    EXPECT_TRUE(comes_true([&] { return requests_->times(requests_->given_up, "B") == 1; }));
    self_->send(asked_, cancel_task{0}); // it is over: nothing
    hold([](const std::string&) { return false; });
    EXPECT_EQ(ask(task(2, "z")).text, "<C>");
    EXPECT_EQ(requests_->times(requests_->given_up, "B"), 1) << "the other one waits as before";
    self_->send(asked_, cancel_task{1});
  });
  for (const auto& result : results) {
    EXPECT_EQ(result.error, "it was cancelled");
    EXPECT_EQ(result.error_code, error_code::cancelled);
    ASSERT_EQ(result.agents.size(), 1U) << "what was done is told";
    EXPECT_EQ(result.agents[0].name, "a");
  }
  EXPECT_TRUE(comes_true([&] { return requests_->times(requests_->given_up, "B") == 2; }));
  EXPECT_TRUE(comes_true([&] { return requests_->alive() == 0; }));
  EXPECT_EQ(requests_->times(requests_->asked, "C"), 1) << "nobody asks on for a cancelled task";
}

TEST_F(pipeline_actor_test, the_place_of_a_cancelled_task_can_be_another_s) {
  hold([](const std::string& message) { return message == "A old"; });
  start(chain_of_three, mode::latent);
  const auto old = ask_all({task(7, "old")}, [&] {
    EXPECT_TRUE(was_asked("A old"));
    self_->send(asked_, cancel_task{7});
    const auto next = ask(task(7, "new"));
    EXPECT_EQ(next.task, "new");
    EXPECT_EQ(next.text, "<C>");
  });
  EXPECT_EQ(old[0].error, "it was cancelled");
}

TEST_F(pipeline_actor_test, an_id_may_come_twice_but_a_place_only_once) {
  hold([](const std::string& message) { return message == "A same"; });
  start(chain_of_three, mode::latent);
  const auto first = ask_all({task(0, "same")}, [&] {
    EXPECT_TRUE(was_asked("A same"));
    EXPECT_EQ(ask(task(0, "other")).error, "not answered: another task has the place 0 of 'other'");
    hold([](const std::string&) { return false; });
    EXPECT_EQ(ask(task(1, "same")).text, "<C>");
    self_->send(asked_, cancel_task{0});
  });
  EXPECT_EQ(first[0].task, "same");
  EXPECT_EQ(first[0].error, "it was cancelled");
}

TEST_F(pipeline_actor_test, what_was_said_before_is_empty_where_nobody_gives_it) {
  std::string chain = chain_of_three;
  chain.replace(chain.find("only {{q}}"), 10, "{{history}}|{{q}}");
  start(chain, mode::direct);
  EXPECT_EQ(ask(task(0, "x")).text, "<|x>");
  auto later = task(1, "y");
  later.fields["history"] = "User: x";
  EXPECT_EQ(ask(later).text, "<User: x|y>");
}

TEST_F(pipeline_actor_test, a_failing_hop_is_its_task_s_error) {
  requests_->fails = [](const std::string& message) { return message == "A bad"; };
  start(chain_of_three, mode::latent);
  std::vector<std::string> told;
  auto bad = task(0, "bad");
  bad.on_hop = [&](const ended_hop& hop) { told.push_back(hop.agent.name + ": " + hop.agent.error); };
  const auto results = ask_all({bad, task(1, "good")});
  EXPECT_EQ(results[0].error, "agent 'a': no: A bad");
  EXPECT_EQ(results[0].error_code, error_code::internal);
  EXPECT_EQ(results[1].error, "");
  EXPECT_THAT(told, ElementsAre("a: no: A bad"));
}

TEST_F(pipeline_actor_test, what_is_thrown_at_a_task_s_work_is_its_error) {
  start(chain_of_three, mode::latent);
  auto curious = task(0, "x");
  curious.on_hop = [](const ended_hop&) { throw std::runtime_error("too curious"); };
  const auto results = ask_all({curious, task(1, "y")});
  EXPECT_EQ(results[0].error, "too curious");
  EXPECT_EQ(results[1].error, "");
}

TEST_F(pipeline_actor_test, a_dead_agent_is_started_anew_and_only_its_tasks_fail) {
  hold([](const std::string& message) { return message == "A held"; });
  requests_->kills = [](const std::string& message) { return message == "A kill"; };
  start(chain_of_three, mode::latent);
  auto results = ask_all({task(0, "held")}, [&] {
    EXPECT_TRUE(was_asked("A held"));
    EXPECT_EQ(ask(task(1, "kill")).error,
              "agent 'a': the agent died while it had this task (kill); it was started anew");
  });
  EXPECT_THAT(results[0].error, HasSubstr("the agent died while it had this task")) << "it had both";
  EXPECT_EQ(results[0].error_code, error_code::agent_failed);
  EXPECT_EQ(ask(task(2, "after")).text, "<C>");
}

TEST_F(pipeline_actor_test, a_pipeline_that_is_ended_answers_its_tasks) {
  hold([](const std::string&) { return true; });
  start(chain_of_three, mode::latent);
  const auto results = ask_all({task(0, "x"), task(1, "y")}, [&] {
    EXPECT_TRUE(was_asked("A x"));
    EXPECT_TRUE(was_asked("A y"));
    self_->send_exit(asked_, caf::exit_reason::kill);
  });
  for (const auto& result : results) {
    EXPECT_EQ(result.error, "the pipeline ended while it had this task");
    EXPECT_EQ(result.error_code, error_code::internal);
  }
}

TEST_F(pipeline_actor_test, a_dead_device_breaks_the_pipeline_which_says_so) {
  hold([](const std::string&) { return true; });
  start(chain_of_three, mode::latent);
  self_->monitor(asked_);
  caf::scoped_actor watcher(system_);
  auto told = watcher->request(asked_, patience, when_broken{});
  const auto results = ask_all({task(0, "x"), task(1, "y")}, [&] {
    EXPECT_TRUE(was_asked("A x"));
    EXPECT_TRUE(was_asked("A y"));
    self_->send_exit(device_, caf::exit_reason::kill);
  });
  std::string broken;
  told.receive([&](const pipeline_broken& why) { broken = why.why.text; },
               [&](const caf::error& error) { broken = text_of(error); });
  EXPECT_THAT(broken, HasSubstr("the device of model 'main' died"));
  for (const auto& result : results)
    EXPECT_EQ(result.error, broken);
  self_->receive([&](const caf::down_msg& down) { EXPECT_EQ(text_of(down.reason), broken); },
                 caf::after(patience) >> [] { FAIL() << "it goes on"; });
}

// Who asks must not send the next task for one that failed with the pipeline.
TEST_F(pipeline_actor_test, that_it_is_broken_comes_before_the_results) {
  hold([](const std::string&) { return true; });
  start(chain_of_three, mode::latent);
  std::vector<std::string> came;
  const auto asker = system_.spawn([&](caf::event_based_actor* self) -> caf::behavior {
    self->request(asked_, caf::infinite, when_broken{}).then([&](const pipeline_broken&) { came.push_back("broken"); });
    self->request(asked_, caf::infinite, task(0, "x")).then([&came, self](const task_result&) {
      came.push_back("result");
      self->quit();
    });
    return {[](int) {}};
  });
  self_->monitor(asker);
  EXPECT_TRUE(was_asked("A x"));
  self_->send_exit(device_, caf::exit_reason::kill);
  self_->receive([](const caf::down_msg&) {}, caf::after(patience) >> [] { FAIL() << "nobody answers"; });
  EXPECT_THAT(came, ElementsAre("broken", "result"));
}

TEST_F(pipeline_actor_test, hops_that_were_done_are_not_done_again) {
  start(chain_of_three, mode::text);
  auto input = task(0, "x");
  ended_hop before;
  before.agent.name = "a";
  before.agent.text = "known";
  input.done = {before};
  EXPECT_EQ(ask(std::move(input)).text, "<C known <B known>>");
  EXPECT_EQ(requests_->times(requests_->asked, "A x"), 0);
}

} // namespace
