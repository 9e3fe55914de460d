// Listening, the clock, the threads of the handlers, and the end.
#include "transport/web/web_server.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <fmt/format.h>

#include "transport/web/web_connection.hpp"
#include "transport/web/web_loop.hpp"

namespace avp {

namespace {

using boost::asio::ip::tcp;

/// Connections over the limit that are told so at a time; further ones are closed without a word.
constexpr std::size_t most_turned_away = 64;

/// How long nothing is accepted when the process has no file descriptor left.
constexpr auto pause = std::chrono::milliseconds(50);

/// A port that the system chose for one address of a name may be taken at another one.
constexpr int most_tries = 8;

} // namespace

class web_server::implementation {
public:
  explicit implementation(web_options options)
      : loop_(std::move(options)),
        timer_(loop_.context),
        address_(loop_.options.address) {
    if (std::ranges::any_of(loop_.options.routes, &web_route::may_block))
      threads_ = std::make_unique<boost::asio::thread_pool>(loop_.options.handler_threads);
    loop_.call = [this](const web_route& route, web_request request, web_responder responder) {
      auto work = [this, &route, request = std::move(request), responder = std::move(responder)]() mutable {
        handle(route, std::move(request), responder);
      };
      route.may_block ? boost::asio::post(*threads_, std::move(work)) : work();
    };
  }

  ~implementation() {
    if (thread_.joinable())
      stop(std::chrono::milliseconds(0));
  }

  /// Listens at all addresses of the host.
  expected<void> listen() {
    const auto hosts = resolve(address_);
    if (!hosts)
      return tl::unexpected(error{
          errc::io_failed, fmt::format("HTTP: {} cannot be bound: {}.", to_string(address_), hosts.error().message)});
    boost::system::error_code failed;
    for (int tries = 0; tries < most_tries; ++tries) {
      failed = bind_all(*hosts);
      if (!failed || loop_.options.address.port != 0 || failed != boost::asio::error::address_in_use)
        break;
    }
    if (failed)
      return fail(errc::io_failed,
                  fmt::format("HTTP: {} cannot be bound: {}.", to_string(loop_.options.address), failed.message()));
    return {};
  }

  void run() {
    for (auto& acceptor : acceptors_)
      accept(acceptor);
    tick();
    thread_ = std::thread([this] { loop_.context.run(); });
  }

  void stop(std::chrono::milliseconds patience) {
    if (!thread_.joinable())
      return;
    const auto end = std::chrono::steady_clock::now() + patience;
    do_there([this] {
      loop_.leaving = true;
      for (const auto& one : all())
        if (one->is_idle())
          one->close();
    });
    std::unique_lock lock(mutex_);
    answered_.wait_until(lock, end, [this] { return answering_ == 0; });
    lock.unlock();
    do_there([this] {
      acceptors_.clear();
      timer_.cancel();
      is_over_ = true;
      for (const auto& one : all())
        one->close();
    });
    if (threads_) {
      threads_->stop();
      threads_->join();
    }
    loop_.context.stop();
    thread_.join();
  }

  [[nodiscard]] const tcp_address& address() const { return address_; }

private:
  boost::system::error_code bind_all(const std::vector<tcp_address>& hosts) {
    acceptors_.clear();
    auto port = loop_.options.address.port;
    boost::system::error_code worst;
    for (const auto& host : hosts) {
      boost::system::error_code failed;
      const auto number = boost::asio::ip::make_address(host.host, failed);
      const tcp::endpoint where(number, port);
      tcp::acceptor acceptor(loop_.context);
      if (!failed)
        acceptor.open(where.protocol(), failed);
      if (!failed)
        acceptor.set_option(tcp::acceptor::reuse_address(true), failed);
      if (!failed)
        acceptor.bind(where, failed);
      if (!failed)
        acceptor.listen(boost::asio::socket_base::max_listen_connections, failed);
      if (!failed)
        port = acceptor.local_endpoint(failed).port();
      // A name may have addresses of a family that this system does not have.
      if (failed == boost::asio::error::address_in_use)
        return failed;
      if (failed)
        worst = failed;
      else
        acceptors_.push_back(std::move(acceptor));
    }
    address_.port = port;
    return acceptors_.empty() ? worst : boost::system::error_code();
  }

  void accept(tcp::acceptor& acceptor) {
    acceptor.async_accept([this, &acceptor](const boost::system::error_code& failed, tcp::socket socket) {
      if (is_over_)
        return;
      if (!failed)
        take(std::move(socket));
      else if (failed == boost::asio::error::no_descriptors && !close_idle()) {
        // Nobody can be let in; those who wait in the system's queue wait a little longer.
        auto timer = std::make_shared<boost::asio::steady_timer>(loop_.context, pause);
        timer->async_wait([this, timer, &acceptor](const auto&) {
          if (!is_over_)
            accept(acceptor);
        });
        return;
      }
      accept(acceptor);
    });
  }

  void take(tcp::socket socket) {
    const auto served = loop_.connections.size() - loop_.turned_away;
    const bool room = served < loop_.options.limits.connections || close_idle();
    if (!room && loop_.turned_away >= most_turned_away)
      return;
    loop_.turned_away += room ? 0 : 1;
    const auto made = std::make_shared<web_connection>(loop_, std::move(socket), !room);
    loop_.connections.insert(made);
    made->start();
  }

  /// Closes the connection that has been idle longest; false where none is.
  bool close_idle() {
    std::shared_ptr<web_connection> oldest;
    for (const auto& one : loop_.connections)
      if (one->is_idle() && (!oldest || one->since() < oldest->since()))
        oldest = one;
    if (oldest)
      oldest->close();
    return oldest != nullptr;
  }

  [[nodiscard]] std::vector<std::shared_ptr<web_connection>> all() const {
    return {loop_.connections.begin(), loop_.connections.end()};
  }

  /// Looks at all times, so often that none is missed by much.
  void tick() {
    const auto& limits = loop_.options.limits;
    const auto shortest = std::min({limits.head_time, limits.idle_time, limits.transfer_time}) / 4;
    timer_.expires_after(
        std::clamp<std::chrono::milliseconds>(shortest, std::chrono::milliseconds(10), std::chrono::milliseconds(250)));
    timer_.async_wait([this](const auto& failed) {
      if (failed || is_over_)
        return;
      const auto now = web_loop::clock::now();
      const auto present = all();
      for (const auto& one : present)
        one->check_time(now);
      if (loop_.leaving)
        count_answering();
      tick();
    });
  }

  void count_answering() {
    const std::lock_guard lock(mutex_);
    answering_ = std::ranges::count_if(loop_.connections, [](const auto& one) { return one->is_answering(); });
    answered_.notify_all();
  }

  /// Runs something on the server's thread and waits for it.
  void do_there(const std::function<void()>& what) {
    std::unique_lock lock(mutex_);
    bool done = false;
    boost::asio::post(loop_.context, [&] {
      what();
      count_answering();
      const std::lock_guard inner(mutex_);
      done = true;
      answered_.notify_all();
    });
    answered_.wait(lock, [&] { return done; });
  }

  void handle(const web_route& route, web_request request, const web_responder& responder) {
    try {
      route.handle(std::move(request), responder);
    } catch (...) {
      responder.answer(loop_.refusal(500, "The server failed to handle the request."));
    }
  }

  web_loop loop_;
  boost::asio::steady_timer timer_;
  tcp_address address_;
  std::vector<tcp::acceptor> acceptors_;
  std::unique_ptr<boost::asio::thread_pool> threads_;
  std::thread thread_;
  bool is_over_ = false;

  std::mutex mutex_;
  std::condition_variable answered_;
  std::ptrdiff_t answering_ = 0; ///< Connections whose requests are being answered, counted when the server ends.
};

expected<std::unique_ptr<web_server>> web_server::start(web_options options) {
  auto running = std::make_unique<implementation>(std::move(options));
  if (auto listening = running->listen(); !listening)
    return tl::unexpected(std::move(listening.error()));
  running->run();
  return std::unique_ptr<web_server>(new web_server(std::move(running)));
}

web_server::web_server(std::unique_ptr<implementation> running) : implementation_(std::move(running)) {}

web_server::~web_server() = default;

const tcp_address& web_server::address() const { return implementation_->address(); }

void web_server::stop(std::chrono::milliseconds patience) { implementation_->stop(patience); }

} // namespace avp
