// The engine fixtures on a Hugging Face directory made from the GGUF file (make_hf_directory.py), which AVP_TEST_HF_DIR
// names.
#include <cstdlib>
#include <stdexcept>

#include "tests/gpu/engine/engine_fixture.hpp"
#include "tests/gpu/model/test_models.hpp"

namespace avp::test {
namespace {

// Fails the test that asks, so that a run without the directory can't be taken for a good one.
std::filesystem::path hf_directory() {
  const char* chosen = std::getenv("AVP_TEST_HF_DIR");
  if (chosen == nullptr || *chosen == '\0')
    throw std::runtime_error("this test needs AVP_TEST_HF_DIR, the Hugging Face directory of SmolLM2; "
                             "`ctest -L peers` makes it with the Python of AVP_TEST_PYTHON");
  if (!std::filesystem::is_directory(chosen))
    throw std::runtime_error(std::string("AVP_TEST_HF_DIR is '") + chosen +
                             "', which is no directory; `ctest -L peers` makes one");
  return chosen;
}

std::vector<fixture_case> smollm2() {
  return fixture_cases("engine_smollm2.json", "the directory of smollm2-135m-instruct", hf_directory,
                       [] { return test_model("smollm2-135m-instruct"); });
}

INSTANTIATE_TEST_SUITE_P(hf_directory, engine_fixture, testing::ValuesIn(smollm2()));
INSTANTIATE_TEST_SUITE_P(hf_directory, engine_recall_fixture, testing::ValuesIn(recall_cases(smollm2())));

} // namespace
} // namespace avp::test
