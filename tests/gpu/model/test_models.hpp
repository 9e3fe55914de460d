// Where the tests find real models.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

namespace avp::test {

/// The GGUF file of a model of the catalogue, in the folder that the environment variable AVP_MODELS names or else
/// where avp-model puts it. Fails the test, saying how to get the file, when it is missing.
inline std::filesystem::path test_model(std::string_view catalogue_name) {
  const char* chosen = std::getenv("AVP_MODELS");
  const char* home = std::getenv("HOME");
  const std::filesystem::path folder =
      chosen != nullptr ? std::filesystem::path(chosen)
                        : std::filesystem::path(home != nullptr ? home : "") / ".cache" / "avp" / "models";
  const std::string name(catalogue_name);
  auto path = folder / (name + ".gguf");
  if (!std::filesystem::exists(path))
    throw std::runtime_error("this test needs " + path.string() + "; fetch it with `avp-model fetch " + name +
                             "`, or set AVP_MODELS to the folder that has it");
  return path;
}

} // namespace avp::test

using avp::test::test_model;
