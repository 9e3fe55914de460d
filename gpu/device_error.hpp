// Why a device could not do a request, as an error value.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

#include <caf/error.hpp>

namespace avp {

/// Kinds of failure of one request.
enum class device_errc : std::uint8_t {
  unknown_model = 1, ///< The device has no model of that name.
  context_too_long,  ///< More positions than the model allows.
  context_mismatch,  ///< The context belongs to another model, or is damaged.
  bad_request,       ///< A setting out of its range, or an empty prompt.
  cancelled,
  timed_out,
  failed, ///< The arithmetic failed (out of memory, a defect of the device).
};

/// A failed request inside the device; leaves it as a caf::error.
class request_error : public std::runtime_error {
public:
  request_error(device_errc code, const std::string& text) : std::runtime_error(text), code_(code) {}

  [[nodiscard]] device_errc code() const { return code_; }

private:
  device_errc code_;
};

/// The error value for a code with a text for people.
[[nodiscard]] caf::error make_error(device_errc code, const std::string& text);

/// The text of an error value for people, whoever made it.
[[nodiscard]] std::string text_of(const caf::error& error);

} // namespace avp
