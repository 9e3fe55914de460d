// Arguments that need more than CLI11's own checks.
#include <gtest/gtest.h>

#include <avp/runtime/run/command_line.hpp>

namespace avp {
namespace {

std::variant<command_line, int> parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), {"avp-run", "p.toml"});
  return parse_command_line(static_cast<int>(arguments.size()), arguments.data());
}

command_line good(std::vector<const char*> arguments) { return std::get<command_line>(parse(std::move(arguments))); }

TEST(command_line, data_fills_a_batch_and_a_question_runs_alone) {
  EXPECT_EQ(good({}).tasks_in_flight(), 64U);
  EXPECT_EQ(good({"--ask", "Why?"}).tasks_in_flight(), 1U);
  EXPECT_EQ(good({"--concurrency", "7"}).tasks_in_flight(), 7U);
  EXPECT_EQ(good({"--ask", "Why?", "--concurrency", "3"}).tasks_in_flight(), 3U);
}

TEST(command_line, leaves_a_folder_unless_one_question_is_asked) {
  EXPECT_TRUE(good({}).leaves_folder());
  EXPECT_FALSE(good({"--ask", "Why?"}).leaves_folder());
  EXPECT_TRUE(good({"--ask", "Why?", "--out", "x"}).leaves_folder());
}

TEST(command_line, metrics_need_an_address) {
  EXPECT_FALSE(good({}).metrics);
  EXPECT_EQ(good({"--metrics", ":9090"}).metrics, (listen_address{"127.0.0.1", 9090}));
  testing::internal::CaptureStderr();
  const auto outcome = parse({"--metrics", "9090"});
  EXPECT_EQ(testing::internal::GetCapturedStderr().substr(0, 74),
            "--metrics: expected :PORT or HOST:PORT, such as :9090, found 9090\nRun with");
  EXPECT_EQ(std::get<int>(outcome), 2);
}

TEST(listen_address, reads_host_and_port) {
  EXPECT_EQ(parse_listen_address(":0"), (listen_address{"127.0.0.1", 0}));
  EXPECT_EQ(parse_listen_address("0.0.0.0:65535"), (listen_address{"0.0.0.0", 65535}));
  EXPECT_EQ(parse_listen_address("localhost:80"), (listen_address{"localhost", 80}));
  EXPECT_EQ(parse_listen_address("[::1]:80"), (listen_address{"::1", 80}));
  for (const auto* text : {"", ":", "80", "host", "host:", "host:x", "host:-1", ":65536", ":80 ", "::1:80",
                           "http://host:80", "[]:80", "a b:80", ": 80"})
    EXPECT_EQ(parse_listen_address(text), std::nullopt) << text;
}

TEST(listen_address, is_written_as_it_is_read) {
  for (const auto* text : {"127.0.0.1:9090", "[::1]:80"})
    EXPECT_EQ(to_string(*parse_listen_address(text)), text);
}

} // namespace
} // namespace avp
