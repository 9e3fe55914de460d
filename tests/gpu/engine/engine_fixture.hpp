// The cases of the engine fixtures, and the tests that run on them.
#pragma once

#include <filesystem>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace avp::test {

/// One case of a fixture file, on one model.
struct fixture_case {
  std::string model;                                 ///< For messages.
  std::function<std::filesystem::path()> find_model; ///< The GGUF file or the directory; throws when it is not there.
  std::function<std::filesystem::path()> find_gguf;  ///< Likewise, of the same weights; always a GGUF file.
  int index;
  nlohmann::json data;
};

std::ostream& operator<<(std::ostream& out, const fixture_case& fixture);

/// All cases of a file in tests/data.
[[nodiscard]] std::vector<fixture_case> fixture_cases(const std::string& file, const std::string& model,
                                                      const std::function<std::filesystem::path()>& find_model,
                                                      const std::function<std::filesystem::path()>& find_gguf);

/// Those in which the second agent repeats a note that only the first one read.
[[nodiscard]] std::vector<fixture_case> recall_cases(std::vector<fixture_case> all);

/// Key-value samples, hidden states, norms, first logits and tokens of a case are those of the fixture.
class engine_fixture : public testing::TestWithParam<fixture_case> {};

/// A recall case can't be solved without the context.
class engine_recall_fixture : public testing::TestWithParam<fixture_case> {};

} // namespace avp::test
