// Tasks of three hops each, for engines that run many of them.
#pragma once

#include <functional>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "gpu/device_error.hpp"
#include "gpu/engine/engine.hpp"

namespace avp::test {

/// A task of three hops: two that think, one that answers.
class chain {
public:
  explicit chain(int number) : number_(number) {}

  void start(engine& on, std::function<void()> ended = {}) {
    ended_ = std::move(ended);
    hop(on, {});
  }

  [[nodiscard]] bool ended() const { return hops_ == 3; }
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] const std::string& error() const { return error_; }

private:
  void hop(engine& on, const payload& context) {
    const auto fill = [&](auto work) {
      work.id = next_request_id();
      work.model = "main";
      work.task = static_cast<std::uint64_t>(number_);
      // prompts of very different lengths, a common beginning, and some too short for the arithmetic of prompts
      work.messages = {
          {"user",
           hops_ == 1 ? "on" : "All begin alike, and then: " + std::string(number_ * 13 % 97, 'a' + number_ % 26)}};
      work.context = context;
      return work;
    };
    const auto then = [this, &on](engine::outcome outcome) {
      if (auto* error = std::get_if<caf::error>(&outcome)) {
        error_ = text_of(*error);
        hops_ = 3;
      } else if (++hops_ < 3) {
        hop(on, std::get<result>(outcome).context);
      } else {
        text_ = std::get<result>(outcome).text;
      }
      if (hops_ == 3 && ended_)
        ended_();
    };
    if (hops_ < 2) {
      auto work = fill(think());
      work.steps = 3 + number_ % 4;
      on.submit(work, then);
    } else {
      auto work = fill(generate());
      work.max_new_tokens = 24;
      work.sampling.temperature = number_ % 2 == 0 ? 0.0F : 1.2F;
      work.seed = static_cast<std::uint64_t>(number_);
      on.submit(work, then);
    }
  }

  int number_;
  int hops_ = 0;
  std::string text_, error_;
  std::function<void()> ended_;
};

/// Runs tasks on an engine, `at_once` in flight, and gives their texts by number.
inline std::map<int, std::string> run(engine& on, std::vector<int> numbers, std::size_t at_once) {
  std::map<int, chain> tasks;
  std::size_t next = 0;
  std::function<void()> feed = [&] {
    if (next < numbers.size()) {
      const auto number = numbers[next++];
      tasks.emplace(number, number).first->second.start(on, feed);
    }
  };
  for (std::size_t i = 0; i < at_once; ++i)
    feed();
  int passes = 0;
  while (on.step())
    EXPECT_LT(++passes, 100000) << "no end";
  std::map<int, std::string> texts;
  for (auto& [number, task] : tasks) {
    EXPECT_TRUE(task.ended());
    EXPECT_EQ(task.error(), "");
    texts[number] = task.text();
  }
  EXPECT_EQ(texts.size(), numbers.size());
  return texts;
}

/// 0 … count-1.
inline std::vector<int> numbers(int count) {
  std::vector<int> made(count);
  std::iota(made.begin(), made.end(), 0);
  return made;
}

} // namespace avp::test
