// Why a request is not answered, as clients of the OpenAI API read it.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "gpu/failure.hpp"
#include "transport/web/web_answer.hpp"

namespace avp {

/// The error object, and the status that it goes with.
struct api_error {
  int status = 400;
  std::string message;
  std::string param = {};               ///< The field that is to blame; none: null.
  std::string code = {};                ///< For programs; none: null.
  std::vector<web_header> headers = {}; ///< That go with it: Retry-After, x-should-retry.
};

/// A request that is refused before anything was computed for it.
class request_refused : public std::runtime_error {
public:
  explicit request_refused(api_error why) : std::runtime_error(why.message), why_(std::move(why)) {}

  [[nodiscard]] const api_error& why() const { return why_; }

private:
  api_error why_;
};

/// What went wrong with a task. That the same was asked again would help only by chance, and it would be computed
/// again, so clients are told not to.
[[nodiscard]] api_error error_of(const failure& why);

/// `{"error": {"message", "type", "param", "code"}}`.
[[nodiscard]] nlohmann::ordered_json to_json(const api_error& error);

/// The whole answer that it is where nothing has been sent yet.
[[nodiscard]] web_answer to_answer(const api_error& error);

} // namespace avp
