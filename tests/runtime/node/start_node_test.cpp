// A node that does hops, with a test in the place of node zero.
#include <thread>

#include <gmock/gmock.h>

#include "runtime/node/recipe_bundle.hpp"
#include "runtime/node/start_node.hpp"
#include "tests/runtime/node/exchange_nodes.hpp"
#include "tests/runtime/node/remote_contexts.hpp"

namespace {

using namespace avp;
using namespace avp::test;
using namespace std::chrono_literals;
using testing::HasSubstr;

// Keeps its thread for longer than its time limit where the task says so.
class sleeping_agent : public agent {
public:
  eventually<output> run(avp::hop& hop) override {
    if (hop.task().fields.at("q") == "sleep")
      std::this_thread::sleep_for(2s);
    co_return output{"awake", {}};
  }
};

// Asks for answers, one after another, until it gets none.
class tireless_agent : public agent {
public:
  eventually<output> run(avp::hop& hop) override {
    co_await hop.generate(); // whose words tell that it has begun
    for (;;) {
      auto next = hop.request(hop.messages());
      next.context = {};
      co_await hop.generate(std::move(next));
    }
  }
};

class start_node_test : public exchange_test {
protected:
  registry kinds_;
  std::unique_ptr<node_models> models_;
  std::unique_ptr<context_exchange> exchange_;
  node_host node_;

  ~start_node_test() override {
    asking_->monitor(node_);
    asking_->send_exit(node_, caf::exit_reason::user_shutdown);
    asking_->receive([](const caf::down_msg&) {}); // it uses the exchange
  }

  // Starts the node and greets it.
  void begin(std::chrono::milliseconds patience) {
    kinds_.add<sleeping_agent>("sleeping");
    kinds_.add<tireless_agent>("tireless");
    models_ = std::make_unique<node_models>(system_, node_config{.name = "b"});
    exchange_ = *context_exchange::start(system_, {.name = "b", .endpoint = "tcp://127.0.0.1:*"});
    node_parts parts{"b", 1, "", &kinds_, models_.get(), exchange_.get()};
    parts.patience = patience;
    node_ = start_node(system_, parts);
    auto gguf = runnable_gguf();
    gguf.u32("qwen2.context_length", 4096);
    model_order model{write_model(gguf, folder_.path() / "hosted.gguf"), "cpu"};
    model.kv_dtype = data_type::float32;
    node_greeting greeting{.node = "b", .models = {model}, .kinds = {"sleeping"}};
    asking_->request(node_, caf::infinite, greeting)
        .receive([](const node_welcome& welcome) { EXPECT_THAT(welcome.missing, testing::IsEmpty()); },
                 [](const caf::error& why) { ADD_FAILURE() << text_of(why); });
  }

  void tell_of_agent(const std::string& kind, std::optional<double> time_limit = {}) {
    agent_spec agent{.name = "judge", .kind = kind, .model = "main", .prompt = "{{q}}"};
    agent.time_limit = time_limit;
    agent.max_new_tokens = 8;
    asking_->send(node_, agent_order{1, agent});
  }

  static hop_order order(std::uint64_t number, const std::string& question) {
    return {.hop = number, .agent = 1, .task = "t", .fields = {{"q", question}}, .prompt = "{{q}}", .makes_text = true};
  }

  // A hop that its agent has begun.
  void begin_tireless(std::uint64_t number) {
    tell_of_agent("tireless");
    auto asked = order(number, "hello");
    asked.wants_words = true;
    asking_->send(node_, asked);
    asking_->receive([&](const words_report& words) { EXPECT_EQ(words.hop, number); },
                     caf::after(60s) >> [] { ADD_FAILURE() << "it does not begin"; });
  }

  // What else comes stays unanswered: nobody sends the node a context.
  hop_report next_report() {
    std::optional<hop_report> came;
    bool is_over = false;
    asking_->receive_while([&] { return !came && !is_over; })([&](hop_report& report) { came = std::move(report); },
                                                              [](const words_report&) {},
                                                              caf::after(60s) >> [&] { is_over = true; });
    EXPECT_FALSE(is_over) << "the node does not answer";
    return came.value_or(hop_report{});
  }
};

TEST_F(start_node_test, it_goes_on_when_an_agent_dies_while_contexts_arrive) {
  begin(2500ms);
  tell_of_agent("sleeping", 1.0);
  const auto zero = make_node("local");
  const auto history = context_in(thinking(zero, {}, "hello", 3).context)->history();
  auto waiting = order(2, "be awake");
  waiting.contexts = {{history->id(), "local", ""}}; // the test sends nothing, so it is made anew, but later
  waiting.recipes = encode_with_ancestors({history});
  asking_->send(node_, order(1, "sleep"));
  asking_->send(node_, waiting);
  const auto first = next_report();
  EXPECT_EQ(first.hop, 1U);
  EXPECT_EQ(first.outcome, hop_outcome::failed);
  const auto second = next_report();
  EXPECT_EQ(second.hop, 2U);
  EXPECT_EQ(second.outcome, hop_outcome::done) << second.error;
  EXPECT_EQ(second.text, "awake");
}

TEST_F(start_node_test, a_gatherer_that_dies_fails_the_hops_that_wait_and_no_later_one) {
  begin(60s);
  tell_of_agent("sleeping");
  const auto lead = recipe_with('a'), unreadable = recipe_with('b', {lead}), never_sent = recipe_with('c');
  keep_forgetful(exchange_->contexts(), lead);
  auto waiting = order(1, "be awake"), killing = order(2, "be awake");
  waiting.contexts = {{never_sent->id(), "local", ""}};
  waiting.recipes = encode_with_ancestors({never_sent});
  killing.contexts = {{unreadable->id(), "local", ""}};
  killing.recipes = encode_with_ancestors({unreadable});
  asking_->send(node_, waiting);
  asking_->send(node_, killing);
  for (const std::uint64_t hop : {1, 2}) {
    const auto report = next_report();
    EXPECT_EQ(report.hop, hop);
    EXPECT_EQ(report.outcome, hop_outcome::failed);
    EXPECT_EQ(report.error_code, "internal");
    EXPECT_EQ(report.error, "node 'b' could not gather the contexts of agent 'judge': what gathers them died (its "
                            "history is forgotten); it was started anew");
  }
  asking_->send(node_, order(3, "be awake"));
  const auto later = next_report();
  EXPECT_EQ(later.hop, 3U);
  EXPECT_EQ(later.outcome, hop_outcome::done) << later.error;
}

TEST_F(start_node_test, a_cancelled_hop_is_given_up_where_it_is) {
  begin(60s);
  begin_tireless(1);
  asking_->send(node_, cancel_hop{1});
  const auto begun = next_report();
  EXPECT_EQ(begun.hop, 1U);
  EXPECT_EQ(begun.outcome, hop_outcome::failed);
  EXPECT_EQ(begun.error_code, "cancelled");
  const auto never_sent = recipe_with('c');
  auto waiting = order(2, "hello");
  waiting.contexts = {{never_sent->id(), "local", ""}};
  waiting.recipes = encode_with_ancestors({never_sent});
  asking_->send(node_, waiting);
  asking_->send(node_, cancel_hop{2});
  const auto gathered = next_report();
  EXPECT_EQ(gathered.hop, 2U);
  EXPECT_EQ(gathered.error_code, "cancelled");
  asking_->send(node_, cancel_hop{2}); // it is over
}

TEST_F(start_node_test, words_come_from_the_node_whose_they_are) {
  begin(5000ms);
  tell_of_agent("generate");
  auto asked = order(1, "hello");
  asked.wants_words = true;
  asking_->send(node_, asked);
  std::string words;
  std::optional<hop_report> report;
  asking_->receive_while([&] { return !report; })(
      [&](hop_report& came) { report = std::move(came); },
      [&](const words_report& came) {
        EXPECT_EQ(caf::actor_cast<caf::actor_addr>(asking_->current_sender()), node_.address());
        words += came.text;
      },
      caf::after(60s) >> [&] { report.emplace(); });
  EXPECT_EQ(report->outcome, hop_outcome::done) << report->error;
  EXPECT_EQ(words, report->text);
  EXPECT_FALSE(words.empty());
}

} // namespace
