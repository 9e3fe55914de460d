// The ZeroMQ link over tcp loopback, codec included, against plain sockets that send the same bytes, in one run; and
// the latency of a 1 KiB message.
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/transport/measure.hpp"
#include "transport/link/message_memory.hpp"
#include "transport/link/payload_receiver.hpp"
#include "transport/link/payload_sender.hpp"
#include "transport/message.hpp"

namespace {

using namespace avp;

/// Sends so many bytes in each measurement.
constexpr std::uint64_t bytes_per_round = 500'000'000;

/// Two connected TCP sockets of the loopback interface.
struct socket_pair {
  int near = -1;
  int far = -1;

  socket_pair() {
    const int listening = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof where;
    bind(listening, reinterpret_cast<sockaddr*>(&where), length);
    listen(listening, 1);
    getsockname(listening, reinterpret_cast<sockaddr*>(&where), &length);
    near = socket(AF_INET, SOCK_STREAM, 0);
    connect(near, reinterpret_cast<sockaddr*>(&where), sizeof where);
    far = accept(listening, nullptr, nullptr);
    close(listening);
    const int on = 1;
    setsockopt(near, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(far, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  ~socket_pair() {
    close(near);
    close(far);
  }
};

void send_all(int fd, std::span<const std::byte> bytes) {
  while (!bytes.empty())
    bytes = bytes.subspan(static_cast<std::size_t>(send(fd, bytes.data(), bytes.size(), 0)));
}

void receive_all(int fd, std::span<std::byte> bytes) {
  while (!bytes.empty())
    bytes = bytes.subspan(static_cast<std::size_t>(recv(fd, bytes.data(), bytes.size(), 0)));
}

/// Sends encoded messages over plain sockets, and one byte back at the end.
void plain_sockets(const socket_pair& ends, const byte_buffer& message, byte_buffer& into, int messages) {
  std::thread receiving([&, messages] {
    for (int i = 0; i < messages; ++i)
      receive_all(ends.far, into.bytes());
    send_all(ends.far, into.bytes().first(1));
  });
  for (int i = 0; i < messages; ++i)
    send_all(ends.near, message.bytes());
  std::byte done;
  receive_all(ends.near, {&done, 1});
  receiving.join();
}

/// A link in this process.
struct link_pair {
  std::atomic<std::uint64_t> bytes{0};
  std::unique_ptr<payload_receiver> receiver;
  std::unique_ptr<payload_sender> sender;
  std::mutex mutex;
  std::condition_variable changed;
  int acknowledged = 0;

  explicit link_pair(bool curve) {
    const auto server = *new_key_pair();
    const auto client = *new_key_pair();
    receiver_options receiving;
    receiving.endpoint = "tcp://127.0.0.1:*";
    sender_options sending;
    if (curve) {
      receiving.curve = curve_server{server, {client.public_key}};
      sending.curve = curve_client{client, server.public_key};
    }
    receiver = *payload_receiver::bind(receiving, {[this](received_payload p) { bytes += p.wire_bytes; }, {}});
    sending.endpoint = receiver->endpoint();
    sender = *payload_sender::connect(sending);
  }

  void send(const payload& content, int count) {
    acknowledged = 0;
    for (int i = 0; i < count; ++i)
      sender->send(content, [this](const auto&) {
        const std::lock_guard lock(mutex);
        ++acknowledged;
        changed.notify_one();
      });
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return acknowledged == count; });
  }
};

void throughput(std::uint32_t tokens) {
  const auto content = bench::kv_payload(tokens);
  const auto message = *encode(content);
  byte_buffer into(message.size());
  const int messages = static_cast<int>(bytes_per_round / message.size());
  link_pair plain(false);
  link_pair curve(true);
  const socket_pair ends;
  plain.send(content, 2);
  curve.send(content, 2);
  const auto times = bench::medians({[&] { plain_sockets(ends, message, into, messages); },
                                     [&] { plain.send(content, messages); }, [&] { curve.send(content, messages); }},
                                    5);
  const double total = static_cast<double>(message.size()) * messages / 1e9;
  std::printf(
      "%u tokens, %.2f MB a message: plain sockets %.2f GB/s, link %.2f GB/s (%.0f %%), link with CURVE %.2f GB/s "
      "(%.0f %%)\n",
      tokens, static_cast<double>(message.size()) / 1e6, total / times[0], total / times[1], 100 * times[0] / times[1],
      total / times[2], 100 * times[0] / times[2]);
}

void latency() {
  constexpr int count = 2000;
  payload content;
  const auto bytes = std::make_shared<std::vector<std::byte>>(1024);
  content.body = std::make_shared<memory_body>(*bytes, bytes);
  link_pair plain(false);
  link_pair curve(true);
  const socket_pair ends;
  byte_buffer buffer(1024);
  plain.send(content, 10);
  curve.send(content, 10);
  const auto ping = [&] {
    std::thread echo([&] {
      byte_buffer mine(1024);
      for (int i = 0; i < count; ++i) {
        receive_all(ends.far, mine.bytes());
        send_all(ends.far, mine.bytes().first(1));
      }
    });
    for (int i = 0; i < count; ++i) {
      send_all(ends.near, buffer.bytes());
      receive_all(ends.near, buffer.bytes().first(1));
    }
    echo.join();
  };
  const auto each = [&](link_pair& l) {
    return [&l, &content] {
      for (int i = 0; i < count; ++i)
        l.send(content, 1);
    };
  };
  const auto times = bench::medians({ping, each(plain), each(curve)}, 3);
  std::printf("1 KiB and its acknowledgement: plain sockets %.1f us, link %.1f us, link with CURVE %.1f us\n",
              1e6 * times[0] / count, 1e6 * times[1] / count, 1e6 * times[2] / count);
}

} // namespace

int main() {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  keep_message_memory();
  throughput(128);
  throughput(2000);
  latency();
}
