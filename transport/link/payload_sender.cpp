// The sender's thread: a DEALER socket, a queue of payloads, and the protocol between them.
#include "transport/link/payload_sender.hpp"

#include <atomic>
#include <cerrno>
#include <deque>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <zmq.hpp>

#include "transport/link/buffer_pool.hpp"
#include "transport/link/link_address.hpp"
#include "transport/link/outbox.hpp"
#include "transport/link/wakeup.hpp"
#include "transport/message.hpp"
#include "transport/random_id.hpp"

namespace avp {

namespace {

using clock = std::chrono::steady_clock;

/// What keeps an encoded message alive until ZeroMQ has written it to the socket.
struct sent_buffer {
  byte_buffer bytes;
  std::shared_ptr<buffer_pool> pool;
  std::shared_ptr<wakeup> wake;

  static void release(void*, void* self) {
    const std::unique_ptr<sent_buffer> done(static_cast<sent_buffer*>(self));
    done->pool->give(std::move(done->bytes));
    done->wake->signal();
  }
};

zmq::message_t copy_of(std::span<const std::byte> bytes) { return {bytes.data(), bytes.size()}; }

/// An address that is none, or whose host is not known.
class address_error : public std::runtime_error {
public:
  explicit address_error(const error& why) : std::runtime_error(why.message), code(why.code) {}
  errc code;
};

} // namespace

class payload_sender::loop {
public:
  loop(sender_options options, peer_handler on_peer)
      : options_(std::move(options)),
        on_peer_(std::move(on_peer)),
        pool_(std::make_shared<buffer_pool>(options_.max_encoded_bytes)),
        wake_(std::make_shared<wakeup>()),
        box_(options_, surroundings(), clock::now()) {
    const auto address = reachable_link_address(options_.endpoint);
    if (!address)
      throw address_error(address.error());
    address_ = *address;
    connect();
    thread_ = std::thread([this] { run(); });
  }

  ~loop() {
    stop_ = true;
    wake_->signal();
    thread_.join();
  }

  void send(payload content, send_handler done) {
    ++pending_;
    auto counted = [this, done = std::move(done)](expected<send_receipt> result) {
      --pending_;
      if (done)
        done(std::move(result));
    };
    {
      const std::lock_guard lock(mutex_);
      if (!ended_) {
        submitted_.emplace_back(std::move(content), std::move(counted));
        wake_->signal();
        return;
      }
    }
    counted(tl::unexpected(closed()));
  }

  [[nodiscard]] std::size_t pending() const { return pending_; }

private:
  outbox::surroundings surroundings() {
    return {.control = [this](const envelope& e, std::span<const std::byte> more) { return control(e, more); },
            .data = [this](const envelope& e, const payload& content) { return data(e, content); },
            .reconnect =
                [this] {
                  // A name may mean another machine by now; one that is not known now may be known again.
                  address_ = reachable_link_address(options_.endpoint).value_or(address_);
                  connect();
                },
            .on_peer =
                [this](const std::optional<error>& what) {
                  if (on_peer_)
                    on_peer_(what);
                }};
  }

  void connect() {
    monitor_ = zmq::socket_t();
    socket_ = zmq::socket_t(context_, zmq::socket_type::dealer);
    socket_.set(zmq::sockopt::linger, 0);
    socket_.set(zmq::sockopt::sndhwm, 0);
    // Without a connection nothing is queued: credit and resending are the outbox's business.
    socket_.set(zmq::sockopt::immediate, 1);
    socket_.set(zmq::sockopt::reconnect_ivl, 50);
    socket_.set(zmq::sockopt::reconnect_ivl_max, 1000);
    if (options_.curve) {
      socket_.set(zmq::sockopt::curve_serverkey, options_.curve->server_key);
      socket_.set(zmq::sockopt::curve_publickey, options_.curve->own.public_key);
      socket_.set(zmq::sockopt::curve_secretkey, options_.curve->own.secret_key);
    }
    const auto address = fmt::format("inproc://monitor-{}", ++connections_);
    if (zmq_socket_monitor(socket_, address.c_str(), ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) != 0)
      throw zmq::error_t();
    monitor_ = zmq::socket_t(context_, zmq::socket_type::pair);
    monitor_.connect(address);
    socket_.set(zmq::sockopt::ipv6, address_.ipv6);
    socket_.connect(address_.endpoint);
  }

  bool control(const envelope& e, std::span<const std::byte> more) {
    const auto frame = encode_envelope(e);
    const auto flags = more.empty() ? zmq::send_flags::dontwait : zmq::send_flags::dontwait | zmq::send_flags::sndmore;
    if (!socket_.send(copy_of(frame), flags))
      return false;
    if (!more.empty())
      (void)socket_.send(copy_of(more), zmq::send_flags::dontwait);
    return true;
  }

  /// Encodes into memory of the pool, which has it back where that fails. A body may throw: a device took back what it
  /// stood for.
  expected<std::uint64_t> encode_to(byte_buffer& bytes, const payload& content, std::uint64_t most) {
    try {
      if (options_.level == compression::none) {
        bytes = pool_->take(most);
        auto written = encode_into(content, bytes.bytes());
        if (!written)
          pool_->give(std::move(bytes));
        return written;
      }
      auto encoded = encode(content, options_.level);
      if (!encoded)
        return tl::unexpected(std::move(encoded.error()));
      bytes = pool_->adopt(std::move(*encoded));
      return bytes.size();
    } catch (const std::exception& mistake) {
      if (bytes.data())
        pool_->give(std::move(bytes));
      return fail(errc::rejected, fmt::format("Link: a payload cannot be read: {}.", mistake.what()));
    }
  }

  expected<std::uint64_t> data(const envelope& e, const payload& content) {
    if ((socket_.get(zmq::sockopt::events) & ZMQ_POLLOUT) == 0)
      return 0;
    auto buffer = std::make_unique<sent_buffer>(sent_buffer{{}, pool_, wake_});
    const auto most = encoded_size(content.meta, content.body->size());
    const auto used = pool_->in_use();
    if (used != 0 && used + most > options_.max_encoded_bytes)
      return 0;
    const auto length = encode_to(buffer->bytes, content, most);
    if (!length)
      return length;
    auto* start = buffer->bytes.data();
    zmq::message_t body(start, *length, sent_buffer::release, buffer.release());
    const auto frame = encode_envelope(e);
    if (!socket_.send(copy_of(frame), zmq::send_flags::dontwait | zmq::send_flags::sndmore) ||
        !socket_.send(body, zmq::send_flags::dontwait))
      return 0;
    return length;
  }

  void run() {
    try {
      while (!stop_)
        round();
    } catch (const std::exception& mistake) {
      spdlog::error("Link: the sender to {} ends: {}.", options_.endpoint, mistake.what());
    }
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    take_submitted();
    box_.fail_all(closed());
  }

  [[nodiscard]] error closed() const {
    return {errc::closed, fmt::format("Link: the sender to {} was closed.", options_.endpoint)};
  }

  void round() {
    const auto next = box_.tick(clock::now());
    box_.pump();
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(next - clock::now());
    zmq::pollitem_t items[] = {{socket_.handle(), 0, ZMQ_POLLIN, 0},
                               {monitor_.handle(), 0, ZMQ_POLLIN, 0},
                               {nullptr, wake_->fd(), ZMQ_POLLIN, 0}};
    if (zmq_poll(items, 3, std::max<long>(0, wait.count())) < 0 && errno != EINTR)
      throw zmq::error_t();
    wake_->clear();
    take_answers();
    take_monitored();
    take_submitted();
  }

  void take_answers() {
    for (zmq::message_t frame; socket_.recv(frame, zmq::recv_flags::dontwait);) {
      const auto e = decode_envelope({frame.data<std::byte>(), frame.size()});
      const bool single = !frame.more();
      while (frame.more())
        (void)socket_.recv(frame);
      if (e && single)
        box_.take(*e, clock::now());
    }
  }

  void take_monitored() {
    bool refused = false;
    for (zmq::message_t frame; monitor_.recv(frame, zmq::recv_flags::dontwait);)
      refused = refused || frame.more(); // only the one event that was asked for comes
    if (refused)
      box_.lose({errc::unauthorized, fmt::format("Link: {} does not accept our key.", options_.endpoint)},
                clock::now());
  }

  void take_submitted() {
    std::deque<std::pair<payload, send_handler>> taken;
    {
      const std::lock_guard lock(mutex_);
      taken.swap(submitted_);
    }
    for (auto& [content, done] : taken)
      box_.submit(std::move(content), std::move(done));
  }

  sender_options options_;
  link_address address_;
  peer_handler on_peer_;
  zmq::context_t context_;
  zmq::socket_t socket_;
  zmq::socket_t monitor_;
  std::uint64_t connections_ = 0;
  std::shared_ptr<buffer_pool> pool_;
  std::shared_ptr<wakeup> wake_;
  outbox box_;

  std::mutex mutex_;
  std::deque<std::pair<payload, send_handler>> submitted_;
  std::atomic<std::size_t> pending_{0};
  bool ended_ = false; ///< Nobody takes what is submitted any more.
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

expected<std::unique_ptr<payload_sender>> payload_sender::connect(sender_options options, peer_handler on_peer) {
  if (options.curve && (!is_curve_key(options.curve->server_key) || !is_curve_key(options.curve->own.public_key) ||
                        !is_curve_key(options.curve->own.secret_key)))
    return fail(errc::invalid_argument, "Link: a CURVE key has 40 characters of Z85.");
  const auto endpoint = options.endpoint;
  try {
    return std::unique_ptr<payload_sender>(
        new payload_sender(std::make_unique<loop>(std::move(options), std::move(on_peer))));
  } catch (const address_error& mistake) {
    return fail(mistake.code, fmt::format("Link: cannot connect to {}: {}.", endpoint, mistake.what()));
  } catch (const zmq::error_t& mistake) {
    const auto code = mistake.num() == EMFILE || mistake.num() == ENFILE ? errc::io_failed : errc::invalid_argument;
    return fail(code, fmt::format("Link: cannot connect to {}: {}.", endpoint, mistake.what()));
  } catch (const std::exception& mistake) {
    return fail(errc::io_failed, fmt::format("Link: cannot connect to {}: {}.", endpoint, mistake.what()));
  }
}

payload_sender::payload_sender(std::unique_ptr<loop> running) : loop_(std::move(running)) {}

payload_sender::~payload_sender() = default;

void payload_sender::send(payload content, send_handler done) { loop_->send(std::move(content), std::move(done)); }

std::size_t payload_sender::pending() const { return loop_->pending(); }

} // namespace avp
