// The HTTP side: which path is what, who may come in, and what is said while nothing is loaded.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "runtime/serve/api_keys.hpp"
#include "runtime/serve/ask_queue.hpp"
#include "runtime/serve/served_models.hpp"
#include "transport/web/web_server.hpp"

namespace avp {

/// What the server is to be.
struct api_options {
  tcp_address address;
  api_keys keys;
  std::string cors; ///< The origin whose pages may ask, "*" for all; empty for none.
  web_limits limits;
  silence_limits silence;
  std::shared_ptr<request_log> log = std::make_shared<request_log>();
};

/// Answers from the moment that it is made: first that it is loading, after open() what clients ask.
class api_server {
public:
  /// Listens. Throws user_error where the address can't be had.
  explicit api_server(api_options options);
  api_server(const api_server&) = delete;
  api_server& operator=(const api_server&) = delete;

  /// Models are there. `models` must not end before stop() has returned.
  void open(const served_models& models, const ask_queue& queue);

  /// Says from now on that it can't go on.
  void break_off(const std::string& why);

  /// Where it listens, with the port that it got.
  [[nodiscard]] const tcp_address& address() const { return web_->address(); }

  /// Refuses what is new and has `patience` to finish what is under way.
  void stop(std::chrono::milliseconds patience) { web_->stop(patience); }

private:
  /// What is asked once it is there.
  struct behind {
    const served_models* models = nullptr;
    ask_queue queue;
    std::function<std::string()> device_metrics;
  };

  [[nodiscard]] std::vector<web_route> routes();
  [[nodiscard]] std::optional<web_answer> check(const web_request& request);
  [[nodiscard]] web_answer refusal(int status, const std::string& message);
  [[nodiscard]] behind what_is_behind() const;
  [[nodiscard]] web_answer health() const;
  [[nodiscard]] web_answer metrics() const;
  [[nodiscard]] web_answer list_models() const;
  [[nodiscard]] web_answer one_model(const std::string& id) const;
  void ask(api_kind kind, const web_request& request, const web_responder& responder);
  void begin(api_kind kind, const web_request& request, const web_responder& responder);

  const api_options options_;
  mutable std::mutex mutex_;
  std::optional<behind> behind_;
  std::string broken_;
  std::atomic<std::uint64_t> next_number_ = 1;
  std::unique_ptr<web_server> web_; // ends first
};

} // namespace avp
