// Keys of a cluster: what is made, who may read it, and what is refused.
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "tests/temporary_folder.hpp"
#include "transport/link/cluster_keys.hpp"
#include "transport/link/curve_keys.hpp"

namespace {

using namespace avp;
namespace fs = std::filesystem;

class cluster_keys_test : public testing::Test {
protected:
  test::temporary_folder owned_;
  const fs::path& folder_ = owned_.path();
};

std::shared_ptr<X509> certificate_in(const fs::path& file) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> in(std::fopen(file.c_str(), "r"), std::fclose);
  return {in ? PEM_read_X509(in.get(), nullptr, nullptr, nullptr) : nullptr, X509_free};
}

// What OpenSSL says of a certificate by an authority.
int verdict(const fs::path& authority, const fs::path& certificate) {
  const auto trusted = certificate_in(authority);
  const auto shown = certificate_in(certificate);
  const std::unique_ptr<X509_STORE, void (*)(X509_STORE*)> store(X509_STORE_new(), X509_STORE_free);
  const std::unique_ptr<X509_STORE_CTX, void (*)(X509_STORE_CTX*)> context(X509_STORE_CTX_new(), X509_STORE_CTX_free);
  X509_STORE_add_cert(store.get(), trusted.get());
  X509_STORE_CTX_init(context.get(), store.get(), shown.get(), nullptr);
  X509_verify_cert(context.get());
  return X509_STORE_CTX_get_error(context.get());
}

TEST_F(cluster_keys_test, every_node_is_trusted_by_its_cluster_alone) {
  ASSERT_TRUE(make_cluster_keys({"a", "b"}, folder_ / "one", 10));
  ASSERT_TRUE(make_cluster_keys({"a"}, folder_ / "two", 10));
  using namespace cluster_files;
  EXPECT_EQ(verdict(folder_ / "one/a" / authority, folder_ / "one/b" / certificate), X509_V_OK);
  EXPECT_NE(verdict(folder_ / "one/a" / authority, folder_ / "two/a" / certificate), X509_V_OK);
  for (const auto* name : {private_key, curve_key})
    EXPECT_EQ(fs::status(folder_ / "one/a" / name).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  const auto lists = read_public_keys(folder_ / "one/a" / accepted);
  ASSERT_TRUE(lists);
  EXPECT_EQ(lists->size(), 2U);
  EXPECT_THAT(*lists, testing::Contains(read_key_pair(folder_ / "one/b" / curve_key)->public_key));
}

TEST_F(cluster_keys_test, a_node_can_make_no_other_node) {
  ASSERT_TRUE(make_cluster_keys({"a"}, folder_, 10));
  EXPECT_EQ(X509_check_ca(certificate_in(folder_ / "a" / cluster_files::certificate).get()), 0);
}

TEST_F(cluster_keys_test, certificates_end) {
  ASSERT_TRUE(make_cluster_keys({"a"}, folder_, -1));
  const auto made = certificate_in(folder_ / "a" / cluster_files::certificate);
  EXPECT_LT(X509_cmp_current_time(X509_get0_notAfter(made.get())), 0);
}

TEST_F(cluster_keys_test, what_is_there_is_kept) {
  ASSERT_TRUE(make_cluster_keys({"a"}, folder_, 10));
  const auto again = make_cluster_keys({"b", "a"}, folder_, 10);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, errc::io_failed);
  EXPECT_FALSE(fs::exists(folder_ / "b")) << "nothing is half done";
}

TEST_F(cluster_keys_test, names_that_can_be_none) {
  for (const auto* name : {"", "..", "a/b"})
    EXPECT_EQ(make_cluster_keys({name}, folder_, 10).error().code, errc::invalid_argument) << name;
  EXPECT_EQ(make_cluster_keys({"a", "a"}, folder_, 10).error().code, errc::invalid_argument);
}

} // namespace
