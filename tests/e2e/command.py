"""What the end-to-end tests of avp-run share: a folder, a tiny model, a pipeline, and running the command.

AVP_RUN is the command's path.
"""
import json
import os
import pathlib
import socket
import subprocess
import tempfile
import unittest

import tiny_model

RUN = os.environ["AVP_RUN"]


def has_ipv6():
    """Whether this machine has the loopback address of IPv6."""
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


PIPELINE = """\
name = "chain"
flow = ["planner -> critic -> judge"]
seed = 3

""" + tiny_model.TABLES + """
[agent.planner]
kind = "think"
prompt = "Plan: {{question}}"

[agent.critic]
kind = "think"
prompt = "Check it."
text_prompt = "Check: {{planner}}"

[agent.judge]
kind = "generate"
prompt = "Answer: {{question}}"
text_prompt = "Answer: {{question}} {{critic}}"
direct_prompt = "Answer at once: {{question}}"

[input]
file = "questions.jsonl"

[score]
kind = "contains"
expected = "{{answer}}"
"""


def records(count):
    """JSON Lines with the tasks t1, t2, …"""
    return "".join(json.dumps({"id": f"t{i}", "question": f"How much is {i}?", "answer": str(i)}) + "\n"
                   for i in range(1, count + 1))


class Outcome:
    """What a command that has ended left: its exit status and what it printed."""

    def __init__(self, status, out, err):
        self.status = status
        self.out = out.decode(errors="replace")
        self.err = err.decode(errors="replace")

    def __str__(self):
        return f"status {self.status}\nstdout:\n{self.out}\nstderr:\n{self.err}"


class CommandTest(unittest.TestCase):
    """Each test has a folder of its own with `tiny.gguf`, `pipeline.toml` and four questions, and runs there."""

    @classmethod
    def setUpClass(cls):
        keep = tempfile.TemporaryDirectory()
        cls.addClassCleanup(keep.cleanup)
        cls.model = pathlib.Path(keep.name, "tiny.gguf")
        tiny_model.write(cls.model)

    def setUp(self):
        keep = tempfile.TemporaryDirectory()
        self.addCleanup(keep.cleanup)
        self.folder = pathlib.Path(keep.name)
        (self.folder / "tiny.gguf").symlink_to(self.model)
        self.write("pipeline.toml", PIPELINE)
        self.write("questions.jsonl", records(4))

    def write(self, name, text):
        (self.folder / name).write_text(text, encoding="utf-8")

    def write_pipeline(self, old, new):
        """The pipeline with one thing changed, which must be there once."""
        self.assertEqual(PIPELINE.count(old), 1, old)
        self.write("pipeline.toml", PIPELINE.replace(old, new))

    def place(self, needle, file="pipeline.toml"):
        """Where a text stands, as the command's messages say it: file:line:column."""
        text = (self.folder / file).read_text(encoding="utf-8")
        at = text.index(needle)
        return f"{file}:{text.count(chr(10), 0, at) + 1}:{at - (text.rfind(chr(10), 0, at) + 1) + 1}"

    def environment(self):
        return {**os.environ, "AVP_MODELS": str(self.folder / "models")}

    def start(self, *arguments, pipeline="pipeline.toml", before=(), **options):
        """The command under way, with pipes where the options say nothing else; `before` stands before it."""
        options = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        process = subprocess.Popen([*before, RUN, pipeline, *arguments], cwd=self.folder, env=self.environment(),
                                   **options)
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process):
        process.kill()
        process.communicate()

    def finish(self, process, timeout=30):
        out, err = process.communicate(timeout=timeout)
        return Outcome(process.returncode, out or b"", err or b"")

    def run_command(self, *arguments, pipeline="pipeline.toml", stdin="", timeout=60, **options):
        process = self.start(*arguments, pipeline=pipeline, **options)
        out, err = process.communicate(stdin.encode(), timeout=timeout)
        return Outcome(process.returncode, out or b"", err or b"")

    def run_json(self, *arguments, **options):
        """The results of a run that must succeed."""
        outcome = self.run_command("--json", *arguments, **options)
        self.assertEqual(outcome.status, 0, outcome)
        return [json.loads(line) for line in outcome.out.splitlines()]

    def results(self, folder):
        """The results in a folder; every line must be whole."""
        text = (self.folder / folder / "results.jsonl").read_text(encoding="utf-8")
        self.assertTrue(text == "" or text.endswith("\n"))
        return [json.loads(line) for line in text.split("\n")[:-1]]  # other separators of lines may stand in a text

    def expect(self, outcome, status, *messages):
        """The exit status, and that each message is on stderr."""
        self.assertEqual(outcome.status, status, outcome)
        for message in messages:
            self.assertIn(message, outcome.err)
