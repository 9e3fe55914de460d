// From what an agent's code did to a failure.
#include "agents/agent_failure.hpp"

#include "agents/hop.hpp"
#include "gpu/device_error.hpp"
#include "gpu/thrown.hpp"

namespace avp {

namespace {

failure or_agent_failed(failure why) {
  if (why.code == error_code::internal)
    why.code = error_code::agent_failed;
  return why;
}

} // namespace

failure failure_of_agent(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const request_failed& refused) { // a defect of the device stays one
    return {refused.code(), refused.what()};
  } catch (const missing_variable& missing) {
    return {error_code::bad_request, missing.what()};
  } catch (...) {
    return or_agent_failed(failure_of(thrown));
  }
}

failure failure_of_agent(const caf::error& reason) { return or_agent_failed(failure_of(reason)); }

} // namespace avp
