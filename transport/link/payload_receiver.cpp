// The receiver's thread: a ROUTER socket, the guard of its keys, and the protocol.
#include "transport/link/payload_receiver.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <zmq.hpp>

#include "transport/link/inbox.hpp"
#include "transport/link/link_address.hpp"
#include "transport/link/wakeup.hpp"

namespace avp {

namespace {

using clock = std::chrono::steady_clock;

/// Messages taken from the socket before reports go out and the clock is looked at again.
constexpr int batch = 64;

/// Strangers of whom the log tells; any number of them may come.
constexpr std::size_t most_told = 64;

std::string public_key_of(zmq::message_t& frame) {
  const char* key = zmq_msg_gets(frame.handle(), "User-Id");
  return key ? key : "";
}

} // namespace

class payload_receiver::loop {
public:
  loop(receiver_options options, receiver_handlers handlers)
      : options_(std::move(options)),
        wake_(std::make_shared<wakeup>()),
        box_({options_.window, options_.max_peers, options_.heartbeat, options_.peer_timeout, options_.max_split_bytes,
              options_.decode},
             {[this](const inbox::route& to, const envelope& e) { reply(to, e); }, std::move(handlers), wake_}) {
    socket_ = zmq::socket_t(context_, zmq::socket_type::router);
    socket_.set(zmq::sockopt::linger, 0);
    socket_.set(zmq::sockopt::router_mandatory, 1);
    socket_.set(zmq::sockopt::rcvhwm, batch);
    socket_.set(zmq::sockopt::maxmsgsize, static_cast<std::int64_t>(std::min<std::uint64_t>(
                                              options_.max_message_bytes, std::numeric_limits<std::int64_t>::max())));
    if (options_.curve)
      guard();
    bind_all();
    thread_ = std::thread([this] { run(); });
  }

  ~loop() {
    stop_ = true;
    wake_->signal();
    thread_.join();
  }

  [[nodiscard]] const std::string& endpoint() const { return endpoint_; }

private:
  /// Binds all addresses of the host. Of a name, those of a family that this machine does not have are left out.
  void bind_all() {
    const auto addresses = link_addresses(options_.endpoint, address_use::listen);
    if (!addresses)
      throw std::runtime_error(addresses.error().message);
    std::optional<zmq::error_t> failed;
    for (const auto& address : *addresses) {
      try {
        bind(address);
      } catch (const zmq::error_t& mistake) {
        if (mistake.num() == EADDRINUSE)
          throw;
        failed = mistake;
      }
    }
    if (endpoint_.empty())
      throw *failed;
  }

  void bind(const link_address& address) {
    const auto asked = parse_tcp_endpoint(options_.endpoint, address_use::listen);
    auto where = address.endpoint;
    if (where.ends_with('*') && !endpoint_.empty()) // the same port for all addresses of a name
      where.replace(where.size() - 1, 1, endpoint_.substr(endpoint_.rfind(':') + 1));
    socket_.set(zmq::sockopt::ipv6, address.ipv6);
    socket_.bind(where);
    endpoint_ = socket_.get(zmq::sockopt::last_endpoint);
    if (const auto bound = parse_tcp_endpoint(endpoint_, address_use::listen); asked && bound)
      endpoint_ = "tcp://" + to_string({asked->host, bound->port});
  }

  /// ZeroMQ asks at this address whether a key is accepted (RFC 27).
  void guard() {
    zap_ = zmq::socket_t(context_, zmq::socket_type::rep);
    zap_.set(zmq::sockopt::linger, 0);
    zap_.bind("inproc://zeromq.zap.01");
    socket_.set(zmq::sockopt::curve_server, true);
    socket_.set(zmq::sockopt::curve_secretkey, options_.curve->own.secret_key);
    socket_.set(zmq::sockopt::zap_domain, "avp");
  }

  void run() {
    try {
      auto next_tick = clock::now();
      while (!stop_) {
        if (clock::now() >= next_tick) {
          next_tick = clock::now() + options_.heartbeat;
          box_.tick(clock::now());
        }
        round(next_tick);
      }
    } catch (const std::exception& mistake) {
      spdlog::error("Link: the receiver at {} ends: {}.", endpoint_, mistake.what());
    }
  }

  void round(clock::time_point next_tick) {
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(next_tick - clock::now());
    zmq::pollitem_t items[] = {
        {socket_.handle(), 0, ZMQ_POLLIN, 0}, {nullptr, wake_->fd(), ZMQ_POLLIN, 0}, {zap_.handle(), 0, ZMQ_POLLIN, 0}};
    if (zmq_poll(items, options_.curve ? 3 : 2, std::max<long>(0, wait.count())) < 0 && errno != EINTR)
      throw zmq::error_t();
    wake_->clear();
    if (options_.curve)
      answer_zap();
    for (int taken = 0; taken < batch && take_message(); ++taken) {
    }
    box_.report_changes();
  }

  /// Takes one message: the route, the envelope, and perhaps a second frame.
  bool take_message() {
    zmq::message_t route;
    if (!socket_.recv(route, zmq::recv_flags::dontwait))
      return false;
    zmq::message_t first;
    const auto second = std::make_shared<zmq::message_t>();
    if (!route.more())
      return true;
    (void)socket_.recv(first);
    if (first.more())
      (void)socket_.recv(*second);
    const bool whole = !second->more();
    for (bool more = !whole; more;) {
      zmq::message_t extra;
      (void)socket_.recv(extra);
      more = extra.more();
    }
    if (whole)
      box_.take(route.to_string(), public_key_of(first), {first.data<std::byte>(), first.size()},
                {second->data<std::byte>(), second->size()}, second, clock::now());
    return true;
  }

  void reply(const inbox::route& to, const envelope& e) {
    const auto frame = encode_envelope(e);
    try {
      if (socket_.send(zmq::buffer(to), zmq::send_flags::dontwait | zmq::send_flags::sndmore))
        (void)socket_.send(zmq::buffer(frame), zmq::send_flags::dontwait);
    } catch (const zmq::error_t& mistake) {
      // The connection is gone. The peer asks again on its next one.
      if (mistake.num() != EHOSTUNREACH)
        throw;
    }
  }

  void answer_zap() {
    for (zmq::message_t frame; zap_.recv(frame, zmq::recv_flags::dontwait);) {
      // version, request id, domain, address, identity, mechanism, credentials
      std::array<std::string, 7> request;
      std::size_t count = 0;
      request[count++] = frame.to_string();
      while (frame.more()) {
        (void)zap_.recv(frame);
        if (count < request.size())
          request[count++] = frame.to_string();
      }
      std::array<char, 41> key{};
      const auto& credentials = request[6];
      const bool curve = request[5] == "CURVE" && credentials.size() == 32 &&
                         zmq_z85_encode(key.data(), reinterpret_cast<const std::uint8_t*>(credentials.data()), 32);
      const bool accepted = curve && std::ranges::find(options_.curve->accepted_keys, std::string(key.data())) !=
                                         options_.curve->accepted_keys.end();
      if (!accepted && turned_away_.size() < most_told && turned_away_.insert(key.data()).second)
        spdlog::warn("Link: a peer at {} with key {} is turned away, now and whenever it tries again.", request[3],
                     key.data());
      const std::array<std::string, 6> answer{"1.0",
                                              request[1],
                                              accepted ? "200" : "400",
                                              accepted ? "OK" : "key is not accepted",
                                              accepted ? key.data() : "",
                                              ""};
      for (std::size_t i = 0; i < answer.size(); ++i)
        (void)zap_.send(zmq::buffer(answer[i]),
                        i + 1 < answer.size() ? zmq::send_flags::sndmore : zmq::send_flags::none);
    }
  }

  receiver_options options_;
  zmq::context_t context_;
  zmq::socket_t socket_;
  zmq::socket_t zap_;
  std::string endpoint_;
  std::set<std::string> turned_away_; ///< Keys of which the log tells.
  std::shared_ptr<wakeup> wake_;
  inbox box_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

expected<std::unique_ptr<payload_receiver>> payload_receiver::bind(receiver_options options,
                                                                   receiver_handlers handlers) {
  if (!handlers.on_payload)
    return fail(errc::invalid_argument, "Link: a receiver needs somebody who takes the payloads.");
  if (options.curve && (!is_curve_key(options.curve->own.secret_key) ||
                        !std::ranges::all_of(options.curve->accepted_keys, is_curve_key)))
    return fail(errc::invalid_argument, "Link: a CURVE key has 40 characters of Z85.");
  const auto endpoint = options.endpoint;
  try {
    return std::unique_ptr<payload_receiver>(
        new payload_receiver(std::make_unique<loop>(std::move(options), std::move(handlers))));
  } catch (const std::exception& mistake) {
    return fail(errc::io_failed, fmt::format("Link: {} cannot be bound: {}.", endpoint, mistake.what()));
  }
}

payload_receiver::payload_receiver(std::unique_ptr<loop> running) : loop_(std::move(running)) {}

payload_receiver::~payload_receiver() = default;

const std::string& payload_receiver::endpoint() const { return loop_->endpoint(); }

} // namespace avp
