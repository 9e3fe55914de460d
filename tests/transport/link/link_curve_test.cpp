// Links whose ends know each other by CURVE keys, and the files of the keys.
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/transport/link/link_ends.hpp"
#include "tests/transport/link/payloads.hpp"

namespace avp {
namespace {

using test::bytes_of;
using test::into;
using test::numbered_payload;
using test::only_error;
using test::quick_receiver;
using test::quick_sender;
using test::received;
using test::results;

/// Keys of two nodes and of a stranger.
struct keys {
  key_pair server = *new_key_pair();
  key_pair client = *new_key_pair();
  key_pair stranger = *new_key_pair();

  receiver_options guarded() const {
    auto options = quick_receiver();
    options.curve = curve_server{server, {client.public_key}};
    return options;
  }
};

TEST(link_curve, a_known_key_is_let_in_and_told) {
  const keys k;
  received in;
  auto receiver = payload_receiver::bind(k.guarded(), in.handlers());
  auto options = quick_sender((*receiver)->endpoint());
  options.curve = curve_client{k.client, k.server.public_key};
  auto sender = payload_sender::connect(options);
  results done;
  (*sender)->send(numbered_payload(1, 3'000'000), into(done));
  ASSERT_TRUE(done.wait_for(1));
  const auto came = in.payloads.take();
  EXPECT_EQ(came.at(0).from.public_key, k.client.public_key);
  EXPECT_EQ(bytes_of(came[0].content), bytes_of(numbered_payload(1, 3'000'000)));
}

TEST(link_curve, a_key_that_is_not_on_the_list_gets_nothing) {
  const keys k;
  received in;
  auto receiver = payload_receiver::bind(k.guarded(), in.handlers());
  auto options = quick_sender((*receiver)->endpoint());
  options.curve = curve_client{k.stranger, k.server.public_key};
  auto sender = payload_sender::connect(options);
  results done;
  (*sender)->send(numbered_payload(1, 100), into(done));
  ASSERT_TRUE(done.wait_for(1));
  EXPECT_EQ(only_error(done), errc::unauthorized);
  (*sender)->send(numbered_payload(2, 100), into(done)); // what comes later hears the same
  ASSERT_TRUE(done.wait_for(1));
  EXPECT_EQ(only_error(done), errc::unauthorized);
  EXPECT_EQ(in.payloads.size(), 0u);
}

TEST(link_curve, a_wrong_server_key_and_plain_text_on_either_side_get_nothing) {
  const keys k;
  received in;
  auto guarded = payload_receiver::bind(k.guarded(), in.handlers());
  auto open = payload_receiver::bind(quick_receiver(), in.handlers());
  auto wrong_server = quick_sender((*guarded)->endpoint());
  wrong_server.curve = curve_client{k.client, k.stranger.public_key};
  auto plain_to_guarded = quick_sender((*guarded)->endpoint());
  auto curve_to_open = quick_sender((*open)->endpoint());
  curve_to_open.curve = curve_client{k.client, k.server.public_key};
  for (const auto& options : {wrong_server, plain_to_guarded, curve_to_open}) {
    auto sender = payload_sender::connect(options);
    results done;
    (*sender)->send(numbered_payload(1, 100), into(done));
    ASSERT_TRUE(done.wait_for(1));
    EXPECT_EQ(only_error(done), errc::peer_lost);
  }
  EXPECT_EQ(in.payloads.size(), 0u);
}

TEST(curve_keys, are_written_and_read) {
  const auto folder = std::filesystem::temp_directory_path() / ("avp-keys-" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  const auto pair = new_key_pair();
  ASSERT_TRUE(pair);
  EXPECT_TRUE(is_curve_key(pair->public_key) && is_curve_key(pair->secret_key));
  EXPECT_FALSE(is_curve_key("x"));
  EXPECT_FALSE(is_curve_key(std::string(40, ' ')));
  ASSERT_TRUE(write_key_pair(*pair, folder / "a"));
  EXPECT_EQ(write_key_pair(*pair, folder / "a").error().code, errc::io_failed); // never over a key that is there
  EXPECT_EQ(write_key_pair(*pair, folder / "no" / "a").error().code, errc::io_failed);
  struct stat status {};
  ASSERT_EQ(stat((folder / "a.key").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  const auto read = read_key_pair(folder / "a.key");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->public_key, pair->public_key);
  EXPECT_EQ(read->secret_key, pair->secret_key);
  EXPECT_EQ(read_public_keys(folder / "a.pub"), std::vector{pair->public_key});
  EXPECT_EQ(read_key_pair(folder / "missing").error().code, errc::io_failed);
  std::ofstream(folder / "bad") << "not a key\n";
  EXPECT_EQ(read_key_pair(folder / "bad").error().code, errc::invalid_argument);
  EXPECT_EQ(read_public_keys(folder / "bad").error().code, errc::invalid_argument);
  std::ofstream(folder / "two") << pair->secret_key << "\n\n" << pair->secret_key << "\n";
  EXPECT_EQ(read_key_pair(folder / "two").error().code, errc::invalid_argument);
  EXPECT_EQ(read_public_keys(folder / "two")->size(), 2u);
  std::filesystem::remove_all(folder);
}

} // namespace
} // namespace avp
