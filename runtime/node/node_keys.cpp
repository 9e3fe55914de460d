// What a node proves itself with, from its folder of keys.
#include "runtime/node/node_keys.hpp"

#include <cstdio>
#include <memory>

#include <openssl/pem.h>
#include <openssl/x509.h>

#include "transport/link/cluster_keys.hpp"

namespace avp {

namespace {

// A certificate that is out of date would only show as a connection that is closed.
void check_certificate(const std::filesystem::path& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "r"), std::fclose);
  const std::unique_ptr<X509, void (*)(X509*)> certificate(
      file ? PEM_read_X509(file.get(), nullptr, nullptr, nullptr) : nullptr, X509_free);
  if (!certificate)
    throw node_error("'" + path.string() +
                     "' is no certificate that can be read; `avp-key cluster` makes all keys of "
                     "a cluster");
  if (X509_cmp_current_time(X509_get0_notAfter(certificate.get())) < 0)
    throw node_error("the certificate '" + path.string() + "' has expired; make new keys with `avp-key cluster`");
  if (X509_cmp_current_time(X509_get0_notBefore(certificate.get())) > 0)
    throw node_error("the certificate '" + path.string() + "' is not valid yet; is this machine's clock right?");
}

template <class T>
T or_throw(expected<T> value) {
  if (!value)
    throw node_error(value.error().message);
  return std::move(*value);
}

} // namespace

node_keys read_node_keys(const std::filesystem::path& folder) {
  node_keys keys;
  keys.authority = folder / cluster_files::authority;
  keys.certificate = folder / cluster_files::certificate;
  keys.private_key = folder / cluster_files::private_key;
  std::error_code error;
  for (const auto& file : {keys.authority, keys.certificate, keys.private_key})
    if (!std::filesystem::is_regular_file(file, error))
      throw node_error("the folder of keys '" + folder.string() + "' has no " + file.filename().string() +
                       "; `avp-key cluster` makes a folder for each node");
  check_certificate(keys.authority);
  check_certificate(keys.certificate);
  keys.curve = or_throw(read_key_pair(folder / cluster_files::curve_key));
  keys.accepted = or_throw(read_public_keys(folder / cluster_files::accepted));
  return keys;
}

} // namespace avp
