// Contexts of a hop from wherever they are, with an exchange that only says so.
#include <future>

#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <gmock/gmock.h>

#include "runtime/node/context_gatherer.hpp"
#include "tests/agents/fake_device.hpp"
#include "tests/runtime/node/remote_contexts.hpp"

namespace {

using namespace avp;
using namespace avp::test;
using testing::ElementsAre;
using testing::HasSubstr;

class context_gatherer_test : public fake_device_test {
protected:
  std::shared_ptr<kept_contexts> kept_ = std::make_shared<kept_contexts>();
  std::string refusal_;            // of the holder
  payload coming_;                 // what it sends otherwise
  bool is_sent_ = true;            // else it says that it does, and nothing comes
  std::promise<send_order> asked_; // of the holder
  exchange_actor exchange_ = start_exchange();
  context_gatherer gatherer_;

  ~context_gatherer_test() override {
    self_->send_exit(gatherer_, caf::exit_reason::user_shutdown);
    self_->send_exit(exchange_, caf::exit_reason::user_shutdown);
  }

  // Lets the holder be asked, and gives what comes.
  exchange_actor start_exchange() {
    return system_.spawn([this](exchange_actor::pointer self) -> exchange_actor::behavior_type {
      const auto waiting = std::make_shared<std::vector<caf::typed_response_promise<transfer_outcome>>>();
      const auto answer = [waiting](const expected<moved_context>& outcome) {
        for (auto& one : *waiting)
          one.deliver(transfer_outcome{outcome});
        waiting->clear();
      };
      return {
          [](context_dispatch&) { return transfer_outcome{fail(errc::closed, "nothing is sent")}; },
          [self, waiting](context_wish& wish) -> caf::result<transfer_outcome> {
            waiting->push_back(self->make_response_promise<transfer_outcome>());
            caf::anon_send(wish.asker, ticket_opened{wish.number, "ticket"});
            return waiting->back();
          },
          [answer](const ticket_given_up& given_up) { answer(tl::unexpected(given_up.why)); },
          [answer](const wish_given_up& given_up) {
            EXPECT_EQ(given_up.number, 1U);
            answer(fail(errc::closed, "it is not wanted any more"));
          },
          [answer](const received_payload& came) {
            answer(moved_context{came.content, 7, 9});
          },
          [](const gone_peer&) {},
          [](close_atom) {},
      };
    });
  }

  void start() {
    const holder_asker asker = system_.spawn([this](holder_asker::pointer) -> holder_asker::behavior_type {
      return {[this](const ask_holder& asked) {
        EXPECT_EQ(asked.session, 3U);
        asked_.set_value(asked.order);
        if (refusal_.empty() && is_sent_)
          caf::anon_send(exchange_, received_payload{coming_, {}, 7});
        return send_report{refusal_};
      }};
    });
    gatherer_ = start_gatherer(system_, {exchange_, kept_, std::chrono::seconds(5), asker, 3});
  }

  gathered_contexts gather(std::vector<needed_context> wishes, const device_actor& device) {
    gathered_contexts came;
    self_
        ->request(gatherer_, std::chrono::seconds(20), gather_contexts{std::move(wishes), {device, "main", 1, "judge"}})
        .receive([&](gathered_contexts& all) { came = std::move(all); },
                 [](const caf::error& why) { ADD_FAILURE() << text_of(why); });
    return came;
  }
};

TEST_F(context_gatherer_test, what_is_here_takes_no_time) {
  start();
  const auto first = held_by({}, recipe_with(1)), second = held_by({}, recipe_with(2));
  const auto came = gather({{nullptr, first, {}}, {nullptr, second, {}}}, device_);
  ASSERT_EQ(came.contexts.size(), 2U);
  EXPECT_EQ(came.contexts[0].body, first.body);
  EXPECT_EQ(came.contexts[1].body, second.body);
  EXPECT_EQ(came.begun, came.ended);
  EXPECT_FALSE(came.why_not);
  EXPECT_FALSE(fetch_record({}, came));
}

TEST_F(context_gatherer_test, a_holder_is_asked_for_what_is_new) {
  start();
  const auto prefix = recipe_with('a'), history = recipe_with('b', {prefix});
  kept_->keep(held_by({}, prefix));
  coming_ = held_by({}, history);
  const auto came = gather({{history, {}, data_peer{.name = "b"}}}, device_);
  EXPECT_EQ(came.contexts.at(0).body, coming_.body);
  EXPECT_THAT(came.wire_bytes, ElementsAre(7));
  const auto order = asked_.get_future().get();
  EXPECT_EQ(order.holder, "b");
  EXPECT_EQ(order.ticket, "ticket");
  EXPECT_EQ(order.id, history->id());
  EXPECT_EQ(order.prefix, prefix->id());
  EXPECT_TRUE(log_->rebuilt.empty());
}

TEST_F(context_gatherer_test, what_a_holder_does_not_send_is_made_anew) {
  start();
  refusal_ = "it is gone";
  const auto history = recipe_with('b');
  const auto came = gather({{history, {}, data_peer{.name = "b"}}, {recipe_with('c'), {}, {}}}, device_);
  EXPECT_FALSE(came.why_not);
  EXPECT_EQ(text_in(came.contexts.at(0)), "b");
  EXPECT_EQ(text_in(came.contexts.at(1)), "c");
  EXPECT_THAT(came.wire_bytes, ElementsAre(0, 0));
  EXPECT_TRUE(fetch_record({}, came));
}

TEST_F(context_gatherer_test, without_a_device_nothing_comes) {
  start();
  EXPECT_EQ(gather({{recipe_with('c'), {}, {}}}, {}).why_not.value().text,
            "the agent has no model, so it can't continue on a context of another node");
}

TEST_F(context_gatherer_test, at_its_end_it_answers_for_what_has_not_come) {
  start();
  is_sent_ = false;
  auto waiting =
      self_->request(gatherer_, std::chrono::seconds(20),
                     gather_contexts{{{recipe_with('b'), {}, data_peer{.name = "b"}}}, {device_, "main", 1, "judge"}});
  asked_.get_future().wait();
  self_->send_exit(gatherer_, caf::exit_reason::user_shutdown);
  waiting.receive([](const gathered_contexts&) { ADD_FAILURE() << "nothing was sent"; },
                  [](const caf::error& why) { EXPECT_EQ(why, caf::sec::request_receiver_down) << text_of(why); });
}

TEST_F(context_gatherer_test, for_a_task_that_is_cancelled_nothing_is_fetched_on_or_made) {
  start();
  is_sent_ = false;
  const auto cancelled = std::make_shared<cancellation>();
  auto waiting = self_->request(
      gatherer_, std::chrono::seconds(20),
      gather_contexts{{{recipe_with('b'), {}, data_peer{.name = "b"}}}, {device_, "main", 1, "judge", cancelled}});
  asked_.get_future().wait();
  cancelled->cancel();
  waiting.receive(
      [](const gathered_contexts& came) {
        ASSERT_TRUE(came.why_not);
        EXPECT_EQ(came.why_not->code, error_code::cancelled);
      },
      [](const caf::error& why) { ADD_FAILURE() << text_of(why); });
  EXPECT_TRUE(log_->rebuilt.empty());
}

TEST_F(context_gatherer_test, what_no_recipe_makes_is_an_error) {
  start();
  log_->forgets = true;
  EXPECT_THAT(gather({{recipe_with('c'), {}, {}}}, device_).why_not.value().text, HasSubstr("can't be made anew"));
}

} // namespace
