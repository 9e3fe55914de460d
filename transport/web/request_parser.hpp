// Reads an HTTP request from bytes as they come; used inside the room only. Beast does the reading and stays in the
// .cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "transport/web/web_request.hpp"

namespace avp {

/// One request.
class request_parser {
public:
  enum class step : unsigned char {
    more, ///< Bytes are missing.
    head, ///< The head is here; the next feed() goes on with the body.
    done, ///< All is here.
    bad   ///< It is no request that can be served; see refusal().
  };

  /// Why a request is refused.
  struct mistake {
    int status;
    std::string message;
  };

  explicit request_parser(std::uint32_t max_head_bytes);
  ~request_parser();
  request_parser(const request_parser&) = delete;
  request_parser& operator=(const request_parser&) = delete;

  /// Takes bytes from the front of `bytes` and says how far the request has come. What is not taken is to be given
  /// again, with more behind it where `more` is the answer.
  step feed(std::string_view& bytes);

  /// The longest body; to be set when the head is here. Says whether what the head announces is within it.
  bool limit_body(std::uint64_t bytes);

  [[nodiscard]] const web_request& request() const { return request_; }
  [[nodiscard]] const mistake& refusal() const { return mistake_; }
  [[nodiscard]] bool is_http_1_0() const;
  [[nodiscard]] bool keeps_alive() const;
  [[nodiscard]] bool has_body() const;            ///< Whether a body follows the head.
  [[nodiscard]] std::uint64_t body_bytes() const; ///< That have come.

  /// The request with its body.
  [[nodiscard]] web_request take();

private:
  class implementation;

  step refuse(int status, std::string message);
  step take_head();

  std::unique_ptr<implementation> implementation_;
  web_request request_;
  mistake mistake_{};
};

} // namespace avp
