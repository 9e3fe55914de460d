// The engine fixtures on the GGUF files of the catalogue.
#include "tests/gpu/engine/engine_fixture.hpp"
#include "tests/gpu/model/test_models.hpp"

namespace avp::test {
namespace {

std::vector<fixture_case> cases(const std::string& file, const std::string& model) {
  const auto find = [model] { return test_model(model); };
  return fixture_cases(file, model, find, find);
}

std::vector<fixture_case> smollm2() { return cases("engine_smollm2.json", "smollm2-135m-instruct"); }
std::vector<fixture_case> qwen() { return cases("engine_qwen2.5-coder-0.5b.json", "qwen2.5-coder-0.5b-instruct"); }

INSTANTIATE_TEST_SUITE_P(smollm2, engine_fixture, testing::ValuesIn(smollm2()));
INSTANTIATE_TEST_SUITE_P(qwen, engine_fixture, testing::ValuesIn(qwen()));
INSTANTIATE_TEST_SUITE_P(smollm2, engine_recall_fixture, testing::ValuesIn(recall_cases(smollm2())));
INSTANTIATE_TEST_SUITE_P(qwen, engine_recall_fixture, testing::ValuesIn(recall_cases(qwen())));

} // namespace
} // namespace avp::test
