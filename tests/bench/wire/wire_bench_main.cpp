// wire_bench: bytes on the wire of chains whose hops alternate between two nodes, with and without delta.
#include <cstdio>
#include <future>
#include <iostream>
#include <map>
#include <stdexcept>
#include <vector>

#include <CLI/CLI.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>

#include "gpu/device_error.hpp"
#include "runtime/results/statistics.hpp"
#include "tests/runtime/node/called_exchange.hpp"

namespace {

using namespace avp;

struct arguments {
  std::string model;
  weight_format format = weight_format::bfloat16;
  int steps = 10, prompt_words = 40;
  std::vector<int> hops = {2, 4, 6, 8};
  compression level = compression::none;
};

/// A device with an exchange.
struct node {
  node(caf::actor_system& system, const std::string& name, const arguments& given) {
    device_config config;
    config.models.resize(1);
    config.models.front().name = "main";
    config.models.front().source = given.model;
    config.models.front().format = given.format;
    device = start_device(system, config);
    auto started = context_exchange::start(system, {.name = name, .endpoint = "tcp://127.0.0.1:*"});
    if (!started)
      throw std::runtime_error(started.error().message);
    exchange = std::make_shared<test::called_exchange>(system, std::move(*started));
    self = {name, exchange->endpoint(), {}, given.level};
  }

  device_actor device;
  std::shared_ptr<test::called_exchange> exchange;
  data_peer self;
};

/// What one chain sent, and how it ended.
struct chain_cost {
  std::uint64_t wire = 0, whole = 0;
  std::int64_t tokens = 0;
  std::string answer;
};

template <class Request>
result ask(caf::scoped_actor& self, const node& at, Request work, const payload& on, const std::string& prompt) {
  work.id = next_request_id();
  work.model = "main";
  work.context = on;
  work.messages = {{"user", prompt}};
  std::optional<result> answer;
  self->request(at.device, caf::infinite, std::move(work))
      .receive([&](result& came) { answer = std::move(came); },
               [](const caf::error& why) { throw std::runtime_error(text_of(why)); });
  return std::move(*answer);
}

moved_context fetch(const node& to, const node& from, const payload& original, const payload& base) {
  std::promise<expected<moved_context>> came;
  const auto history = context_in(original)->history();
  const auto known = context_in(base);
  to.exchange->expect(
      {.from = from.self, .history = history, .base = base, .device = to.device, .model = "main"},
      [&](const std::string& ticket) {
        from.exchange->send(to.self, ticket, history->id(), known ? known->history()->id() : "",
                            [receiver = std::weak_ptr(to.exchange), ticket](const expected<moved_context>& sent) {
                              if (const auto alive = receiver.lock(); alive && !sent)
                                alive->give_up(ticket, sent.error());
                            });
      },
      [&](expected<moved_context> got) { came.set_value(std::move(got)); });
  auto got = came.get_future().get();
  if (!got)
    throw std::runtime_error(got.error().message);
  return std::move(*got);
}

std::string prompt_of(int hop, int words) {
  std::string text = "Agent number " + std::to_string(hop) + ", consider this:";
  for (int i = 0; i < words; ++i)
    text += " word";
  return text;
}

/// Hops that go round the nodes. Contexts stay kept on the nodes that made them, for as long as the chain lasts.
chain_cost run_chain(caf::scoped_actor& self, const std::vector<node*>& nodes, int hops, bool delta,
                     const arguments& given) {
  chain_cost cost;
  payload last;
  std::vector<std::pair<node*, std::string>> kept;
  for (int i = 0; i < hops; ++i) {
    auto* here = nodes[static_cast<std::size_t>(i) % nodes.size()];
    if (i > 0 && kept.back().first != here) {
      const auto base = delta ? here->exchange->contexts().longest_prefix(context_in(last)->history()) : payload();
      auto moved = fetch(*here, *kept.back().first, last, base);
      cost.wire += moved.wire_bytes;
      cost.whole += moved.whole_bytes;
      last = std::move(moved.context);
    }
    think work;
    work.steps = given.steps;
    last = ask(self, *here, work, last, prompt_of(i, given.prompt_words)).context;
    here->exchange->contexts().keep(last);
    kept.emplace_back(here, context_in(last)->history()->id());
  }
  cost.tokens = context_in(last)->tokens();
  generate answer;
  answer.max_new_tokens = 24;
  answer.sampling.temperature = 0;
  cost.answer = ask(self, *kept.back().first, answer, last, "Say it.").text;
  for (const auto& [where, id] : kept)
    where->exchange->contexts().release(id);
  return cost;
}

void print_exponent(const char* what, const std::vector<double>& hops, const std::vector<double>& bytes) {
  if (const auto exponent = growth_exponent(hops, bytes))
    std::printf("%s grows as hops^%.2f\n", what, *exponent);
}

int measure(const arguments& given) {
  caf::actor_system_config config;
  config.set("scheduler.policy", caf::atom("sharing"));
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  bool all_equal = true;
  {
    node a(system, "a", given), b(system, "b", given);
    std::vector<double> hops, with, without;
    std::printf("%5s %8s %14s %14s %7s\n", "hops", "tokens", "delta, bytes", "whole, bytes", "ratio");
    for (const int count : given.hops) {
      const auto alone = run_chain(self, {&a}, count, true, given);
      const auto delta = run_chain(self, {&a, &b}, count, true, given);
      const auto whole = run_chain(self, {&a, &b}, count, false, given);
      all_equal = all_equal && delta.answer == alone.answer && whole.answer == alone.answer;
      std::printf("%5d %8lld %14llu %14llu %7.2f\n", count, static_cast<long long>(whole.tokens),
                  static_cast<unsigned long long>(delta.wire), static_cast<unsigned long long>(whole.wire),
                  static_cast<double>(whole.wire) / static_cast<double>(delta.wire));
      std::fflush(stdout);
      hops.push_back(count);
      with.push_back(static_cast<double>(delta.wire));
      without.push_back(static_cast<double>(whole.wire));
    }
    print_exponent("delta", hops, with);
    print_exponent("whole", hops, without);
    std::printf("answers %s those of one node\n", all_equal ? "equal" : "DIFFER from");
    for (const auto* one : {&a, &b})
      self->send_exit(one->device, caf::exit_reason::user_shutdown);
  }
  return all_equal ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
  const std::map<std::string, weight_format> formats = {
      {"float32", weight_format::float32}, {"bfloat16", weight_format::bfloat16}, {"native", weight_format::native}};
  arguments given;
  int zstd = 0;
  CLI::App app("Bytes on the wire of chains whose hops alternate between two nodes, with and without delta.");
  app.add_option("--model", given.model, "catalogue name, .gguf file or directory")->required();
  app.add_option("--dtype", given.format, "float32, bfloat16 or native")->transform(CLI::CheckedTransformer(formats));
  app.add_option("--steps", given.steps, "latent steps of each hop");
  app.add_option("--prompt-words", given.prompt_words, "length of each hop's prompt");
  app.add_option("--hops", given.hops, "lengths of the chains")->delimiter(',');
  app.add_option("--zstd", zstd, "level of compression; 0 for none")->check(CLI::Range(0, 22));
  CLI11_PARSE(app, argc, argv);
  given.level = static_cast<compression>(zstd);
  try {
    return measure(given);
  } catch (const std::exception& error) {
    std::cerr << "wire_bench: " << error.what() << '\n';
    return 1;
  }
}
