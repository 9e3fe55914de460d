"""What the tests of avp-serve share: a folder with a tiny model and a pipeline, and a server under way.

AVP_SERVE is the command's path.
"""
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import threading
import unittest
import urllib.error
import urllib.request

import tiny_model

SERVE = os.environ["AVP_SERVE"]

PIPELINE = """\
name = "chain"
flow = ["thinker -> judge"]
seed = 3

""" + tiny_model.TABLES + """
[agent.thinker]
kind = "think"
prompt = "Think: {{question}}"

[agent.judge]
kind = "generate"
prompt = "Answer: {{question}}"
text_prompt = "Answer: {{question}} {{thinker}}"
"""


class Server:
    """A server that is ready, and what it says on standard error."""

    def __init__(self, folder, *arguments):
        self.process = subprocess.Popen([SERVE, *arguments], cwd=folder, stderr=subprocess.PIPE, text=True,
                                        errors="replace")
        self.lines = []
        self.changed = threading.Condition()
        self.reader = threading.Thread(target=self._read)
        self.reader.start()
        self.url = self.wait_for(r"ready: (http://\S+)/v1")[1]

    def _read(self):
        for line in self.process.stderr:
            with self.changed:
                self.lines.append(line.rstrip("\n"))
                self.changed.notify_all()
        with self.changed:
            self.lines.append(None)
            self.changed.notify_all()

    def wait_for(self, pattern, timeout=60):
        """The match of the first line that has it."""
        def found():
            for line in self.lines:
                if line is None:
                    raise AssertionError(f"no line has {pattern!r}: {self.lines}")
                if match := re.search(pattern, line):
                    return match
            return None
        with self.changed:
            if match := self.changed.wait_for(found, timeout):
                return match
            raise AssertionError(f"no line has {pattern!r}: {self.lines}")

    def end(self, number=signal.SIGTERM, timeout=30):
        """Its exit status."""
        self.process.send_signal(number)
        return self.status(timeout)

    def status(self, timeout=30):
        status = self.process.wait(timeout)
        self.reader.join()
        return status

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.reader.join()
        self.process.stderr.close()

    def request(self, path, body=None, headers=None):
        """Status, headers and JSON of an answer."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers or {})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.headers, json.load(answer)
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, refused.headers, json.load(refused)


class ServeTest(unittest.TestCase):
    """Each test has a folder of its own with `tiny.gguf` and `chain.toml`."""

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
        self.write("chain.toml", PIPELINE)

    def write(self, name, text):
        (self.folder / name).write_text(text, encoding="utf-8")

    def serve(self, *arguments):
        server = Server(self.folder, *arguments, "--port", "0")
        self.addCleanup(server.kill)
        return server

    def refused(self, *arguments):
        """The message of a command that can't begin."""
        outcome = subprocess.run([SERVE, *arguments], cwd=self.folder, text=True, capture_output=True, timeout=30)
        self.assertEqual(outcome.returncode, 2, outcome.stderr)
        self.assertEqual(outcome.stdout, "")
        return outcome.stderr


def question(text, **more):
    return {"messages": [{"role": "user", "content": text}], **more}
