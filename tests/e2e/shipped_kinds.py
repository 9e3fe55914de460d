"""The shipped pipelines of kinds that ask more than once, with SmolLM2, short answers, and every mode."""
import os
import pathlib
import unittest

from command import CommandTest

PIPELINES = pathlib.Path(__file__).resolve().parents[2] / "pipelines"
SMALL = ["model.main.source=smollm2-135m-instruct", "device.cpu.threads=1", "defaults.steps=2", "defaults.max_new_tokens=16"]


class ShippedKinds(CommandTest):
    def environment(self):
        return dict(os.environ)  # where the models are

    def results_of(self, name, *settings, mode="all", limit=2):
        arguments = [part for setting in (*SMALL, *settings) for part in ("--set", setting)]
        results = self.run_json("--limit", str(limit), "--mode", mode, *arguments, pipeline=str(PIPELINES / f"{name}.toml"))
        for result in results:
            self.assertTrue(result["ok"], result["error"])
            self.assertIsNotNone(result["score"])
        return results

    def answering(self, results, mode="latent"):
        return [next(agent for agent in result["agents"] if agent["text"] == result["text"]) for result in results
                if result["mode"] == mode]

    def test_vote(self):
        for agent in self.answering(self.results_of("gsm8k-vote", "agent.voters.options.samples=3")):
            self.assertEqual(agent["kind"], "vote")
            self.assertGreater(agent["output_tokens"], 16)

    def test_best_of(self):
        sure = self.results_of("gsm8k-best-of")
        judge = "agent.solver.options.judge=Grade {{candidate}} with one number"
        graded = self.results_of("gsm8k-best-of", judge)
        for plain, judged in zip(self.answering(sure), self.answering(graded)):
            self.assertGreater(judged["prompt_tokens"], plain["prompt_tokens"])

    def test_route(self):
        for threshold, ways in [("0", ["solver", "checker", "teller"]), ("99.0", ["solver", "teller"])]:
            for result in self.results_of("gsm8k-route", f"agent.solver.options.threshold={threshold}"):
                names = [agent["name"] for agent in result["agents"]]
                self.assertEqual(names, ["teller"] if result["mode"] == "direct" else ways)

    def test_refine(self):
        once = self.answering(self.results_of("gsm8k-refine", "agent.solver.options.rounds=1", mode="latent"))
        again = self.answering(self.results_of("gsm8k-refine", 'agent.solver.options={ rounds = 2, until = "never so" }',
                                               mode="latent"))
        for one, two in zip(once, again):
            self.assertGreater(two["prompt_tokens"], one["prompt_tokens"])

    def test_fan_out_by_each_merge(self):
        for merge in ("concatenate", "canonical", "sequence"):
            results = self.results_of("gsm8k-fanout", f"agent.judge.merge={merge}", mode="latent")
            self.assertEqual([result["latent_steps"] for result in results], [4, 4])


if __name__ == "__main__":
    unittest.main()
