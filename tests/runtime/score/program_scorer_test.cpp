// Answers that are programs: found, run and judged.
#include <gtest/gtest.h>

#include "runtime/score/program_scorer.hpp"
#include "tests/runtime/os/sandbox_fixture.hpp"

namespace {

using namespace avp;

class program_scorer_test : public testing::Test {
protected:
  double score(const std::string& answer, const std::string& tests = "assert f(2) == 4",
               const std::string& setup = "def f(x):\n    \"\"\" Doubles x. \"\"\"\n") {
    return scorer_->score({setup, answer, tests, std::chrono::seconds(1), std::int64_t{256} << 20});
  }

  void SetUp() override {
    if (const auto reason = programs_refused())
      GTEST_SKIP() << *reason;
    scorer_.emplace();
  }

  std::optional<program_scorer> scorer_;
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

TEST_F(program_scorer_test, the_program_is_what_the_tests_call) {
  const std::string right = "```python\ndef f(x):\n    return 2 * x\n```\n";
  const std::string wrong = "```python\ndef f(x):\n    return 3 * x\n```\n";
  EXPECT_EQ(score(right + "A test:\n```python\ndef test():\n    assert f(2) == 5\ntest()\n```\n"), 1);
  EXPECT_EQ(score(right + "Use:\n```python\nprint(f(int(input())))\n```\n"), 1);
  EXPECT_EQ(score(right + "Tests:\n```python\nimport unittest\nfrom answer import f\nclass TestF(unittest.TestCase):\n"
                          "    def test_f(self):\n        self.assertEqual(f(1), 3)\nunittest.main()\n```"),
            1);
  EXPECT_EQ(score(right + "Output:\n```\n4\n```\n```text\n4\n```"), 1);
  EXPECT_EQ(score(right + "```\n>>> f(2)\n4\n```"), 1);
  EXPECT_EQ(score(right + "In JavaScript:\n```javascript\nconst f = x => 3 * x\n```"), 1);
  EXPECT_EQ(score("It was:\n" + wrong + "and is:\n" + right), 1);
  EXPECT_EQ(score("It was:\n" + right + "and is:\n" + wrong), 0);
  EXPECT_EQ(score("```python\n>>> def f(x):\n...     return 2 * x\n```"), 0) << "a session is no program";
  EXPECT_EQ(score("```\ndef f(x):\n    return 2 * x\n```\n```python\nprint(f(2))\n```"), 1);
  EXPECT_EQ(score("```\nf(2) gives 4\n```\n" + right), 1);
  EXPECT_EQ(score("def f(x):\n    return 2 * x\n\nOutput:\n```\n4\n```"), 1);
}

TEST_F(program_scorer_test, a_program_takes_what_it_uses_from_other_blocks) {
  EXPECT_EQ(score("First a helper:\n```python\nimport math\nTWO = 2\ndef double(x):\n    return math.prod([TWO, x])\n"
                  "print(double(input()))\n```\nThen:\n```python\ndef f(x):\n    return double(x)\n```"),
            1);
  EXPECT_EQ(
      score("```python\ndef f(x):\n    return double(x)\n```\nwhere\n```python\ndef double(x):\n    return 2 * x\n"
            "assert double(1) == 3\n```"),
      1);
  EXPECT_EQ(score("```python\ndef double(x): return 0\n```\nbetter\n```python\ndef double(x): return 2 * x\n```\n"
                  "```python\ndef f(x): return double(x)\n```\n```python\ndef double(x): return 1\n```"),
            1)
      << "the last one before it";
  EXPECT_EQ(
      score(
          "```python\n@decorate\ndef g(x): return x\n```\n```python\ndef decorate(h):\n    return lambda x: 2 * h(x)\n"
          "```\n```python\ndef f(x): return g(x)\n```"),
      0)
      << "in the order in which they stand";
  EXPECT_EQ(score("```python\nimport no_such_module as np\ntable = np.zeros(3)\n```\n```python\ndef f(x):\n"
                  "    try:\n        return table[x]\n    except NameError:\n        return 2 * x\n```"),
            1)
      << "a helper that fails costs itself";
  EXPECT_EQ(score("```python\nclass Base:\n    k = 2\n```\n```python\nclass A(Base):\n    def f(self, x): return "
                  "self.k * x\n```",
                  "assert A().f(2) == 4"),
            1);
  EXPECT_EQ(
      score("```python\ndef g(x): return x + 1\n```\n```python\ndef f(x): return 2 * x\n```", "assert g(f(1)) == 3"),
      1);
  EXPECT_EQ(score("```python\n    return double(x)\n```\nwith\n```python\ndef double(x): return 2 * x\n```"), 1);
}

TEST_F(program_scorer_test, bodies_are_told_from_uses) {
  EXPECT_EQ(score("```python\n    return 2 * x\n```\nThen\n```python\nprint(f(2))\n```"), 1);
  EXPECT_EQ(score("```python\nreturn 2 * x\n```\n```\n4\n```"), 1);
}

TEST_F(program_scorer_test, programs_stand_in_fences_of_all_kinds) {
  for (const std::string answer :
       {"~~~python\ndef f(x):\n    return 2 * x\n~~~",
        "1. So:\n\n   ```python\n   def f(x):\n       return 2 * x\n   ```",
        "   ```Python\n   def f(x):\n       return 2 * x\n   ```",
        "```python3 title=\"x\"\ndef f(x):\n    return 2 * x\n```",
        "```{.python}\r\ndef f(x):\r\n    return 2 * x\r\n```\r\n", "```python\ndef f(x):\n    return 2 * x",
        "````python\ndef f(x):\n    \"\"\"\n```\nf(1)\n```\n    \"\"\"\n    return 2 * x\n````",
        "Sure! ```python\ndef f(x):\n    return 2 * x\n```", "```python\ndef f(x):\n    return 2 * x```\nDone."})
    EXPECT_EQ(score(answer), 1) << answer;
}

TEST_F(program_scorer_test, programs_stand_in_prose_without_a_fence) {
  EXPECT_EQ(score("Here's the function:\n\ndef f(x):\n    return 2 * x\n\nI hope that it's right."), 1);
  EXPECT_EQ(score("Here:\nimport math\n\ndef f(x):\n    return math.prod([2, x])\nDone\nNote: this"), 1);
  EXPECT_EQ(score("So it is\n\n    def f(x):\n        return 2 * x\n\nand no more."), 1);
  EXPECT_EQ(
      score("First, it doubles. from the start, that is.\nimport it.\n@once\ndef f(x) is\ndef f(x):\n  return 2 * x"),
      1);
  EXPECT_EQ(score("Here's the function:\n\ndef f(x):\n    return 3 * x\n\nI hope that it's right."), 0);
}

} // namespace
