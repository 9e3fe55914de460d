// Arguments that need more than CLI11's own checks.
#include <gtest/gtest.h>

#include "runtime/run/command_line.hpp"

namespace avp {
namespace {

std::variant<command_line, int> parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), {"avp-run", "p.toml"});
  return parse_command_line(static_cast<int>(arguments.size()), arguments.data());
}

command_line parsed(std::vector<const char*> arguments) { return std::get<command_line>(parse(std::move(arguments))); }

TEST(command_line, data_fills_a_batch_and_a_question_runs_alone) {
  EXPECT_EQ(parsed({}).tasks_in_flight(), 64U);
  EXPECT_EQ(parsed({"--ask", "Why?"}).tasks_in_flight(), 1U);
  EXPECT_EQ(parsed({"--concurrency", "7"}).tasks_in_flight(), 7U);
  EXPECT_EQ(parsed({"--ask", "Why?", "--concurrency", "3"}).tasks_in_flight(), 3U);
}

TEST(command_line, leaves_a_folder_unless_one_question_is_asked) {
  EXPECT_TRUE(parsed({}).leaves_folder());
  EXPECT_FALSE(parsed({"--ask", "Why?"}).leaves_folder());
  EXPECT_TRUE(parsed({"--ask", "Why?", "--out", "x"}).leaves_folder());
}

TEST(command_line, explain_is_a_change_of_the_file) {
  EXPECT_TRUE(parsed({}).set.empty());
  EXPECT_EQ(parsed({"--explain"}).set, (std::vector<std::string>{"output.explain=true"}));
  EXPECT_EQ(parsed({"--set", "seed=1", "--explain"}).set.size(), 2U);
}

TEST(command_line, metrics_need_an_address) {
  EXPECT_FALSE(parsed({}).metrics);
  EXPECT_EQ(parsed({"--metrics", ":9090"}).metrics, (tcp_address{"127.0.0.1", 9090}));
  EXPECT_EQ(parsed({"--metrics", "[::1]:9090"}).metrics, (tcp_address{"::1", 9090}));
  testing::internal::CaptureStderr();
  const auto outcome = parse({"--metrics", "9090"});
  EXPECT_EQ(testing::internal::GetCapturedStderr().substr(0, 161),
            "avp-run: --metrics: must be \"host:port\", such as 0.0.0.0:5554, [::1]:5554, name:5554 or, for this "
            "machine only, "
            ":5554, found \"9090\": the port is missing\nRun with");
  EXPECT_EQ(std::get<int>(outcome), 2);
}

} // namespace
} // namespace avp
