// trace.json, parsed back.
#include <csignal>
#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include "runtime/telemetry/device_monitor.hpp"
#include "runtime/telemetry/trace_file.hpp"
#include "tests/runtime/telemetry/observed_device.hpp"

namespace avp {
namespace {

using nlohmann::json;
using test::request_at;
using test::step_at;
using testing::ElementsAre;
using testing::HasSubstr;

// Times are counted from the making of the trace.
const auto start = test::clock::now();

std::vector<json> events_of(const std::vector<trace_entry>& entries, bool end = true) {
  trace_events events(start);
  std::string text = "[null";
  for (const auto& entry : entries)
    events.append(text, entry);
  if (end)
    events.append_end(text);
  const auto array = json::parse(text + "]");
  return {array.begin() + 1, array.end()};
}

std::vector<json> only(const std::vector<json>& events, const std::string& key, const json& value) {
  std::vector<json> chosen;
  for (const auto& event : events)
    if (event.contains(key) && event[key] == value)
      chosen.push_back(event);
  return chosen;
}

TEST(trace_events, a_step_is_a_slice_of_its_device) {
  const auto events =
      events_of({traced_device{2, "cuda:0"},
                 traced_step{.device = 2,
                             .step = step_at(
                                 start, 5, {.prefill = 64, .decode = 3, .replayed = 1, .guessed = 2, .accepted = 1})}});
  const auto slices = only(events, "ph", "X");
  ASSERT_EQ(slices.size(), 1U);
  EXPECT_EQ(slices[0].at("name"), "prefill + decode");
  EXPECT_EQ(slices[0].at("ts"), 5000);
  EXPECT_EQ(slices[0].at("dur"), 2000);
  EXPECT_EQ(slices[0].at("pid"), 2);
  EXPECT_EQ(slices[0].at("args"),
            json::parse(
                R"({"prefill": 64, "latent": 0, "decode": 3, "replayed": 1, "guessed": 2, "accepted": 1, "requests": 3,
                                                  "model": "main"})"));
  const auto names = only(events, "ph", "M");
  EXPECT_EQ(names.at(0).at("args").at("name"), "device cuda:0");
  EXPECT_EQ(names.at(1).at("args").at("name"), "steps");
  EXPECT_EQ(names[1].at("tid"), slices[0].at("tid"));
}

TEST(trace_events, counters_come_when_they_change) {
  const row_counts rows{.decode = 4};
  const auto events =
      events_of({traced_step{1, step_at(start, 0, rows), 10, 1, 0}, traced_step{1, step_at(start, 2, rows), 10, 1, 0},
                 traced_step{1, step_at(start, 4, {.decode = 5}), 11, 1, 0}});
  const auto row_events = only(events, "name", "rows");
  std::vector<std::pair<double, int>> decode;
  for (const auto& event : row_events)
    decode.emplace_back(event.at("ts"), event.at("args").at("decode"));
  EXPECT_THAT(decode, ElementsAre(std::pair(0.0, 4), std::pair(4000.0, 5), std::pair(6000.0, 0)));
  std::vector<std::pair<double, int>> used;
  for (const auto& event : only(events, "name", "blocks"))
    used.emplace_back(event.at("ts"), event.at("args").at("used"));
  EXPECT_THAT(used, ElementsAre(std::pair(2000.0, 10), std::pair(6000.0, 11)));
}

TEST(trace_events, a_device_that_rests_has_no_rows) {
  const row_counts rows{.latent = 2};
  const auto events = only(
      events_of({traced_step{1, step_at(start, 0, rows)}, traced_step{1, step_at(start, 50, rows)}}), "name", "rows");
  std::vector<std::pair<double, int>> latent;
  for (const auto& event : events)
    latent.emplace_back(event.at("ts"), event.at("args").at("latent"));
  EXPECT_THAT(latent,
              ElementsAre(std::pair(0.0, 2), std::pair(2000.0, 0), std::pair(50000.0, 2), std::pair(52000.0, 0)));
}

TEST(trace_events, a_request_has_a_slice_for_waiting_and_one_for_running) {
  const auto events = events_of({traced_task{7, "t7 latent"}, request_at(start, 7, 1, 4, 9)});
  const auto slices = only(events, "ph", "X");
  ASSERT_EQ(slices.size(), 2U);
  EXPECT_EQ(slices[0].at("name"), "queued");
  EXPECT_EQ(slices[0].at("ts"), 1000);
  EXPECT_EQ(slices[0].at("dur"), 3000);
  EXPECT_EQ(slices[0].at("args"), json::parse(R"({"task": 7, "for": "judge generate"})"));
  EXPECT_EQ(slices[1].at("name"), "judge generate");
  EXPECT_EQ(slices[1].at("ts"), 4000);
  EXPECT_EQ(slices[1].at("dur"), 5000);
  EXPECT_EQ(slices[0].at("tid"), slices[1].at("tid"));
  EXPECT_EQ(slices[1].at("args"),
            json::parse(R"({"task": 7, "model": "main", "prompt_tokens": 20, "computed_tokens": 15,
                                                  "latent_steps": 0, "output_tokens": 7, "guessed_tokens": 9,
                                                  "accepted_tokens": 6, "preemptions": 1})"));
  const auto tracks = only(events, "tid", slices[0].at("tid"));
  EXPECT_EQ(tracks.at(0).at("args").at("name"), "t7 latent");
}

TEST(trace_events, a_failed_request_says_why) {
  auto failed = request_at(start, 0, 1, 4, 4);
  failed.error = "cancelled \xFF";
  const auto slices = only(events_of({failed}), "ph", "X");
  EXPECT_EQ(slices.at(1).at("dur"), 0);
  EXPECT_EQ(slices[1].at("args").at("error"), "cancelled \uFFFD");
}

TEST(trace_events, requests_of_one_task_that_overlap_stand_side_by_side) {
  const auto slices = only(events_of({request_at(start, 3, 0, 1, 5), request_at(start, 3, 0, 2, 6),
                                      request_at(start, 3, 6, 6, 8), request_at(start, 4, 0, 1, 8)}),
                           "name", "judge generate");
  std::vector<int> tracks;
  for (const auto& slice : slices)
    tracks.push_back(slice.at("tid"));
  EXPECT_NE(tracks.at(0), tracks.at(1));
  EXPECT_EQ(tracks.at(2), tracks[0]) << "a track that is free is used again";
  EXPECT_NE(tracks.at(3), tracks[0]);
  EXPECT_NE(tracks[3], tracks[1]);
}

TEST(trace_events, a_task_has_its_name_on_each_of_its_tracks) {
  const auto events = events_of({request_at(start, 3, 0, 1, 5), request_at(start, 3, 0, 2, 6), traced_task{3, "late"},
                                 request_at(start, 3, 0, 3, 7)});
  std::vector<std::pair<std::string, int>> names;
  for (const auto& event : only(events, "name", "thread_name"))
    names.emplace_back(event.at("args").at("name"), event.at("tid"));
  EXPECT_THAT(names, ElementsAre(std::pair("late", 49), std::pair("late", 50), std::pair("late", 51)));
}

class trace_file_test : public testing::Test {
protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "avp_trace_" + testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::create_directories(folder_);
    file_ = folder_ + "/trace.json";
    auto sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(log_);
    before_ = spdlog::default_logger();
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("test", sink));
  }
  void TearDown() override {
    spdlog::set_default_logger(before_);
    std::filesystem::remove_all(folder_);
  }

  [[nodiscard]] std::string text() const {
    std::ifstream in(file_);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  /// What the file holds as soon as it holds so many slices, while the trace is still open.
  [[nodiscard]] json wait_for_slices(std::size_t count) const {
    for (int i = 0; i < 200; ++i) {
      const auto array = json::parse(text(), nullptr, false);
      if (array.is_array() && only(array, "ph", "X").size() == count)
        return array;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return nullptr;
  }

  std::string folder_;
  std::string file_;
  std::ostringstream log_;
  std::shared_ptr<spdlog::logger> before_;
};

TEST_F(trace_file_test, is_whole_while_it_grows_and_at_the_end) {
  trace_file trace;
  const auto device = trace.add_device("cpu");
  trace.add(device, step_at(start, 0, {.prefill = 1}), {}); // before there is a file
  trace.write_to(file_);
  EXPECT_TRUE(wait_for_slices(1).is_array());
  trace.name_task(0, "t1 latent");
  trace.add(request_at(start, 0, 0, 1, 2));
  EXPECT_TRUE(wait_for_slices(3).is_array());
  trace.add(device, step_at(start, 9, {.prefill = 1}), {});
  trace.close();
  const auto size = text().size();
  EXPECT_EQ(only(json::parse(text()), "ph", "X").size(), 4U);
  trace.add(device, step_at(start, 20, {.prefill = 1}), {});
  trace.close();
  EXPECT_EQ(text().size(), size) << "what comes after the end is dropped";
  EXPECT_EQ(log_.str(), "");
}

TEST_F(trace_file_test, of_a_run_that_did_nothing_is_an_array_too) {
  {
    trace_file trace;
    trace.write_to(file_);
  }
  EXPECT_TRUE(json::parse(text()).is_array());
}

TEST_F(trace_file_test, takes_events_of_several_threads) {
  auto trace = std::make_shared<trace_file>();
  device_monitor first("cpu", trace);
  device_monitor second("cuda:0", trace);
  trace->write_to(file_);
  const auto work = [](device_monitor& monitor) {
    for (int i = 0; i < 2000; ++i) {
      monitor.on_step(step_at(start, i, {.decode = i % 7}), {.blocks_used = i});
      monitor.on_request(request_at(start, static_cast<std::uint64_t>(i), i, i, i + 1), {});
    }
  };
  std::thread other(work, std::ref(second));
  work(first);
  other.join();
  trace->close();
  const auto slices = only(json::parse(text()), "ph", "X");
  EXPECT_EQ(slices.size(), 2U * 2000U * 3U);
  EXPECT_EQ(only(slices, "pid", 2).size(), 2000U);
}

TEST_F(trace_file_test, a_full_disk_ends_it_with_one_warning) {
  std::filesystem::create_symlink("/dev/full", file_);
  trace_file trace;
  trace.write_to(file_);
  for (int i = 0; i < 3; ++i) {
    trace.add(1, step_at(start, i, {.decode = 1}), {});
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
  }
  trace.close();
  EXPECT_EQ(log_.str().find("cannot write"), log_.str().rfind("cannot write")) << log_.str();
  EXPECT_THAT(log_.str(), HasSubstr("trace.json': No space left on device; the run goes on without it"));
  EXPECT_FALSE(std::filesystem::exists(std::filesystem::symlink_status(file_)));
}

// The limit stands for a disk that fills up in the middle.
TEST_F(trace_file_test, what_was_written_before_the_disk_was_full_stays_whole) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  trace_file trace;
  trace.write_to(file_);
  trace.add(1, step_at(start, 0, {.decode = 1}), {});
  EXPECT_TRUE(wait_for_slices(1).is_array());
  rlimit small = before;
  small.rlim_cur = text().size() + 100;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  for (int i = 1; i < 100; ++i)
    trace.add(1, step_at(start, 2 * i, {.decode = i}), {});
  trace.close();
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(only(json::parse(text()), "ph", "X").size(), 1U);
  EXPECT_THAT(log_.str(), HasSubstr("File too large"));
}

TEST_F(trace_file_test, a_file_that_cannot_be_made_is_a_warning) {
  trace_file trace;
  trace.write_to(folder_ + "/none/trace.json");
  trace.add(1, step_at(start, 0, {}), {});
  trace.close();
  EXPECT_THAT(log_.str(), HasSubstr("none/trace.json': No such file or directory"));
}

} // namespace
} // namespace avp
