// Failures as CAF error values.
#include "gpu/device_error.hpp"

#include <caf/atom.hpp>
#include <caf/exit_reason.hpp>
#include <caf/message.hpp>
#include <caf/sec.hpp>

namespace avp {

namespace {

const auto category = caf::atom("avp");

} // namespace

caf::error make_error(error_code code, const std::string& text) {
  return {static_cast<std::uint8_t>(code), category, caf::make_message(text)};
}

caf::error make_error(const failure& why) { return make_error(why.code, why.text); }

failure failure_of(const caf::error& error) {
  const bool is_ours = error && error.category() == category;
  return {is_ours ? static_cast<error_code>(error.code()) : error_code::internal, text_of(error)};
}

std::string text_of(const caf::error& error) {
  if (!error) // as the reason of an actor that ended by itself; it has no context to look at
    return "no error";
  if (error.context().match_elements<std::string>())
    return error.context().get_as<std::string>(0);
  if (error.category() == caf::atom("system"))
    return "actor system error: " + caf::to_string(static_cast<caf::sec>(error.code()));
  if (error.category() == caf::atom("exit"))
    return caf::to_string(static_cast<caf::exit_reason>(error.code()));
  return "error " + std::to_string(error.code()) + " of category " + caf::to_string(error.category());
}

} // namespace avp
