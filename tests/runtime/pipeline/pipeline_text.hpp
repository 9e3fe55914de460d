// What the tests of the loader share: a file that is right, and loading.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/pipeline/pipeline_file.hpp"

namespace avp::test {

inline const std::vector<kind_info> kinds{{"generate", true}, {"sums", true}, {"think", false}};

inline load_options with(std::vector<std::string> overrides) {
  return {.kinds = kinds, .overrides = std::move(overrides)};
}

inline load_options in_modes(const std::string& name) { return {.kinds = kinds, .modes = modes_named(name)}; }

inline std::vector<std::string> mistakes_of(const std::string& text, load_options options = {.kinds = kinds}) {
  const auto result = load_pipeline(text, "p.toml", options);
  EXPECT_EQ(result.pipeline.has_value(), result.mistakes.empty());
  std::vector<std::string> lines;
  for (const auto& m : result.mistakes)
    lines.push_back(to_string(m));
  return lines;
}

inline pipeline good(const std::string& text, load_options options = {.kinds = kinds}) {
  auto result = load_pipeline(text, "dir/p.toml", options);
  EXPECT_THAT(to_string(result.mistakes), "");
  return result.pipeline.value_or(pipeline{});
}

/// A file that is right; tests append to it or break it.
inline const std::string chain = R"(flow = ["planner -> judge"]
[model.main]
source = "smollm2-135m-instruct"
[agent.planner]
kind = "think"
prompt = "Plan: {{question}}"
[agent.judge]
kind = "generate"
prompt = "Answer: {{question}}"
text_prompt = "{{planner}} Answer: {{question}}"
)";

/// It with a line at the end of the last agent.
inline std::string judge_with(const std::string& line) { return chain + line + "\n"; }

inline std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

} // namespace avp::test
