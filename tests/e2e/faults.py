"""Agents of one's own that throw or never come back: the error of their task, and not the end of the run, and never a run that hangs.

AVP_FAULTY_AGENTS is the path of their plugin.
"""
import json
import os
import unittest

from command import CommandTest
from endings import FAULTY, LONE
from nodes import Node

REASONS = {"text": "as told", "memory": "out of memory", "number": "something was thrown that is no std::exception"}


class FaultTest(CommandTest):
    def lone(self, kind, top="", model="", **options):
        text = "\n".join(f"{key} = {json.dumps(value)}" for key, value in options.items())
        self.write("pipeline.toml", top + LONE.replace("KIND", kind).replace("OPTIONS", text).replace("[input]", model + "[input]"))
        self.write("questions.jsonl", "".join(
            json.dumps({"id": name, "question": "Why?"}) + "\n" for name in ["good1", "bad1", "bad2", "good2"]))

    def run_faulty(self, *arguments, timeout=60):
        return self.run_command("--plugin", FAULTY, "--out", "out", *arguments, timeout=timeout)

    def expect_errors(self, outcome, error, code):
        """Two tasks failed with that error, and two went on."""
        self.assertEqual(outcome.status, 1, outcome)
        results = {result["task"]: result for result in self.results("out")}
        self.assertEqual(len(results), 4, outcome)
        for name, result in results.items():
            if name.startswith("bad"):
                self.assertIn(error, result["error"])
                self.assertEqual(result["error_code"], code)
            else:
                self.assertEqual((result["ok"], result["error_code"], result["text"]), (True, None, "fine"), result)


class Throwing(FaultTest):
    MODEL = '[model.main]\nsource = "tiny.gguf"\n[device.cpu]\nthreads = 1\n'

    def test_at_a_task(self):
        for where in ("run", "begun", "later"):
            for what, reason in REASONS.items():
                with self.subTest(where=where, what=what):
                    self.lone("throws", model=self.MODEL if where == "later" else "", where=where, what=what)
                    if where == "later":
                        text = (self.folder / "pipeline.toml").read_text(encoding="utf-8")
                        self.write("pipeline.toml", text.replace('kind = "throws"', 'kind = "throws"\nmodel = "main"\nmax_new_tokens = 3'))
                    outcome = self.run_faulty("--concurrency", "1")
                    self.expect_errors(outcome, reason, "out_of_memory" if what == "memory" else "agent_failed")
                    for file in (self.folder / "out").iterdir():
                        file.unlink()

    def test_in_a_constructor(self):
        for what, reason in REASONS.items():
            with self.subTest(what=what):
                self.lone("throws", where="constructor", what=what)
                outcome = self.run_command("--plugin", FAULTY, "--out", what)
                self.expect(outcome, 1, f"avp-run: the agent 'agent' can't be started: {reason}\n")

    def test_in_a_destructor(self):
        """Results are there by then, and the one message says what it was."""
        for what, reason in REASONS.items():
            with self.subTest(what=what):
                self.lone("throws", where="destructor", what=what)
                outcome = self.run_command("--plugin", FAULTY, "--out", what)
                self.expect(outcome, 1, f"avp-run: {reason}\nto go on: avp-run --resume {what}\n")

    def test_in_a_constructor_on_a_node(self):
        node = Node(self, "b")
        node.start("--plugin", FAULTY)
        for what, reason in REASONS.items():
            with self.subTest(what=what):
                self.lone("throws", top="node_timeout = 1.0\n", where="constructor", what=what)
                text = (self.folder / "pipeline.toml").read_text(encoding="utf-8")
                self.write("pipeline.toml", text.replace('kind = "throws"', 'kind = "throws"\nnode = "b"') + node.table())
                outcome = self.run_command("--plugin", FAULTY, "--out", what)
                self.assertEqual(outcome.status, 1, outcome)
                for result in self.results(what):
                    self.assertIn(f"the agent can't be started: {reason}", result["error"])
                    self.assertEqual(result["error_code"], "agent_failed")


class Silent(FaultTest):
    def limited(self, how, **options):
        self.lone("silent", how=how, **options)
        text = (self.folder / "pipeline.toml").read_text(encoding="utf-8")
        self.write("pipeline.toml", text.replace('kind = "silent"', 'kind = "silent"\ntime_limit = 1.0'))

    def test_waiting_for_what_never_comes(self):
        self.limited("waits")
        self.expect_errors(self.run_faulty(), "the agent has not gone on for 1 s, which is as long as its time_limit lets it",
                           "time_limit")

    def test_keeping_the_thread(self):
        """Those that wait behind it fail with it; the next ones get an agent of their own."""
        self.limited("blocks")
        outcome = self.run_faulty("--concurrency", "1")
        self.expect_errors(outcome, "the agent has not come back for 1 s, which is as long as its time_limit lets it", "time_limit")

    def test_many_that_keep_their_threads(self):
        """More than there are threads of the actors."""
        self.limited("blocks")
        self.write("questions.jsonl", "".join(json.dumps({"id": f"bad{i}", "question": "Why?"}) + "\n" for i in range(12)))
        outcome = self.run_faulty("--concurrency", "1")
        self.assertEqual(outcome.status, 1, outcome)
        self.assertEqual([result["ok"] for result in self.results("out")], [False] * 12)


if __name__ == "__main__":
    unittest.main()
