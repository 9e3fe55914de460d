// Exceptions as texts and as CAF error values.
#include "gpu/thrown.hpp"

#include <new>

#include <c10/util/Exception.h>
#include <caf/scheduled_actor.hpp>

#include "gpu/device_error.hpp"

namespace avp {

namespace {

std::string or_unknown(const char* text) { return *text == '\0' ? "an exception without a text" : text; }

} // namespace

std::string text_of(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const c10::Error& error) {
    return or_unknown(error.what_without_backtrace());
  } catch (const std::bad_alloc&) {
    return "out of memory";
  } catch (const std::exception& error) {
    return or_unknown(error.what());
  } catch (...) {
    return "something was thrown that is no std::exception";
  }
}

failure failure_of(const std::exception_ptr& thrown) {
  auto code = error_code::internal;
  try {
    std::rethrow_exception(thrown);
  } catch (const request_error& error) {
    code = error.code();
  } catch (const c10::OutOfMemoryError&) {
    code = error_code::out_of_memory;
  } catch (const std::bad_alloc&) {
    code = error_code::out_of_memory;
  } catch (...) { // its text tells
  }
  return {code, text_of(thrown)};
}

// CAF itself prints what was thrown and tells nobody; of the request at hand it says nothing either.
void end_by_what_is_thrown(caf::scheduled_actor* self) {
  self->set_exception_handler([self](std::exception_ptr& thrown) {
    auto why = make_error(failure_of(thrown));
    if (self->current_mailbox_element() != nullptr)
      if (auto open = self->make_response_promise(); open.pending())
        open.deliver(why);
    return why;
  });
}

} // namespace avp
