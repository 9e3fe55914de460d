// Links whose ends are killed, stopped, reset and lied to: other processes and plain sockets on the other side.
#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/transport/link/payloads.hpp"
#include "tests/transport/web/raw_socket.hpp"
#include "transport/link/payload_receiver.hpp"
#include "transport/link/payload_sender.hpp"

namespace avp {
namespace {

using namespace std::chrono_literals;
using test::bytes_of;
using test::number_of;
using test::numbered_payload;
using test::raw_socket;

constexpr std::size_t mib = 1 << 20;

receiver_options receiver_at(const std::string& endpoint) {
  receiver_options options;
  options.endpoint = endpoint;
  options.heartbeat = 50ms;
  options.peer_timeout = 1500ms;
  return options;
}

sender_options sender_to(const std::string& endpoint) {
  sender_options options;
  options.endpoint = endpoint;
  options.name = "sender";
  options.heartbeat = 50ms;
  options.peer_timeout = 1000ms;
  return options;
}

/// A child process that runs a function, and a pipe on which it tells numbers. The tests of this program leave no
/// thread behind, so a child may go on without exec.
class child {
public:
  explicit child(const std::function<void(const std::function<void(std::uint64_t)>&)>& work) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
      throw std::runtime_error("pipe");
    read_ = ends[0];
    id_ = fork();
    if (id_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL); // no test leaves a process behind
      work([write_end = ends[1]](std::uint64_t n) {
        if (write(write_end, &n, sizeof n) != sizeof n)
          _exit(1);
      });
      _exit(0);
    }
    close(ends[1]);
  }
  ~child() {
    if (id_ > 0)
      kill();
    close(read_);
  }

  void signal(int number) const { ::kill(id_, number); }

  void kill() {
    signal(SIGKILL);
    waitpid(std::exchange(id_, -1), nullptr, 0);
  }

  /// The next number that the child told, or nothing at its end or after the limit.
  std::optional<std::uint64_t> told(std::chrono::milliseconds limit = 20s) const {
    pollfd p{read_, POLLIN, 0};
    std::uint64_t n = 0;
    if (poll(&p, 1, static_cast<int>(limit.count())) <= 0 || read(read_, &n, sizeof n) != sizeof n)
      return std::nullopt;
    return n;
  }

private:
  pid_t id_;
  int read_ = -1;
};

/// Receives until it is killed and tells the numbers of the payloads. Each is checked byte for byte.
void tell_what_comes(const std::string& endpoint, const std::function<void(std::uint64_t)>& tell) {
  auto receiver =
      payload_receiver::bind(receiver_at(endpoint), {[&](received_payload p) {
                                                       const auto n = number_of(p.content);
                                                       const auto size = p.content.body->size();
                                                       if (bytes_of(p.content) != bytes_of(numbered_payload(n, size)))
                                                         _exit(3);
                                                       tell(n);
                                                     },
                                                     {}});
  for (int tries = 0; !receiver && tries < 100; ++tries) {
    std::this_thread::sleep_for(20ms);
    receiver =
        payload_receiver::bind(receiver_at(endpoint), {[&](received_payload p) { tell(number_of(p.content)); }, {}});
  }
  if (!receiver)
    _exit(2);
  for (;;)
    pause();
}

int free_port() { return raw_socket::listen().port(); }

std::string tcp_endpoint() { return "tcp://127.0.0.1:" + std::to_string(free_port()); }

long peak_rss_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

/// What a receiver of this process got.
struct log {
  std::mutex mutex;
  std::vector<std::uint64_t> numbers;
  std::atomic<int> lost{0};
  std::atomic<int> damaged{0};

  receiver_handlers handlers() {
    return {[this](received_payload p) {
              const auto n = number_of(p.content);
              if (bytes_of(p.content) != bytes_of(numbered_payload(n, p.content.body->size())))
                ++damaged;
              const std::lock_guard lock(mutex);
              numbers.push_back(n);
            },
            [this](const link_peer&, const error&) { ++lost; }};
  }

  std::vector<std::uint64_t> all() {
    const std::lock_guard lock(mutex);
    return numbers;
  }
};

template <class Condition>
bool eventually(Condition holds, std::chrono::milliseconds limit = 30s) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end)
      return false;
    std::this_thread::sleep_for(5ms);
  }
  return true;
}

TEST(link_fault, a_receiver_killed_in_the_middle_of_64_mib_loses_nothing_while_the_sender_lives) {
  const auto where = tcp_endpoint();
  auto options = sender_to(where);
  options.loss = on_loss::keep;
  std::atomic<int> acknowledged{0};
  constexpr int count = 6;
  std::map<std::uint64_t, int> came;
  {
    // The first life is forked before this process has threads; the others by a child without threads of its own.
    child lives([&](const auto& tell) {
      std::mt19937 random(7);
      for (int life = 0; life < 5; ++life) {
        const auto pid = fork();
        if (pid == 0) {
          prctl(PR_SET_PDEATHSIG, SIGKILL);
          tell_what_comes(where, tell);
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(life < 4 ? 60 + random() % 200 : 3'600'000));
        ::kill(pid, SIGKILL);
        waitpid(pid, nullptr, 0);
        tell(1000); // the end of a life
      }
    });
    auto sender = payload_sender::connect(options);
    ASSERT_TRUE(sender);
    for (int i = 0; i < count; ++i)
      (*sender)->send(numbered_payload(i, 64 * mib), [&](expected<send_receipt> r) { acknowledged += r.has_value(); });
    std::vector<std::uint64_t> this_life;
    int ends = 0;
    while (acknowledged < count || ends < 4) {
      const auto n = lives.told();
      ASSERT_TRUE(n) << "acknowledged " << acknowledged << ", lives " << ends;
      if (*n == 1000) {
        ++ends;
        this_life.clear();
        continue;
      }
      EXPECT_THAT(this_life, testing::Not(testing::Contains(*n))) << "twice in one life";
      this_life.push_back(*n);
      ++came[*n];
      if (came.size() == count && ends >= 4)
        break;
    }
    EXPECT_TRUE(eventually([&] { return acknowledged == count; }));
  }
  EXPECT_EQ(came.size(), static_cast<std::size_t>(count));
  std::printf("peak RSS with %d payloads of 64 MiB in the sender: %ld MiB\n", count, peak_rss_mib());
}

TEST(link_fault, a_sender_killed_in_the_middle_of_64_mib_leaves_no_half_payload_and_is_reported) {
  const auto where = tcp_endpoint();
  std::mt19937 random(3);
  for (int round = 0; round < 4; ++round) {
    child sending([&](const auto& tell) {
      auto sender = payload_sender::connect(sender_to(where));
      tell(0);
      for (std::uint64_t i = 0;; ++i) {
        std::atomic<bool> over{false};
        (*sender)->send(numbered_payload(i, 64 * mib), [&](const auto&) { over = true; });
        while (!over)
          std::this_thread::sleep_for(1ms);
      }
    });
    log in;
    auto receiver = payload_receiver::bind(receiver_at(where), in.handlers());
    ASSERT_TRUE(receiver) << receiver.error().message;
    ASSERT_TRUE(sending.told());
    ASSERT_TRUE(eventually([&] { return !in.all().empty(); }));
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 250));
    sending.kill();
    EXPECT_TRUE(eventually([&] { return in.lost == 1; }, 4s)) << "the loss has to be told within the set time";
    EXPECT_EQ(in.damaged, 0);
    const auto numbers = in.all();
    for (std::size_t i = 0; i < numbers.size(); ++i)
      EXPECT_EQ(numbers[i], i);
  }
}

TEST(link_fault, a_receiver_that_is_stopped_is_an_error_in_time_and_gets_the_rest_when_it_continues) {
  const auto where = test::ipc_endpoint();
  const child receiving([&](const auto& tell) { tell_what_comes(where, tell); });
  auto options = sender_to(where);
  options.loss = on_loss::keep;
  std::atomic<int> acknowledged{0};
  std::atomic<int> lost{0};
  std::atomic<int> found{0};
  auto sender = payload_sender::connect(options, [&](const std::optional<error>& what) { ++(what ? lost : found); });
  const auto send = [&](int from, int to) {
    for (int i = from; i < to; ++i)
      (*sender)->send(numbered_payload(i, 3 * mib), [&](expected<send_receipt> r) { acknowledged += r.has_value(); });
  };
  send(0, 5);
  ASSERT_TRUE(eventually([&] { return acknowledged == 5; }));
  receiving.signal(SIGSTOP);
  send(5, 30);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(eventually([&] { return lost == 1; }, 3s));
  EXPECT_LT(std::chrono::steady_clock::now() - start, 2500ms);
  receiving.signal(SIGCONT);
  EXPECT_TRUE(eventually([&] { return acknowledged == 30; }));
  EXPECT_TRUE(eventually([&] { return found == lost; })) << "found as often as lost: once, on a machine that keeps up";
  for (std::uint64_t i = 0; i < 30; ++i)
    ASSERT_EQ(receiving.told(), i) << "in order, and each once";
  EXPECT_FALSE(receiving.told(200ms));
}

TEST(link_fault, a_sender_that_is_stopped_is_reported_and_goes_on_where_it_was) {
  const auto where = test::ipc_endpoint();
  const child sending([&](const auto& tell) {
    auto options = sender_to(where);
    options.loss = on_loss::keep;
    auto sender = payload_sender::connect(options);
    for (std::uint64_t i = 0; i < 400; ++i) {
      (*sender)->send(numbered_payload(i, 200'000), {});
      std::this_thread::sleep_for(2ms);
    }
    while ((*sender)->pending() > 0)
      std::this_thread::sleep_for(1ms);
    tell(1);
  });
  log in;
  auto receiver = payload_receiver::bind(receiver_at(where), in.handlers());
  ASSERT_TRUE(receiver);
  ASSERT_TRUE(eventually([&] { return in.all().size() > 20; }));
  sending.signal(SIGSTOP);
  EXPECT_TRUE(eventually([&] { return in.lost == 1; }, 4s));
  sending.signal(SIGCONT);
  EXPECT_EQ(sending.told(), 1u);
  const auto numbers = in.all();
  ASSERT_EQ(numbers.size(), 400u);
  for (std::size_t i = 0; i < numbers.size(); ++i)
    ASSERT_EQ(numbers[i], i);
  EXPECT_EQ(in.damaged, 0);
}

/// Carries bytes between a sender and a receiver, and resets both connections when told to.
class breaking_proxy {
public:
  explicit breaking_proxy(int target) : target_(target), socket_(raw_socket::listen()) {
    thread_ = std::thread([this] { run(); });
  }
  ~breaking_proxy() {
    stop_ = true;
    thread_.join();
  }
  [[nodiscard]] std::string endpoint() const { return "tcp://127.0.0.1:" + std::to_string(socket_.port()); }
  void break_now() { break_ = true; }
  [[nodiscard]] int connections() const { return connections_; }

private:
  void run() {
    while (!stop_) {
      pollfd waiting{socket_.fd(), POLLIN, 0};
      if (poll(&waiting, 1, 20) > 0)
        carry(socket_.accept(), raw_socket::connect(target_));
    }
  }

  void carry(raw_socket near, raw_socket far) {
    ++connections_;
    break_ = false;
    while (!stop_ && !break_) {
      pollfd ends[] = {{near.fd(), POLLIN, 0}, {far.fd(), POLLIN, 0}};
      if (poll(ends, 2, 5) <= 0)
        continue;
      for (int i = 0; i < 2; ++i) {
        if (ends[i].revents == 0)
          continue;
        const auto bytes = (i == 0 ? near : far).receive();
        if (bytes.empty() || !(i == 0 ? far : near).send(bytes))
          break_ = true;
      }
    }
    near.reset();
    far.reset();
  }

  int target_;
  raw_socket socket_;
  std::atomic<bool> stop_{false};
  std::atomic<bool> break_{false};
  std::atomic<int> connections_{0};
  std::thread thread_;
};

TEST(link_fault, connections_that_are_reset_lose_and_double_nothing) {
  log in;
  auto receiver = payload_receiver::bind(receiver_at("tcp://127.0.0.1:*"), in.handlers());
  const auto bound = (*receiver)->endpoint();
  breaking_proxy proxy(std::stoi(bound.substr(bound.rfind(':') + 1)));
  auto options = sender_to(proxy.endpoint());
  options.loss = on_loss::keep;
  options.part_bytes = 700'000; // some of the payloads go in parts
  std::atomic<int> acknowledged{0};
  auto sender = payload_sender::connect(options);
  constexpr int count = 600;
  for (int i = 0; i < count; ++i)
    (*sender)->send(numbered_payload(i, i % 10 == 0 ? 2 * mib : 100'000),
                    [&](expected<send_receipt> r) { acknowledged += r.has_value(); });
  std::mt19937 random(11);
  for (int i = 0; i < 40 && acknowledged < count; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5 + random() % 20));
    proxy.break_now();
  }
  EXPECT_TRUE(eventually([&] { return acknowledged == count; }));
  EXPECT_GT(proxy.connections(), 2);
  const auto numbers = in.all();
  ASSERT_EQ(numbers.size(), static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i)
    ASSERT_EQ(numbers[i], static_cast<std::uint64_t>(i));
  EXPECT_EQ(in.damaged, 0);
}

TEST(link_fault, garbage_on_the_port_does_no_harm) {
  const auto server = *new_key_pair();
  const auto client = *new_key_pair();
  for (const bool curve : {false, true}) {
    log in;
    auto receiving = receiver_at("tcp://127.0.0.1:*");
    if (curve)
      receiving.curve = curve_server{server, {client.public_key}};
    receiving.max_message_bytes = 10 * mib;
    auto receiver = payload_receiver::bind(receiving, in.handlers());
    const auto bound = (*receiver)->endpoint();
    const int port = std::stoi(bound.substr(bound.rfind(':') + 1));
    std::mt19937 random(5);
    const std::string greeting = std::string("\xff\0\0\0\0\0\0\0\x01\x7f\x03\0NULL", 16) + std::string(48, '\0');
    for (int i = 0; i < 60; ++i) {
      auto connection = raw_socket::connect(port);
      std::string bytes;
      if (i % 2 == 0)
        bytes = greeting + std::string("\x04\x19\x05READY", 8);
      if (i % 5 == 0)
        bytes += std::string("\x02\x7f\xff\xff\xff\xff\xff\xff\xff", 9); // a frame of 2^63 bytes
      for (auto left = random() % 3000; left > 0; --left)
        bytes += static_cast<char>(random());
      connection.send(bytes);
      if (i % 3 == 0)
        connection.reset();
    }
    auto options = sender_to(bound);
    if (curve)
      options.curve = curve_client{client, server.public_key};
    std::atomic<int> acknowledged{0};
    auto sender = payload_sender::connect(options);
    for (int i = 0; i < 3; ++i)
      (*sender)->send(numbered_payload(i, mib), [&](expected<send_receipt> r) { acknowledged += r.has_value(); });
    EXPECT_TRUE(eventually([&] { return acknowledged == 3; }, 10s)) << (curve ? "curve" : "plain");
    EXPECT_EQ(in.all().size(), 3u);
  }
}

TEST(link_fault, a_slow_reader_bounds_the_memory_of_both_sides) {
  const auto where = test::ipc_endpoint();
  constexpr std::uint64_t total = 1024;
  // Each side in a process of its own, so that its peak is its own.
  child receiving([&](const auto& tell) {
    auto options = receiver_at(where);
    options.window = 32 * mib;
    std::mutex mutex;
    std::vector<received_payload> held;
    std::uint64_t taken = 0;
    auto receiver = payload_receiver::bind(options, {[&](received_payload p) {
                                                       const std::lock_guard lock(mutex);
                                                       held.push_back(std::move(p));
                                                     },
                                                     {}});
    while (taken < total / 8) {
      std::this_thread::sleep_for(15ms);
      std::vector<received_payload> now;
      {
        const std::lock_guard lock(mutex);
        now.swap(held);
      }
      taken += now.size();
    }
    tell(taken);
    tell(static_cast<std::uint64_t>(peak_rss_mib()));
    pause();
  });
  child sending([&](const auto& tell) {
    // One body for all payloads: what grows is what the link holds.
    const auto shared = numbered_payload(1, 8 * mib);
    auto options = sender_to(where);
    options.max_encoded_bytes = 64 * mib;
    auto sender = payload_sender::connect(options);
    for (std::uint64_t i = 0; i < total / 8; ++i)
      (*sender)->send(shared, {});
    while ((*sender)->pending() > 0)
      std::this_thread::sleep_for(1ms);
    tell(static_cast<std::uint64_t>(peak_rss_mib()));
  });
  ASSERT_EQ(receiving.told(60s), total / 8);
  const auto receiver_peak = receiving.told();
  const auto sender_peak = sending.told();
  ASSERT_TRUE(receiver_peak && sender_peak);
  std::printf("1 GiB through a window of 32 MiB: peak RSS of the receiver %lu MiB, of the sender %lu MiB\n",
              static_cast<unsigned long>(*receiver_peak), static_cast<unsigned long>(*sender_peak));
#ifdef __SANITIZE_ADDRESS__
  constexpr std::uint64_t most = 1000; // what is freed stays in the sanitizer's quarantine for a while
#else
  constexpr std::uint64_t most = 400;
#endif
  EXPECT_LT(*receiver_peak, most);
  EXPECT_LT(*sender_peak, most);
}

} // namespace
} // namespace avp
