// What ends a program, told once.
#include "runtime/run/exit_status.hpp"

#include <exception>

#include <spdlog/spdlog.h>

#include "gpu/thrown.hpp"
#include "gpu/user_error.hpp"
#include "transport/program_arguments.hpp"

namespace avp {

int status_of_thrown() {
  try {
    throw;
  } catch (const user_error& error) {
    spdlog::error("{}", error.what());
    return bad_arguments;
  } catch (...) {
    spdlog::error("{}", text_of(std::current_exception()));
    return some_failed;
  }
}

} // namespace avp
