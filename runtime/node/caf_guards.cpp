// Functions that CAF 0.17 calls, in front of the ones that it means: what strangers and broken peers could do without
// them.
#include <cstdint>

#include <caf/io/basp/header.hpp>
#include <dlfcn.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

namespace {

/// Control messages hold orders, texts and recipes; contexts go over the data plane.
constexpr std::uint32_t most_control_bytes = std::uint32_t{256} << 20;

// The definition of a function that comes after this library's own, in the order in which libraries are searched.
template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

} // namespace

// OpenSSL keeps one queue of errors per thread, which has to be empty before each of these calls (SSL_get_error(3)).
// CAF serves all connections on one thread and never empties it, so a stranger whose handshake fails would end the
// connections of all others.
extern "C" {

int SSL_accept(SSL* session) {
  static auto* const call = next<int(SSL*)>("SSL_accept");
  ERR_clear_error();
  return call(session);
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
