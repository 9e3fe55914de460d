// One connection of the HTTP server; used inside the room only.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/ip/tcp.hpp>

#include "transport/web/request_parser.hpp"
#include "transport/web/web_exchange.hpp"
#include "transport/web/web_loop.hpp"

namespace avp {

/// Reads requests, has them answered one after another, and sends the answers. Belongs to the server's thread. Always
/// reads, while an answer is worked out as well: that is how it notices that the peer goes away.
class web_connection : public std::enable_shared_from_this<web_connection> {
public:
  using clock = web_loop::clock;

  /// One that is `turned_away` gets 503.
  web_connection(web_loop& loop, boost::asio::ip::tcp::socket socket, bool turned_away);

  void start();

  /// Closes where a time is over.
  void check_time(clock::time_point now);

  /// Whether no request is under way: a new connection may take its place.
  [[nodiscard]] bool is_idle() const { return !turned_away_ && (stage_ == stage::head || stage_ == stage::lingering); }

  /// Whether it is to be waited for at the server's end.
  [[nodiscard]] bool is_answering() const { return stage_ == stage::answering; }

  /// When its present stage began.
  [[nodiscard]] clock::time_point since() const { return since_; }

  [[nodiscard]] bool is_turned_away() const { return turned_away_; }

  /// Gives up; whoever answers its request hears of it.
  void close();

private:
  enum class stage : unsigned char {
    head,      ///< A request is waited for, or its head has begun.
    body,      ///< Its body comes.
    answering, ///< It is being answered; what comes is the next one.
    lingering, ///< All was said; what the peer still sends is dropped, or a reset would overtake the answer.
    closed
  };

  void enter(stage next);
  void wait_for_input();
  void wait_for_error();
  void read();
  void take_input(std::string_view bytes);
  void keep_ahead(std::string_view bytes);
  void take_end();
  void probe_after_silence();
  [[nodiscard]] std::string_view parse(std::string_view bytes);
  void accept_head();
  void accept_body();
  [[nodiscard]] bool is_body_within_limits();
  void refuse(web_answer what);
  void refuse(int status, const std::string& message) { refuse(loop_.refusal(status, message)); }
  [[nodiscard]] web_responder begin_answer(bool keep_alive);
  void write();
  void take_written(const boost::system::error_code& failed, std::size_t bytes);
  void finish_answer();

  web_loop& loop_;
  boost::asio::ip::tcp::socket socket_;
  const bool turned_away_;
  stage stage_ = stage::head;
  clock::time_point since_;    ///< When the stage began; of a head, its first byte once there is one.
  clock::time_point progress_; ///< When bytes last came or went.
  bool is_first_ = true;       ///< No request has come yet.

  std::unique_ptr<request_parser> parser_; ///< Of the request that is coming.
  const web_route* route_ = nullptr;       ///< Its route.
  std::uint64_t body_bytes_ = 0;           ///< Of its body, as counted in the loop.
  std::string ahead_;                      ///< Came, and is not parsed yet.
  bool is_reading_ = false;
  bool is_watching_ = false; ///< Waits for an error.
  bool has_ended_ = false;   ///< The peer says nothing more.
  std::uint64_t dropped_ = 0;

  std::shared_ptr<web_exchange> exchange_;
  std::string output_;
  std::size_t written_ = 0; ///< Of output_.
  bool is_writing_ = false;
};

} // namespace avp
