// All keys of a cluster of nodes, a folder for each.
#include "transport/link/cluster_keys.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <set>

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "transport/link/curve_keys.hpp"

namespace avp {

namespace {

using key = std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)>;
using certificate = std::unique_ptr<X509, void (*)(X509*)>;
using open_file = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

constexpr auto only_owner = 0600;
constexpr auto for_all = 0644;

// An authority and its key, for as long as certificates are made.
struct signer {
  certificate own{nullptr, X509_free};
  key secret{nullptr, EVP_PKEY_free};
};

tl::unexpected<error> openssl_failed(const std::string& what) {
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_get_error(), text.data(), text.size());
  return fail(errc::io_failed, fmt::format("OpenSSL cannot make {}: {}.", what, text.data()));
}

bool add_extension(X509* to, X509* issuer, int kind, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, to, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, void (*)(X509_EXTENSION*)> extension(
      X509V3_EXT_conf_nid(nullptr, &context, kind, value), X509_EXTENSION_free);
  return extension && X509_add_ext(to, extension.get(), -1) == 1;
}

bool set_serial(X509* to) {
  std::uint64_t number = 0;
  return RAND_bytes(reinterpret_cast<unsigned char*>(&number), sizeof number) == 1 &&
         ASN1_INTEGER_set_uint64(X509_get_serialNumber(to), number | 1) == 1;
}

// Valid from an hour ago: clocks of machines differ.
bool set_dates(X509* to, int days) {
  constexpr long hour = 3600;
  return X509_gmtime_adj(X509_getm_notBefore(to), -hour) != nullptr &&
         X509_time_adj_ex(X509_getm_notAfter(to), days, 0, nullptr) != nullptr;
}

bool set_name(X509* to, const std::string& name) {
  return X509_NAME_add_entry_by_txt(X509_get_subject_name(to), "CN", MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0) == 1;
}

// By `by`, or by itself where that has no certificate yet.
certificate signed_certificate(const std::string& name, EVP_PKEY* own, const signer& by, int days) {
  certificate made(X509_new(), X509_free);
  const bool is_authority = !by.own;
  X509* issuer = is_authority ? made.get() : by.own.get();
  const bool good = made && X509_set_version(made.get(), 2) == 1 && set_serial(made.get()) &&
                    set_dates(made.get(), days) && set_name(made.get(), name) &&
                    X509_set_issuer_name(made.get(), X509_get_subject_name(issuer)) == 1 &&
                    X509_set_pubkey(made.get(), own) == 1 &&
                    add_extension(made.get(), issuer, NID_basic_constraints,
                                  is_authority ? "critical,CA:TRUE,pathlen:0" : "critical,CA:FALSE") &&
                    add_extension(made.get(), issuer, NID_key_usage,
                                  is_authority ? "critical,keyCertSign" : "critical,digitalSignature") &&
                    (is_authority || add_extension(made.get(), issuer, NID_ext_key_usage, "clientAuth,serverAuth")) &&
                    X509_sign(made.get(), is_authority ? own : by.secret.get(), EVP_sha256()) != 0;
  return good ? std::move(made) : certificate(nullptr, X509_free);
}

key new_key() { return {EVP_EC_gen("P-256"), EVP_PKEY_free}; }

expected<open_file> new_file(const std::filesystem::path& path, int mode) {
  const int number = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  open_file file(number < 0 ? nullptr : fdopen(number, "w"), std::fclose);
  if (!file)
    return fail(errc::io_failed, fmt::format("File {} cannot be written: {}.", path.string(), std::strerror(errno)));
  return file;
}

expected<void> write_certificate(X509* what, const std::filesystem::path& path) {
  return new_file(path, for_all).and_then([&](const open_file& file) -> expected<void> {
    if (PEM_write_X509(file.get(), what) != 1 || std::fflush(file.get()) != 0)
      return fail(errc::io_failed, fmt::format("File {} cannot be written.", path.string()));
    return {};
  });
}

expected<void> write_key(EVP_PKEY* what, const std::filesystem::path& path) {
  return new_file(path, only_owner).and_then([&](const open_file& file) -> expected<void> {
    if (PEM_write_PrivateKey(file.get(), what, nullptr, nullptr, 0, nullptr, nullptr) != 1 ||
        std::fflush(file.get()) != 0)
      return fail(errc::io_failed, fmt::format("File {} cannot be written.", path.string()));
    return {};
  });
}

expected<void> write_lines(const std::vector<std::string>& lines, const std::filesystem::path& path) {
  return new_file(path, for_all).and_then([&](const open_file& file) -> expected<void> {
    for (const auto& line : lines)
      std::fprintf(file.get(), "%s\n", line.c_str());
    if (std::fflush(file.get()) != 0)
      return fail(errc::io_failed, fmt::format("File {} cannot be written.", path.string()));
    return {};
  });
}

expected<void> check_names(const std::vector<std::string>& nodes, const std::filesystem::path& folder) {
  std::set<std::string> seen;
  for (const auto& name : nodes) {
    if (name.empty() || name.size() > 64 || name.front() == '.' || name.find('/') != std::string::npos)
      return fail(
          errc::invalid_argument,
          fmt::format("\"{}\" cannot be the name of a node: expected 1 to 64 bytes that can name a folder.", name));
    if (!seen.insert(name).second)
      return fail(errc::invalid_argument, fmt::format("The node \"{}\" is named twice.", name));
    if (std::error_code error; std::filesystem::exists(folder / name, error))
      return fail(errc::io_failed,
                  fmt::format("{} is there already. Nodes of one cluster get their keys together, so take another "
                              "folder, or delete the old keys.",
                              (folder / name).string()));
  }
  return {};
}

expected<signer> new_authority(int days) {
  signer made;
  made.secret = new_key();
  if (made.secret)
    made.own = signed_certificate("avp cluster", made.secret.get(), made, days);
  if (!made.own)
    return openssl_failed("the certificate of the cluster");
  return made;
}

expected<void> write_node(const std::string& name, const signer& authority, const key_pair& curve,
                          const std::vector<std::string>& accepted, const std::filesystem::path& folder, int days) {
  const auto secret = new_key();
  const auto own = secret ? signed_certificate(name, secret.get(), authority, days) : certificate(nullptr, X509_free);
  if (!own)
    return openssl_failed("the certificate of node \"" + name + "\"");
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
  auto curve_name = folder / cluster_files::curve_key;
  curve_name.replace_extension();
  return write_certificate(authority.own.get(), folder / cluster_files::authority)
      .and_then([&] { return write_certificate(own.get(), folder / cluster_files::certificate); })
      .and_then([&] { return write_key(secret.get(), folder / cluster_files::private_key); })
      .and_then([&] { return write_key_pair(curve, curve_name); })
      .and_then([&] { return write_lines(accepted, folder / cluster_files::accepted); });
}

} // namespace

expected<void> make_cluster_keys(const std::vector<std::string>& nodes, const std::filesystem::path& folder, int days) {
  if (auto good = check_names(nodes, folder); !good)
    return good;
  const auto authority = new_authority(days);
  if (!authority)
    return tl::unexpected(authority.error());
  std::vector<key_pair> pairs;
  std::vector<std::string> accepted;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    auto pair = new_key_pair();
    if (!pair)
      return tl::unexpected(pair.error());
    accepted.push_back(pair->public_key);
    pairs.push_back(std::move(*pair));
  }
  for (std::size_t i = 0; i < nodes.size(); ++i)
    if (auto written = write_node(nodes[i], *authority, pairs[i], accepted, folder / nodes[i], days); !written)
      return written;
  return {};
}

} // namespace avp
