// Random pipelines until the time is up.
#include <atomic>
#include <iostream>
#include <random>
#include <thread>

#include <caf/scoped_actor.hpp>

#include "tests/bench/engine/crowd.hpp"
#include "tests/bench/engine/process_memory.hpp"

namespace avp::bench {

namespace {

using json = nlohmann::ordered_json;
using clock = std::chrono::steady_clock;

struct tally {
  std::atomic<std::int64_t> tasks{0}, answered{0}, refused{0}, cancelled{0};
};

// One client: a thread with a mailbox of its own.
class client {
public:
  client(bench_device& device, tally& counts, std::uint64_t seed)
      : device_(device.actor()),
        self_(device.system()),
        counts_(counts),
        random_(seed) {}

  void run_until(clock::time_point end) {
    while (clock::now() < end) {
      one_task(end);
      ++counts_.tasks;
    }
  }

private:
  int from(int low, int high) { return std::uniform_int_distribution(low, high)(random_); }
  bool one_in(int number) { return from(1, number) == 1; }

  // Some tasks begin alike, so that there is something to share.
  std::string prompt() {
    std::string text = one_in(2) ? "You are one of four agents that solve a problem together. Read it with care. " : "";
    for (int words = one_in(10) ? from(200, 900) : from(1, 60); words > 0; --words)
      text += " word" + std::to_string(from(0, 99));
    return text;
  }

  // What must fail, in all ways that a caller can cause.
  void spoil(conversation& request) {
    switch (from(1, 3)) {
    case 1:
      request.model = "nobody";
      break;
    case 2:
      request.time_limit = 0.005;
      break;
    default:
      request.messages = {{"no such role", "text"}};
      break;
    }
  }

  template <class Request>
  std::optional<result> ask(Request request) {
    request.task = place_;
    if (one_in(25))
      spoil(request);
    const auto id = request.id;
    auto pending = self_->request(device_, caf::infinite, std::move(request));
    if (one_in(15)) {
      std::this_thread::sleep_for(std::chrono::milliseconds(from(0, 300)));
      self_->send(device_, cancel{id});
      ++counts_.cancelled;
    }
    std::optional<result> answer;
    pending.receive([&](result& came) { answer = std::move(came); }, [&](const caf::error&) { ++counts_.refused; });
    if (answer)
      ++counts_.answered;
    return answer;
  }

  std::optional<result> hop_on(const payload& context) {
    if (one_in(2)) {
      auto request = request_of<think>(prompt());
      request.context = context;
      request.steps = from(0, 12);
      return ask(std::move(request));
    }
    auto request = request_of<generate>(prompt());
    request.context = context;
    request.max_new_tokens = from(1, 40);
    request.sampling.temperature = one_in(2) ? 0.0F : 0.8F;
    request.seed = random_();
    if (one_in(5))
      request.stop = {"e"};
    return ask(std::move(request));
  }

  void one_task(clock::time_point end) {
    static std::atomic<std::uint64_t> places{0};
    place_ = places++;
    std::vector<payload> held(1); // contexts of this task; the first hop has none
    for (int hops = from(1, 6); hops > 0 && clock::now() < end; --hops) {
      const auto& context = held[static_cast<std::size_t>(from(0, static_cast<int>(held.size()) - 1))];
      auto answer = hop_on(context);
      if (!answer)
        return;
      if (one_in(3))
        held.push_back(answer->context); // a fork: the one before stays alive
      else
        held.back() = answer->context;
    }
  }

  device_actor device_;
  caf::scoped_actor self_;
  tally& counts_;
  std::mt19937_64 random_;
  std::uint64_t place_ = 0;
};

// Blocks that are used when the device does nothing but answer this one request, whose own are among them.
std::int64_t blocks_beside_a_probe(bench_device& device) {
  (void)device.ask(request_of<think>("Hello"));
  (void)device.ask(request_of<think>("Hello")); // by now the device has seen that the first one's context is gone
  return device.records().counters().blocks_used;
}

json line_of(bench_device& device, double minutes, const tally& counts) {
  const auto memory = read_process_memory();
  const auto counters = device.records().counters();
  return {{"minutes", minutes},
          {"resident", memory.resident},
          {"anonymous", memory.anonymous},
          {"blocks_used", counters.blocks_used},
          {"blocks_cached", counters.blocks_cached},
          {"tasks", counts.tasks.load()},
          {"answered", counts.answered.load()},
          {"refused", counts.refused.load()},
          {"cancelled", counts.cancelled.load()},
          {"contexts_evicted", counters.contexts_evicted},
          {"preemptions", counters.preemptions}};
}

// Growth of the resident memory from the middle to the end, as a share.
double late_growth(const json& lines) {
  const auto middle = lines[lines.size() / 2]["resident"].get<double>();
  return lines.back()["resident"].get<double>() / middle - 1;
}

} // namespace

json soak(device_options options, double minutes, int clients, double report_seconds, std::uint64_t seed) {
  options.keep_records = false;
  options.prefix_sharing = true;
  bench_device device(options);
  const auto own = blocks_beside_a_probe(device);
  tally counts;
  const auto start = clock::now();
  const auto end = start + std::chrono::duration_cast<clock::duration>(std::chrono::duration<double>(minutes * 60));
  std::vector<std::jthread> threads;
  for (int i = 0; i < clients; ++i)
    threads.emplace_back([&, i] { client(device, counts, seed + static_cast<std::uint64_t>(i)).run_until(end); });
  json lines = json::array();
  for (auto now = start; now < end; now = clock::now()) {
    std::this_thread::sleep_until(std::min(
        end, now + std::chrono::duration_cast<clock::duration>(std::chrono::duration<double>(report_seconds))));
    lines.push_back(line_of(device, std::chrono::duration<double>(clock::now() - start).count() / 60, counts));
    std::cout << lines.back().dump() << std::endl;
  }
  threads.clear(); // joins: all contexts of the clients are gone
  const auto left = blocks_beside_a_probe(device) - own;
  const auto counters = device.records().counters();
  const auto growth = late_growth(lines);
  return {{"blocks_left", left},
          {"blocks_of_the_probe", own},
          {"requests_running", counters.requests_running},
          {"requests_waiting", counters.requests_waiting},
          {"tasks", counts.tasks.load()},
          {"growth_in_second_half", growth},
          {"ok", left == 0 && counters.requests_waiting == 0 && growth < 0.02}};
}

} // namespace avp::bench
