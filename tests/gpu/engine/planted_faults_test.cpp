// The fixtures notice what is wrong: each of these faults is further from the reference than rounding is, even in the
// chain that amplifies rounding most, with what its own noise allows.
#include <gmock/gmock.h>

#include "tests/gpu/engine/altered_model.hpp"
#include "tests/gpu/engine/engine_fixture.hpp"
#include "tests/gpu/engine/fixture_run.hpp"
#include "tests/gpu/engine/rounding.hpp"
#include "tests/gpu/model/test_models.hpp"

namespace avp::test {
namespace {

struct fault {
  std::string name;
  std::function<void(altered_model&)> in_the_model = [](altered_model&) {};
  planted_fault in_the_run;
};

const std::vector<fault>& faults() {
  static const std::vector<fault> all{
      {"rope_base_off_by_a_hundredth", [](altered_model& model) { model.scale_number("rope.freq_base", 1.01F); }, {}},
      {"one_position_dropped", [](altered_model&) {}, {.drop_position = true}},
      {"keys_of_one_head_swapped",
       [](altered_model& model) { model.swap_heads("blk.12.attn_k.weight", 64, 0, 1); },
       {}},
      {"one_latent_step_too_few", [](altered_model&) {}, {.one_step_too_few = true}},
      {"epsilon_of_the_norms", [](altered_model& model) { model.set_number("layer_norm_rms_epsilon", 1e-3F); }, {}},
  };
  return all;
}

class planted_fault_test : public testing::TestWithParam<fault> {
protected:
  static std::filesystem::path gguf() { return test_model("smollm2-135m-instruct"); }

  // The chain of latent steps that amplifies rounding most.
  static const nlohmann::json& chain() {
    static const auto cases = fixture_cases("engine_smollm2.json", "smollm2-135m-instruct", gguf, gguf);
    return cases.at(10).data;
  }

  static const std::vector<double>& scale() {
    static const auto measured = noise_scale(gguf(), chain());
    return measured;
  }
};

TEST_P(planted_fault_test, is_more_than_rounding) {
  altered_model model(gguf());
  GetParam().in_the_model(model);
  fixture_engine engine(model.path());
  const auto run = run_case(engine, chain(), 0, GetParam().in_the_run);
  const auto beyond = beyond_rounding(run.readings, expected_readings(chain()), scale());
  EXPECT_THAT(beyond, testing::Not(testing::IsEmpty()));
  std::cout << beyond.size() << " of " << run.readings.size() << " readings are further off, as\n  "
            << (beyond.empty() ? "" : beyond.front()) << '\n';
}

INSTANTIATE_TEST_SUITE_P(smollm2, planted_fault_test, testing::ValuesIn(faults()),
                         [](const auto& each) { return each.param.name; });

} // namespace
} // namespace avp::test
