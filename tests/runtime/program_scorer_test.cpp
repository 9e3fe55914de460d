// Answers that are programs: found, run and judged; and every reference program of HumanEval and DebugBench.
#include <atomic>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <avp/agents/prompt_template.hpp>
#include <avp/runtime/pipeline/input.hpp>
#include <avp/runtime/pipeline/pipeline_file.hpp>
#include <avp/runtime/score/program_scorer.hpp>

namespace {

using namespace avp;

TEST(program_of, takes_the_last_python_that_defines_something) {
  EXPECT_EQ(program_of("Here:\n```python\ndef f():\n  pass\n```\nUse it:\n```python\nprint(f())\n```\n"),
            "def f():\n  pass\n");
  EXPECT_EQ(program_of("```python\ndef f(): 1\n```\nbetter:\n```py\ndef f(): 2\n```"), "def f(): 2\n");
  EXPECT_EQ(program_of("```Python3\nx = 1\n```\n```\n1\n```"), "x = 1\n");
  EXPECT_EQ(program_of("```\ndef f(): 1\n```"), "def f(): 1\n");
  EXPECT_EQ(program_of("```python\ndef f():\n  return 1"), "def f():\n  return 1");
  EXPECT_EQ(program_of("    return 1"), "    return 1");
  EXPECT_EQ(program_of("```"), "```");
  EXPECT_EQ(program_of(""), "");
}

class program_scorer_test : public testing::Test {
protected:
  double score(const std::string& answer, const std::string& tests = "assert f(2) == 4",
               const std::string& setup = "def f(x):\n    \"\"\" Doubles x. \"\"\"\n") {
    return scorer_.score({setup, answer, tests, std::chrono::seconds(1), std::int64_t{256} << 20});
  }

  program_scorer scorer_;
};

TEST_F(program_scorer_test, whole_functions_and_bodies_pass) {
  EXPECT_EQ(score("```python\ndef f(x):\n    return 2 * x\n```"), 1);
  EXPECT_EQ(score("def f(x): return x + x"), 1);
  EXPECT_EQ(score("    return 2 * x"), 1);
  EXPECT_EQ(score("y = x\n    return 2 * y"), 1); // a model's first line loses its blanks
  EXPECT_EQ(score("for i in range(3):\n    x += 0\nreturn 2 * x"), 1);
  EXPECT_EQ(score("from dataclasses import dataclass\n@dataclass\nclass A:\n  n: int\ndef f(x): return A(x).n * 2"), 1);
}

TEST_F(program_scorer_test, wrong_programs_fail) {
  EXPECT_EQ(score("def f(x): return 3 * x"), 0);
  EXPECT_EQ(score(""), 0);
  EXPECT_EQ(score("I cannot do that."), 0);
  EXPECT_EQ(score("def f(x): return g(x)"), 0);
  EXPECT_EQ(score("def f(x):\n  while True: pass"), 0);
  EXPECT_EQ(score("def f(x): return f(x)"), 0);
  EXPECT_EQ(score("def f(x): return [0] * 10 ** 10"), 0);
  EXPECT_EQ(score("import socket\nsocket.create_connection(('127.0.0.1', 80))\ndef f(x): return 2 * x"), 0);
  EXPECT_EQ(score("\xFF\xFE"), 0);
}

TEST_F(program_scorer_test, ending_the_process_passes_no_test) {
  EXPECT_EQ(score("import os\nos._exit(0)"), 0);
  EXPECT_EQ(score("raise SystemExit(0)"), 0);
  EXPECT_EQ(score("def f(x):\n  import os\n  os._exit(0)"), 0);
  EXPECT_EQ(
      score(
          "import sys\nsys.stdout.close()\nimport os\nfor i in range(64):\n  try: os.close(i)\n  except OSError: pass"),
      0);
}

TEST_F(program_scorer_test, what_a_program_prints_and_reads_changes_nothing) {
  EXPECT_EQ(score("print('begun\\n' * 100000)\nimport sys\nprint('x', file=sys.stderr)\ndef f(x): return 2 * x"), 1);
  EXPECT_EQ(score("import sys\nassert sys.stdin.read() == ''\ndef f(x): return 2 * x"), 1);
  EXPECT_EQ(score("if __name__ == '__main__': raise ValueError\ndef f(x): return 2 * x"), 1);
}

TEST_F(program_scorer_test, a_program_has_the_setup_before_it) {
  EXPECT_EQ(score("def f(x): return double(x)", "assert f(2) == 4", "def double(x):\n    return 2 * x\n"), 1);
  EXPECT_EQ(score("def f(x: List[int]): return sum(x)", "assert f([1, 2]) == 3", "from typing import *"), 1);
}

/// The programs of a field of a data set, scored as its pipeline says. Gives the ids of those that pass.
std::vector<std::string> passing(const std::string& name, const std::string& field, const std::string& id_field) {
  const auto loaded =
      load_pipeline_file(std::string(AVP_TEST_DATA "/../../pipelines/") + name, {.kinds = registry().kinds()});
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
      passed[i] = scorer.score({prompt_template(spec.setup).render(values), "```python\n" + values.at(field) + "```",
                                prompt_template(spec.expected).render(values), spec.time_limit, spec.memory}) == 1;
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

TEST(program_datasets, all_canonical_solutions_of_humaneval_pass) {
  EXPECT_EQ(passing("humaneval-2.toml", "canonical_solution", "task_id").size(), 164U);
}

TEST(program_datasets, no_prompt_of_humaneval_passes) {
  EXPECT_THAT(passing("humaneval-2.toml", "prompt", "task_id"), testing::IsEmpty());
}

TEST(program_datasets, all_solutions_of_debugbench_pass) {
  EXPECT_EQ(passing("debugbench-2.toml", "solution", "id").size(), 200U);
}

TEST(program_datasets, no_buggy_program_of_debugbench_passes) {
  EXPECT_THAT(passing("debugbench-2.toml", "buggy_code", "id"), testing::IsEmpty());
}

} // namespace
