// Every reference program of HumanEval and DebugBench, scored.
#include <atomic>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agents/prompt_template.hpp"
#include "runtime/pipeline/input.hpp"
#include "runtime/pipeline/pipeline_file.hpp"
#include "runtime/score/program_scorer.hpp"
#include "tests/runtime/os/sandbox_fixture.hpp"
#include "tests/test_data.hpp"

namespace {

using namespace avp;

class program_datasets : public testing::Test {
protected:
  void SetUp() override {
    if (const auto reason = programs_refused())
      GTEST_SKIP() << *reason;
  }
};

/// The programs of a field of a data set, scored as its pipeline says. Gives the ids of those that pass.
std::vector<std::string> passing(const std::string& name, const std::string& field, const std::string& id_field) {
  const auto loaded = load_pipeline_file(test::test_data("../../pipelines/" + name), {.kinds = registry().kinds()});
  if (!loaded.pipeline)
    throw std::runtime_error(to_string(loaded.mistakes));
  const auto& spec = *loaded.pipeline->score;
  std::ifstream file(*loaded.pipeline->input.file);
  record_reader reader(file, id_field);
  std::vector<record> records;
  while (auto item = reader.next())
    records.push_back(std::get<record>(*item));
  const program_scorer scorer;
  std::vector<int> passed(records.size());
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (auto i = next++; i < records.size(); i = next++) {
      const auto values = template_values(records[i].fields);
      passed[i] =
          scorer.score({prompt_template(spec.setup).render(values).text(), "```python\n" + values.at(field) + "```",
                        prompt_template(spec.expected).render(values).text(), spec.time_limit, spec.memory}) == 1;
    }
  };
  std::thread other(work);
  work();
  other.join();
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < records.size(); ++i)
    if (passed[i] != 0)
      ids.push_back(records[i].id);
  return ids;
}

TEST_F(program_datasets, all_canonical_solutions_of_humaneval_pass) {
  EXPECT_EQ(passing("humaneval-2.toml", "canonical_solution", "task_id").size(), 164U);
}

TEST_F(program_datasets, no_prompt_of_humaneval_passes) {
  EXPECT_THAT(passing("humaneval-2.toml", "prompt", "task_id"), testing::IsEmpty());
}

TEST_F(program_datasets, all_solutions_of_debugbench_pass) {
  EXPECT_EQ(passing("debugbench-2.toml", "solution", "id").size(), 200U);
}

TEST_F(program_datasets, no_buggy_program_of_debugbench_passes) {
  EXPECT_THAT(passing("debugbench-2.toml", "buggy_code", "id"), testing::IsEmpty());
}

} // namespace
