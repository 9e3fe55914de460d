// What CAF 0.17 lacks where strangers and broken peers can reach it.
#include "runtime/node/caf_guards.hpp"

#ifdef AVP_CAF_GUARDS

#include <array>
#include <cstdint>
#include <mutex>
#include <set>
#include <string>

#include <caf/io/basp/header.hpp>
#include <dlfcn.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <sys/socket.h>

namespace avp {

void guard_against_many_connections() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0)
    return;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

void guard_opening_connections(caf::actor_system_config& config, caf::timespan timeout) {
  config.set("middleman.heartbeat-interval", timeout);
}

} // namespace avp

namespace {

/// Control messages hold orders, texts and recipes; contexts go over the data plane.
constexpr std::uint32_t most_control_bytes = std::uint32_t{256} << 20;

// The definition of a function that comes after this library's own, in the order in which libraries are searched.
template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

/// Strangers of whom the log tells; any number of them may come.
constexpr std::size_t most_told = 64;

std::string address_of(const SSL* session) {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  std::array<char, NI_MAXHOST> text{};
  auto* const address = reinterpret_cast<sockaddr*>(&peer);
  if (getpeername(SSL_get_fd(session), address, &size) != 0 ||
      getnameinfo(address, size, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) != 0)
    return "an unknown address";
  return text.data();
}

// CAF itself says nothing of those whom it turns away.
void tell_of_stranger(const SSL* session) {
  static std::mutex guard;
  static std::set<std::string> told;
  const auto why = ERR_peek_error();
  // One who only looks whether the port is open hangs up.
  if (why == 0 || ERR_GET_REASON(why) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
    return;
  const auto* const reason = ERR_reason_error_string(why);
  const auto what = address_of(session) + " is turned away at the control port (" +
                    (reason == nullptr ? "unknown error" : reason) + "), now and whenever it tries again";
  const std::lock_guard lock(guard);
  if (told.size() < most_told && told.insert(what).second)
    spdlog::warn("A peer at {}.", what);
}

} // namespace

// OpenSSL keeps one queue of errors per thread, which has to be empty before each of these calls (SSL_get_error(3)).
// CAF serves all connections on one thread and never empties it, so a stranger whose handshake fails would end the
// connections of all others.
extern "C" {

int SSL_accept(SSL* session) {
  static auto* const call = next<int(SSL*)>("SSL_accept");
  ERR_clear_error();
  const auto result = call(session);
  if (result <= 0)
    tell_of_stranger(session);
  return result;
}

int SSL_connect(SSL* session) {
  static auto* const call = next<int(SSL*)>("SSL_connect");
  ERR_clear_error();
  return call(session);
}

int SSL_read(SSL* session, void* into, int size) {
  static auto* const call = next<int(SSL*, void*, int)>("SSL_read");
  ERR_clear_error();
  return call(session, into, size);
}

int SSL_write(SSL* session, const void* from, int size) {
  static auto* const call = next<int(SSL*, const void*, int)>("SSL_write");
  ERR_clear_error();
  return call(session, from, size);
}

} // extern "C"

namespace caf::io::basp {

// CAF makes room for as many bytes as a header says will follow, up to 4 GiB, before any of them is there.
bool valid(const header& what) {
  static auto* const call = next<bool(const header&)>("_ZN3caf2io4basp5validERKNS1_6headerE");
  return what.payload_len <= most_control_bytes && call(what);
}

} // namespace caf::io::basp

#else

namespace avp {

void guard_against_many_connections() {}

void guard_opening_connections(caf::actor_system_config& /*config*/, caf::timespan /*timeout*/) {}

} // namespace avp

#endif
