// Writing to standard output so that it is noticed where nobody gets it.
#include "runtime/os/standard_output.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

namespace avp {

void write_stdout(std::string_view text) {
  errno = 0;
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0 &&
      std::ferror(stdout) == 0)
    return;
  const auto why = errno;
  std::clearerr(stdout); // it is told once
  const auto text_of_it = "cannot write to standard output: " + std::string(std::strerror(why != 0 ? why : EIO));
  if (why == EPIPE)
    throw reader_gone(text_of_it);
  throw write_error(text_of_it);
}

} // namespace avp
