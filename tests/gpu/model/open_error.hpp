// What is said of a model that can't be opened.
#pragma once

#include <filesystem>
#include <string>

#include <gmock/gmock.h>

#include "gpu/model/open_model.hpp"

namespace avp::test {

/// The message, which names the path; "(no error)" where the model opens.
inline std::string open_error(const std::filesystem::path& path) {
  try {
    (void)open_model(path);
  } catch (const model_error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr(path.string()));
    return error.what();
  }
  return "(no error)";
}

} // namespace avp::test
