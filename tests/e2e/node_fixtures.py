"""Agents on different nodes give the texts that the AVP SDK gave in one process: the engine's fixtures, run over processes on loopback."""
import itertools
import json
import os
import pathlib
import unittest

from nodes import NodeTest

DATA = pathlib.Path(__file__).resolve().parents[1] / "data"


class Fixtures:
    """The cases of one model: the first agents think, each on another node, and the last one answers on this machine."""
    source = file = None

    def environment(self):
        return dict(os.environ)  # where the models are

    def cases(self, kind):
        """By the number of latent steps, which a pipeline has once."""
        cases = [case for case in json.loads((DATA / self.file).read_text(encoding="utf-8"))["cases"] if case["kind"] == kind]
        self.assertTrue(cases)
        cases.sort(key=lambda case: case["steps"])
        return itertools.groupby(cases, key=lambda case: case["steps"])

    def pipeline(self, nodes, case):
        """One agent for each of the case's, whose prompts are fields of the record."""
        agents = [f"agent{i}" for i in range(len(case["agents"]))]
        [system] = {agent[0]["content"] for agent in case["agents"]}
        text = f'name = "fixture"\nflow = ["{" -> ".join(agents)}"]\n'
        text += "".join(node.table() for node in nodes)
        text += f'[model.main]\nsource = "{self.source}"\ndtype = "float32"\n[device.cpu]\nthreads = 1\n'
        text += f'[defaults]\nsystem = {json.dumps(system)}\nsteps = {case["steps"]}\nmax_new_tokens = 64\ntemperature = 0.0\n'
        for i, agent in enumerate(agents):
            last = i + 1 == len(agents)
            text += f'[agent.{agent}]\nkind = "{"generate" if last else "think"}"\nprompt = "{{{{prompt{i}}}}}"\n'
            text += "" if last else f'node = "{nodes[i % len(nodes)].name}"\n'
        return text + '[input]\nfile = "cases.jsonl"\n'

    def run_cases(self, kind, names):
        nodes = self.nodes(*names)
        for _, group in self.cases(kind):
            cases = list(group)
            lines = [{f"prompt{i}": agent[1]["content"] for i, agent in enumerate(case["agents"])} for case in cases]
            self.write("cases.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
            self.write("pipeline.toml", self.pipeline(nodes, cases[0]))
            results = self.run_json("--mode", "latent", "--concurrency", "1", timeout=600)
            self.assertEqual([self.sure_part(result["text"], case) for result, case in zip(results, cases)],
                             [self.sure_part(case["text"], case) for case in cases])
            for result in results:
                self.assertGreater(result["wire_bytes"], 0)
                self.assertEqual(result["agents"][-1]["node"], "local")

    @staticmethod
    def sure_part(text, case):
        """Where two tokens were nearly equally likely, another order of the sums may choose the other one from there on."""
        tokens = len(case["tokens"])
        return text.strip() if case["robust_tokens"] >= tokens else text[:len(case["text"]) * case["robust_tokens"] // (2 * tokens)]

    def test_recall_over_two_processes(self):
        self.run_cases("recall", ["b"])

    def test_a_chain_with_every_hop_on_another_node(self):
        self.run_cases("chain4", ["b", "c", "d"])


class SmolLM2(Fixtures, NodeTest):
    source, file = "smollm2-135m-instruct", "engine_smollm2.json"


class Qwen(Fixtures, NodeTest):
    source, file = "qwen2.5-coder-0.5b-instruct", "engine_qwen2.5-coder-0.5b.json"


if __name__ == "__main__":
    unittest.main()
