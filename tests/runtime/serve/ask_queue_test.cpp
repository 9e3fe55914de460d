// Many requests at a time, clients that go away, and silence.
#include "tests/runtime/serve/served.hpp"

namespace {

using namespace avp;
using namespace avp::test;
using testing::HasSubstr;
using testing::Not;

class ask_queue_test : public served_test {
protected:
  void SetUp() override { patient_agent::may_go = false; }
  void TearDown() override { patient_agent::may_go = true; }

  [[nodiscard]] bool is_running(int tasks) const { return metric("avp_tasks{state=\"running\"}") == tasks; }
  [[nodiscard]] bool is_waiting(int tasks) const { return metric("avp_tasks{state=\"waiting\"}") == tasks; }
};

TEST_F(ask_queue_test, what_is_more_than_running_and_waiting_is_refused_until_there_is_room) {
  serve({pipeline_of("endless"), pipeline_of("echo")}, {}, {.running = 1, .waiting = 2});
  std::vector<raw_socket> open;
  for (int i = 0; i < 3; ++i)
    open.push_back(sent(question("x", {{"model", "endless"}})));
  ASSERT_TRUE(soon([&] { return is_running(1) && is_waiting(2); }));
  const auto error = refused(question("x", {{"model", "echo"}}), "", 429);
  EXPECT_EQ(error.at("type"), "rate_limit_error");
  EXPECT_EQ(last_headers_.find("Retry-After")->second, "1");
  open.clear();
  EXPECT_TRUE(soon([&] { return is_idle(); }));
  EXPECT_EQ(text_of_answer(ask(question("x", {{"model", "echo"}}))), "x");
  refused(question("x", {{"model", "echo"}, {"n", 4}}), "n");
}

TEST_F(ask_queue_test, a_client_that_leaves_takes_its_request_away_running_or_waiting_whole_or_streamed) {
  serve({pipeline_of("endless")}, {}, {.running = 2, .waiting = 10});
  for (const bool streamed : {false, true})
    for (const bool resets : {false, true}) {
      std::vector<raw_socket> open;
      for (int i = 0; i < 4; ++i)
        open.push_back(sent(question("x", {{"stream", streamed}})));
      ASSERT_TRUE(soon([&] { return is_running(2) && is_waiting(2); }));
      open.erase(open.begin() + 3); // one that waits
      EXPECT_TRUE(soon([&] { return is_running(2) && is_waiting(1); }));
      if (resets)
        open[0].reset();
      open.erase(open.begin()); // one that runs: the one that waits takes its place
      EXPECT_TRUE(soon([&] { return is_running(2) && is_waiting(0); }));
      open.clear();
      EXPECT_TRUE(soon([&] { return is_idle(); }));
    }
}

TEST_F(ask_queue_test, one_that_waits_and_leaves_takes_nobody_else_with_it) {
  serve({pipeline_of("patient")}, {}, {.running = 1, .waiting = 10});
  const auto first = sent(question("x"));
  ASSERT_TRUE(soon([&] { return is_running(1); }));
  auto second = sent(question("x"));
  ASSERT_TRUE(soon([&] { return is_waiting(1); }));
  const auto third = sent(question("x"));
  ASSERT_TRUE(soon([&] { return is_waiting(2); }));
  second.reset();
  ASSERT_TRUE(soon([&] { return is_waiting(1); }));
  patient_agent::may_go = true;
  EXPECT_THAT(first.receive_until("}}"), HasSubstr("at last"));
  EXPECT_THAT(third.receive_until("}}"), HasSubstr("at last"));
}

TEST_F(ask_queue_test, blocks_are_free_when_the_client_is_gone_in_the_prompt_or_while_decoding) {
  std::string chain = tiny_chain;
  chain.replace(chain.find("max_new_tokens = 12"), 19, "max_new_tokens = 1500");
  serve({chain});
  const auto used = [&] { return metric("avp_kv_blocks{device=\"cpu\",state=\"used\"}"); };
  const auto failed = [&] { return metric("avp_requests_failed_total{device=\"cpu\"}"); };
  constexpr int some = 20; // more than a short request holds when the device tells of its end
  for (const std::size_t length : {10U, 2500U})
    for (const bool streamed : {false, true}) {
      const auto before = failed();
      auto socket = sent(question(std::string(length, 'x'), {{"stream", streamed}, {"temperature", 0}}));
      ASSERT_TRUE(soon([&] { return used() > some; }));
      socket.reset();
      EXPECT_TRUE(soon([&] { return failed() > before; }));
      EXPECT_TRUE(soon([&] { return is_idle(); }));
      ask(question("y", {{"max_tokens", 1}})); // the device tells of itself when it works
      EXPECT_LT(used(), some);
    }
}

TEST_F(ask_queue_test, a_silent_stream_begins_at_once_and_says_that_it_is_alive) {
  api_options options;
  options.silence = {std::chrono::milliseconds(50), std::chrono::milliseconds(150), std::chrono::milliseconds(700)};
  serve({pipeline_of("endless")}, options);
  const auto socket = sent(question("x", {{"stream", true}}));
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_THAT(socket.receive_until("\"role\":\"assistant\""), HasSubstr("200 OK"));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(2));
  const auto said = socket.receive_until("\"delta\":{\"content\":\"\"}");
  EXPECT_THAT(said, HasSubstr(": keep-alive\n\n"));
  EXPECT_THAT(said, HasSubstr("\"finish_reason\":null"));
}

TEST_F(ask_queue_test, what_fails_after_the_beginning_of_a_stream_is_an_event_and_its_end) {
  api_options options;
  options.silence.before_start = std::chrono::milliseconds(0);
  kinds_.add<failing_agent>("late");
  serve({"name = \"p\"\nflow = [\"a -> b\"]\n[agent.a]\nkind = \"patient\"\nprompt = \"{{q}}\"\n[agent.b]\n"
         "kind = \"failing\"\nprompt = \"B {{a}}\"\n"},
        options);
  const auto socket = sent(question("x", {{"stream", true}}));
  auto said = socket.receive_until("assistant");
  patient_agent::may_go = true;
  said += socket.receive_until("0\r\n\r\n");
  EXPECT_THAT(said, HasSubstr("data: {\"error\":{\"message\":"));
  EXPECT_THAT(said, Not(HasSubstr("[DONE]")));
  EXPECT_THAT(said, testing::EndsWith("\n\n\r\n0\r\n\r\n"));
}

TEST_F(ask_queue_test, a_slow_reader_gets_all_in_the_end_and_holds_up_nobody) {
  std::string chain = tiny_chain;
  chain.replace(chain.find("max_new_tokens = 12"), 19, "max_new_tokens = 1500");
  api_options options;
  options.limits.unsent_bytes = 2048;
  serve({chain}, options);
  const auto whole = ask(question("x", {{"temperature", 0}}));
  const auto socket = sent(question("x", {{"temperature", 0}, {"stream", true}}));
  EXPECT_EQ(ask(question("y", {{"max_tokens", 2}})).at("usage").at("completion_tokens"), 2);
  ASSERT_TRUE(soon([&] { return is_idle(); }));
  const auto answer = socket.receive_until("0\r\n\r\n");
  std::string text;
  for (std::size_t at = answer.find("data: {"); at != std::string::npos; at = answer.find("data: {", at + 1)) {
    const auto chunk = json::parse(answer.substr(at + 6, answer.find("\n\n", at) - at - 6));
    text += chunk.at("choices").at(0).at("delta").value("content", "");
  }
  EXPECT_EQ(text, text_of_answer(whole));
  EXPECT_THAT(answer, HasSubstr("data: [DONE]\n\n"));
}

TEST_F(ask_queue_test, the_end_waits_for_what_is_under_way_and_refuses_the_rest) {
  serve({pipeline_of("patient")});
  const auto socket = sent(question("x"));
  ASSERT_TRUE(soon([&] { return is_running(1); }));
  std::thread ending([&] { service_->stop(std::chrono::seconds(60)); });
  EXPECT_TRUE(soon([&] {
    const auto answer = client().Get("/health");
    return answer && answer->status == 503;
  }));
  patient_agent::may_go = true;
  EXPECT_THAT(socket.receive_until("}}"), HasSubstr("at last"));
  ending.join();
  EXPECT_FALSE(client().Get("/health"));
}

TEST_F(ask_queue_test, many_requests_of_which_some_leave_lose_no_answer) {
  serve({tiny_chain}, {}, {.running = 8, .waiting = 1000});
  std::vector<std::thread> askers;
  std::atomic<int> right = 0;
  for (int asker = 0; asker < 8; ++asker)
    askers.emplace_back([&, asker] {
      for (int i = 0; i < 12; ++i) {
        const auto name = std::to_string(asker) + "-" + std::to_string(i);
        if (i % 3 == 0) {
          auto socket = sent(question(name, {{"stream", i % 2 == 0}, {"max_tokens", 200}}));
          std::this_thread::sleep_for(std::chrono::milliseconds(asker * 3));
          continue;
        }
        const auto answer = client().Post("/v1/chat/completions", question(name).dump(), "application/json");
        right += answer && answer->status == 200 && json::parse(answer->body).at("choices").size() == 1;
      }
    });
  for (auto& asker : askers)
    asker.join();
  EXPECT_EQ(right, 8 * 8);
  EXPECT_TRUE(soon([&] { return is_idle(); }));
  ask(question("y", {{"max_tokens", 1}})); // the device tells of itself when it works
  EXPECT_LT(metric("avp_kv_blocks{device=\"cpu\",state=\"used\"}"), 20);
}

} // namespace
