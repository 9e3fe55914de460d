// Nodes with a device and an exchange each, all in one process, and a control plane that always works.
#pragma once

#include <future>
#include <memory>
#include <stdexcept>
#include <string>

#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <gtest/gtest.h>

#include "gpu/device_error.hpp"
#include "tests/gpu/engine/runnable_model.hpp"
#include "tests/runtime/node/called_exchange.hpp"
#include "tests/temporary_folder.hpp"

namespace avp::test {

/// One node.
struct exchange_node {
  std::shared_ptr<called_exchange> exchange;
  device_actor device;
  data_peer self; ///< As others know it.
};

/// A test with nodes of its own.
class exchange_test : public testing::Test {
protected:
  temporary_folder folder_;
  caf::actor_system_config config_;
  caf::actor_system system_{config_};
  caf::scoped_actor asking_{system_};

  exchange_node make_node(const std::string& name, data_type kv_dtype = data_type::float32,
                          exchange_options options = {}) {
    auto gguf = runnable_gguf();
    gguf.u32("qwen2.context_length", 4096);
    device_config config;
    config.threads = 1;
    config.kv_memory = memory_;
    config.models = {write_model(gguf, folder_.path() / ("tiny" + std::to_string(devices_.size()) + ".gguf"))};
    config.models.front().kv_dtype = kv_dtype;
    exchange_node made;
    made.device = start_device(system_, config);
    options.name = name;
    if (options.endpoint.empty())
      options.endpoint = "tcp://127.0.0.1:*";
    made.self.name = name;
    made.self.public_key = options.keys ? options.keys->public_key : "";
    auto started = context_exchange::start(system_, std::move(options));
    if (!started)
      throw std::runtime_error(started.error().message);
    made.exchange = std::make_shared<called_exchange>(system_, std::move(*started));
    made.self.endpoint = made.exchange->endpoint();
    devices_.push_back(made.device);
    return made;
  }

  ~exchange_test() override {
    for (const auto& device : devices_)
      asking_->send_exit(device, caf::exit_reason::user_shutdown);
  }

  template <class Request>
  Request request(const payload& on, const std::string& prompt) {
    Request work;
    work.id = next_request_id();
    work.model = "main";
    work.context = on;
    if (!prompt.empty())
      work.messages = {{"user", prompt}};
    return work;
  }

  result ask(const device_actor& device, auto work) {
    std::optional<result> answer;
    asking_->request(device, caf::infinite, std::move(work))
        .receive([&](result& came) { answer = std::move(came); },
                 [](const caf::error& why) { throw std::runtime_error(text_of(why)); });
    return std::move(*answer);
  }

  result thinking(const exchange_node& on, const payload& before, const std::string& prompt, int steps) {
    auto work = request<think>(before, prompt);
    work.steps = steps;
    return ask(on.device, std::move(work));
  }

  result generating(const exchange_node& on, const payload& before, const std::string& prompt, int tokens) {
    auto work = request<generate>(before, prompt);
    work.max_new_tokens = tokens;
    work.sampling.temperature = 0;
    return ask(on.device, std::move(work));
  }

  static wanted_context wanting(const exchange_node& to, const exchange_node& from, const payload& original,
                                const payload& base = {}) {
    wanted_context wanted;
    wanted.from = from.self;
    wanted.history = context_in(original)->history();
    wanted.base = base;
    wanted.device = to.device;
    wanted.model = "main";
    return wanted;
  }

  /// Fetches a context that `from` keeps, as two nodes do that talk to each other.
  static std::future<expected<moved_context>> fetching(const exchange_node& to, const exchange_node& from,
                                                       const wanted_context& wanted,
                                                       compression level = compression::none) {
    auto came = std::make_shared<std::promise<expected<moved_context>>>();
    // What was sent may be told of after the receiver is gone.
    const auto ask = [receiving = std::weak_ptr(to.exchange), sending = std::weak_ptr(from.exchange), self = to.self,
                      wanted, level](const std::string& ticket) {
      auto receiver = self;
      receiver.level = level;
      const auto base = context_in(wanted.base);
      const auto tell = [receiving, ticket](const expected<moved_context>& sent) {
        if (const auto alive = receiving.lock(); alive && !sent)
          alive->give_up(ticket, sent.error());
      };
      if (const auto holder = sending.lock())
        holder->send(receiver, ticket, wanted.history->id(), base ? base->history()->id() : "", tell);
    };
    to.exchange->expect(wanted, ask, [came](expected<moved_context> got) { came->set_value(std::move(got)); });
    return came->get_future();
  }

  static moved_context fetch(const exchange_node& to, const exchange_node& from, const wanted_context& wanted,
                             compression level = compression::none) {
    auto got = fetching(to, from, wanted, level).get();
    if (!got)
      throw std::runtime_error(got.error().message);
    return std::move(*got);
  }

  static error failure(std::future<expected<moved_context>> waiting) {
    auto got = waiting.get();
    if (got)
      throw std::runtime_error("expected an error");
    return got.error();
  }

  std::int64_t memory_ = std::int64_t{4} << 20;

private:
  std::vector<device_actor> devices_;
};

} // namespace avp::test
