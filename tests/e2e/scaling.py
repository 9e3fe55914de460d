"""Sweeps: every size and series on the same records, scaling.json, and what is told about it."""
import json
import unittest

from command import PIPELINE, CommandTest, records

SWEEP = """
[sweep]
over = "hops"
repeat = "critic"
from = 2
to = 4
"""

SWEPT = (PIPELINE.replace('text_prompt = "Check: {{planner}}"', 'text_prompt = "{{earlier}} Check it."')
         .replace('text_prompt = "Answer: {{question}} {{critic}}"', 'text_prompt = "{{earlier}} Answer: {{question}}"')
         .replace("max_new_tokens = 12", "max_new_tokens = 8"))
SERIES = ["latent", "text", "text_unshared"]


class Sweeps(CommandTest):
    def setUp(self):
        super().setUp()
        self.write("pipeline.toml", SWEPT + SWEEP)
        self.write("questions.jsonl", records(2))

    def swept(self, *arguments, status=0):
        """Results by n, series and task, what was printed, and scaling.json."""
        outcome = self.run_command("--out", "out", *arguments)
        self.assertEqual(outcome.status, status, outcome)
        results = {(result["sweep"]["n"], result["sweep"]["series"], result["task"]): result
                   for result in self.results("out")}
        found = json.loads((self.folder / "out" / "scaling.json").read_text(encoding="utf-8"))
        return results, outcome.out, found

    def test_every_size_and_series_runs_on_the_same_records(self):
        results, out, found = self.swept()
        self.assertEqual(set(results), {(n, series, task) for n in (2, 3, 4) for series in SERIES for task in ("t1", "t2")})
        for (n, series, _), result in results.items():
            self.assertEqual(result["sweep"]["over"], "hops")
            self.assertEqual(result["mode"], "latent" if series == "latent" else "text")
            self.assertEqual([agent["name"] for agent in result["agents"]],
                             ["planner", *(f"critic_{i}" for i in range(1, n - 1)), "judge"])
        self.assertEqual((found["tasks"], found["left_out"], found["values"]), (["t1", "t2"], [], [2, 3, 4]))
        self.assertEqual(len(found["points"]), 18)
        for point in found["points"]:
            result = results[point["n"], point["series"], point["task"]]
            for quantity in found["quantities"]:
                self.assertAlmostEqual(point[quantity], result[quantity], delta=0.01, msg=quantity)
        self.assertEqual(len(found["fits"]), len(found["quantities"]) * len(SERIES))
        self.check_output(out, found)

    def check_output(self, out, found):
        self.assertRegex(out, r"(?m)^(right|wrong)   t1  text without sharing, 4 hops  \d")
        rows = out[out.index("\nhops  series"):].splitlines()[2:11]
        self.assertEqual([row.split("  ")[0] for row in rows], ["2"] * 3 + ["3"] * 3 + ["4"] * 3)
        for sentence in found["sentences"]:
            self.assertIn(f"\n{sentence}\n", out)
        self.assertRegex(out, r"\nAt 4 hops text without sharing computes n\^\d\.\d\d \[.*\] prompt rows, text n\^.*, latent n\^")

    def test_latent_prompts_grow_as_a_line_and_texts_faster(self):
        results, _, found = self.swept("--concurrency", "1")
        for task in ("t1", "t2"):
            def rows(series, key="computed_tokens"):
                return [results[n, series, task][key] for n in (2, 3, 4)]
            for series, curved in [("latent", False), ("text_unshared", True)]:
                two, three, four = rows(series)
                (self.assertGreater if curved else self.assertEqual)(four - three, three - two, series)
            self.assertEqual(rows("text_unshared"), rows("text_unshared", "prompt_tokens"))
            self.assertEqual(rows("text", "prompt_tokens"), rows("text_unshared", "prompt_tokens"))
            self.assertLess(rows("text")[2], rows("text_unshared")[2], "agents' prompts begin alike")
        latent, _, unshared = [fit for fit in found["fits"] if fit["quantity"] == "computed_tokens"]
        self.assertLess(latent["exponent"], unshared["exponent"])
        self.assertAlmostEqual(latent["linear"]["residual"], 0, places=6)

    def test_a_size_takes_nothing_from_an_earlier_one(self):
        results, _, _ = self.swept("--concurrency", "1")
        for n in (2, 3, 4):
            for series in SERIES:
                planner = results[n, series, "t1"]["agents"][0]
                self.assertEqual(planner["computed_tokens"], planner["prompt_tokens"], (n, series))

    def test_the_same_sweep_gives_the_same_curves(self):
        def curves(name):
            self.run_command("--out", name, "--concurrency", "1", "--mode", "latent")
            found = json.loads((self.folder / name / "scaling.json").read_text(encoding="utf-8"))
            return [fit for fit in found["fits"] if fit["quantity"] != "device_ms"]
        self.assertEqual(curves("one"), curves("two"))

    def test_check_and_graph(self):
        out = self.run_command("--check").out
        self.assertIn("sweep over hops: 2, 3, 4; series: latent, text, text without sharing; the largest:\n", out)
        self.assertIn("chain, mode text: 4 agents, answer from 'judge'\n", out)
        self.assertIn('"planner" -> "judge"', self.run_command("--graph").out)

    def test_mistakes(self):
        self.write("pipeline.toml", SWEPT + SWEEP.replace('"critic"', '"critc"'))
        self.expect(self.run_command(), 2, self.place("repeat = \"critc\""), 'did you mean "critic"?')
        self.write("pipeline.toml", SWEPT + SWEEP)
        self.expect(self.run_command("--ask", "Why?"), 2, "--ask: a pipeline with a [sweep]")


class PromptTokens(CommandTest):
    def setUp(self):
        super().setUp()
        self.write("questions.jsonl", records(3))

    def sweep(self, values, status=0):
        self.write("pipeline.toml", PIPELINE.replace("text_prompt = \"Answer: {{question}} {{critic}}\"",
                                                     "text_prompt = \"Answer: {{question}}\"") +
                   f'\n[sweep]\nover = "prompt_tokens"\nvalues = {values}\nfield = "question"\nseries = ["latent"]\n')
        outcome = self.run_command("--out", "out")
        self.assertEqual(outcome.status, status, outcome)
        return outcome, self.results("out")

    def test_problems_are_filled_up(self):
        _, results = self.sweep([40, 80, 120])
        for task in ("t1", "t2", "t3"):
            tokens = {result["sweep"]["n"]: result["agents"][0]["prompt_tokens"]
                      for result in results if result["task"] == task}
            for less, more in [(40, 80), (80, 120)]:  # cut at words, which here are up to four bytes with their blank
                self.assertAlmostEqual(tokens[more] - tokens[less], more - less, delta=6)

    def test_tasks_that_fail_are_left_out(self):
        outcome, results = self.sweep([40, 80, 4000], status=1)
        self.assertEqual(sum(result["ok"] for result in results), 6)
        self.assertIn("\nNo task went well at every point of the sweep, so there is nothing to fit.\n", outcome.out)

    def test_one_record_has_nothing_to_be_filled_up_with(self):
        self.write("questions.jsonl", records(1))
        outcome, _ = self.sweep([40, 80, 120], status=1)
        self.assertIn("has no two records with a text \"question\"", outcome.err)


if __name__ == "__main__":
    unittest.main()
