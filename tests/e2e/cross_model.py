"""avp-run on agents of two models: thoughts that are projected, or texts; in company, with little memory, after kill -9."""
import json
import signal
import unittest

import tiny_model
from command import records
from resume import ResumeTest, same

POSITION_BYTES = 2 * tiny_model.LAYERS * tiny_model.KV_HEADS * (tiny_model.HIDDEN // tiny_model.HEADS) * 4
FIGURES = ("temperature", "shared_tokens", "dropped_mass", "entropy", "max_prob", "logit_gap", "hidden_state_norm",
           "nearest_cos_sim")

# There and back: the second model reads what the first one thought, and the first what the second made of it.
PIPELINE = """\
name = "two models"
flow = ["planner -> critic -> judge"]
seed = 3

""" + tiny_model.TABLES + """\
model = "main"
cross_model = "project"

[model.other]
source = "other.gguf"
dtype = "float32"

[agent.planner]
kind = "think"
prompt = "Plan: {{question}}"

[agent.critic]
kind = "think"
model = "other"
prompt = "Check it."
text_prompt = "Check: {{planner}}"

[agent.judge]
kind = "generate"
prompt = "Answer: {{question}}"
text_prompt = "Answer: {{question}} {{critic}}"

[input]
file = "questions.jsonl"
"""


def part(result, name):
    return next(agent for agent in result["agents"] if agent["name"] == name)


class CrossModelTest(ResumeTest):
    def setUp(self):
        super().setUp()
        tokens = tiny_model.byte_tokens()
        tokens[:10] = [f"lost{i}" for i in range(10)]
        tokens[10:256] = tokens[255:9:-1]
        tiny_model.write(self.folder / "other.gguf", tokens=tokens, first_seed=40)
        self.write("pipeline.toml", PIPELINE)

    def texts(self, *arguments):
        return {result["task"]: result["text"] for result in self.run_json(*arguments)}


class Projected(CrossModelTest):
    def test_is_said_before_the_run(self):
        outcome = self.run_command("--check")
        self.expect(outcome, 0)
        for hop in ("planner -> critic", "critic -> judge"):
            self.assertIn(f"note: {hop} is projected: vocab_overlap, 248 tokens shared.", outcome.out)
        self.assertIn("critic (think), reads what planner thinks, projected", outcome.out)
        self.assertIn("planner -> critic is projected: vocab_overlap, 248 tokens shared.",
                      self.run_command("--limit", "1").err)

    def test_is_told_in_results_summary_and_report(self):
        outcome = self.run_command("--out", "out")
        self.expect(outcome, 0)
        self.assertRegex(outcome.out, r"between models: 8 projected \(dropped mass \d+\.\d %, entropy \d\.\d\d nats on average\)\n")
        results = self.results("out")
        self.assertEqual(len(results), 4)
        for result in results:
            self.assertNotIn("received", part(result, "planner"))
            for name, source in (("critic", "planner"), ("judge", "critic")):
                [received] = part(result, name)["received"]
                self.assertEqual(list(received), ["from", "path", *FIGURES])
                self.assertEqual((received["from"], received["path"], received["shared_tokens"]), (source, "vocab_overlap", 248))
                self.assertGreater(received["entropy"], 0)
                self.assertTrue(0 < received["dropped_mass"] < 1)
                maker = part(result, source)
                self.assertEqual((maker["kind"], maker["output_tokens"], maker["latent_steps"]), ("think", 0, 2))
                self.assertEqual(maker["context_tokens"], 1)
                self.assertLess(maker["context_bytes"], 1000)
        [mode] = json.loads((self.folder / "out" / "summary.json").read_text(encoding="utf-8"))["modes"]
        self.assertEqual((mode["between_models"]["projected"], mode["between_models"]["as_text"]), (8, 0))
        [plan] = json.loads((self.folder / "out" / "run.json").read_text(encoding="utf-8"))["plans"]
        self.assertEqual([edge["hands_over"] for edge in plan["edges"]], ["projection", "projection"])
        page = (self.folder / "out" / "report.html").read_text(encoding="utf-8")
        self.assertIn("hands its projection to", page)
        self.assertRegex(page, r"critic got planner by vocab_overlap \(entropy \d\.\d\d, dropped \d+\.\d %\)")

    def test_goes_on_from_model_to_model(self):
        """What the first agent read shows in what the second one hands to the third."""
        def figures(*arguments):
            return [part(result, "judge")["received"][0]["entropy"] for result in sorted(self.run_json(*arguments), key=lambda one: one["task"])]
        expected = figures()
        self.assertEqual(figures(), expected)
        others = figures("--set", "agent.planner.prompt=Something else entirely.")
        self.assertTrue(all(one != other for one, other in zip(expected, others)), others)

    def test_company_and_memory_change_nothing(self):
        self.write("questions.jsonl", records(24))
        expected = self.texts("--concurrency", "1")
        self.assertEqual(self.texts("--concurrency", "24"), expected)
        outcome = self.run_command("--out", "out", "--concurrency", "24", "--set",
                                   f"device.cpu.kv_memory={2 * 160 * POSITION_BYTES}")
        self.expect(outcome, 0)
        self.assertEqual({result["task"]: result["text"] for result in self.results("out")}, expected)
        [device] = json.loads((self.folder / "out" / "summary.json").read_text(encoding="utf-8"))["devices"]
        self.assertGreater(device["preemptions"] + device["contexts_evicted"], 0)

    def test_a_join_takes_both(self):
        """One branch on the judge's model, one on another."""
        self.write("pipeline.toml", PIPELINE.replace('"planner -> critic -> judge"', '"planner, critic -> judge"')
                   .replace("text_prompt = \"Check: {{planner}}\"\n", ""))
        for merge in ("concatenate", "canonical", "sequence"):
            for result in self.run_json("--set", f"agent.judge.merge={merge}"):
                judge = part(result, "judge")
                self.assertEqual([one["from"] for one in judge["received"]], ["critic"])
                self.assertGreater(part(result, "planner")["context_tokens"], 10)
                self.assertEqual(part(result, "critic")["context_tokens"], 1)

    def test_survives_kill(self):
        self.write("questions.jsonl", records(30))
        arguments = ["--concurrency", "5", "--set", "defaults.max_new_tokens=40"]
        expected = self.undisturbed(*arguments)
        process = self.start("--out", "out", *arguments)
        self.assertTrue(self.wait_for(process, "SELECT count(*) > 20 FROM hops"))
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
        outcome = self.resume()
        self.expect_same(outcome, expected)

        def received(folder):
            return {(result["task"], agent["name"]): agent.get("received")
                    for result in self.results(folder) for agent in result["agents"]}
        self.assertEqual(received("out"), received("whole"))

    def test_one_vocabulary_is_mediated(self):
        tiny_model.write(self.folder / "other.gguf", first_seed=40)
        for result in self.run_json("--limit", "1"):
            [received] = part(result, "critic")["received"]
            self.assertEqual((received["path"], received["shared_tokens"]), ("vocab_mediated", 258))

    def test_models_without_common_tokens_are_refused_before_the_run(self):
        tiny_model.write(self.folder / "other.gguf", tokens=[f"alien{i}" for i in range(258)])
        for arguments in (["--check"], []):
            self.expect(self.run_command(*arguments), 2, 'planner -> critic can\'t be projected: the vocabularies of the '
                        'models "main" (tiny.gguf) and "other" (other.gguf) have 0 tokens in common, and 100 are needed; '
                        'give critic cross_model = "text"')


class AsText(CrossModelTest):
    def test_is_the_way_unless_told_otherwise(self):
        self.write("pipeline.toml", PIPELINE.replace('cross_model = "project"\n', ""))
        outcome = self.run_command("--out", "out")
        self.expect(outcome, 0, "planner -> critic falls back to text")
        self.assertIn("between models: 8 as text\n", outcome.out)
        for result in self.results("out"):
            self.assertEqual(part(result, "critic")["received"], [{"from": "planner", "path": "text"}])
            self.assertEqual(part(result, "planner")["kind"], "generate")

    def test_text_mode_has_nothing_to_project(self):
        for result in self.run_json("--mode", "text"):
            self.assertFalse(any("received" in agent for agent in result["agents"]))

    def test_a_wrong_word_is_named(self):
        self.write("pipeline.toml", PIPELINE.replace('"project"', '"projected"'))
        self.expect(self.run_command("--check"), 2, self.place('cross_model = "projected"'),
                    '"cross_model" must be "text" or "project", found the string "projected"')


if __name__ == "__main__":
    unittest.main()
