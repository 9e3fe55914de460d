"""avp-score as a shell user meets it, and as avp-run starts it.

AVP_SCORE is the command's path, AVP_RUN that of avp-run.
"""
import contextlib
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time
import unittest

import command

SCORE = os.environ["AVP_SCORE"]


def score(*arguments, lines=""):
    return subprocess.run([SCORE, *map(str, arguments)], input=lines, capture_output=True, text=True, timeout=120,
                          check=False)


def pair(**keys):
    return json.dumps(keys) + "\n"


class Pairs(unittest.TestCase):
    def test_pairs_come_back_with_their_scores(self):
        done = score("--kind", "math", lines=pair(answer="\\boxed{\\frac12}", expected="0.5", id=7)
                     + "\n" + pair(answer="3", expected="4") + pair(answer="3", expected=""))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual([json.loads(line) for line in done.stdout.splitlines()],
                         [{"answer": "\\boxed{\\frac12}", "expected": "0.5", "id": 7, "score": 1.0},
                          {"answer": "3", "expected": "4", "score": 0.0},
                          {"answer": "3", "expected": "", "score": None}])

    def test_a_line_may_name_its_kind(self):
        done = score(lines=pair(kind="choice", answer="**b**", expected="B")
                     + pair(kind="python", answer="return 2 * x", expected="assert f(1) == 2", setup="def f(x):"))
        self.assertEqual([json.loads(line)["score"] for line in done.stdout.splitlines()], [1.0, 1.0], done.stderr)

    def test_bad_lines_are_named_and_cost_themselves(self):
        done = score("--kind", "exact", lines="no json\n" + pair(answer="a") + "[]\n" + pair(answer="a", expected="a"))
        self.assertEqual(done.returncode, 1)
        self.assertEqual([json.loads(line)["score"] for line in done.stdout.splitlines()], [None, None, None, 1.0])
        for text in ("line 1: ", "line 2: ", "'expected'", "line 3: expected an object"):
            self.assertIn(text, done.stderr)
        self.assertIn("names no kind", score(lines=pair(answer="a", expected="a")).stderr)

    def test_wrong_arguments(self):
        for arguments in (["--kind", "maths"], ["--nothing"], ["a", "b"]):
            self.assertEqual(score(*arguments).returncode, 2, arguments)


class Runs(unittest.TestCase):
    def setUp(self):
        keep = tempfile.TemporaryDirectory()
        self.addCleanup(keep.cleanup)
        self.folder = pathlib.Path(keep.name)

    def write(self, kind, results, extra=""):
        (self.folder / "pipeline.toml").write_text(f'[score]\nkind = "{kind}"\nexpected = "{{{{answer}}}}"\n{extra}')
        (self.folder / "results.jsonl").write_text("".join(map(pair_of, results)))

    def test_changed_scores_are_printed(self):
        self.write("math", [("t1", "latent", "0.5", "1/2", 0.0), ("t2", "latent", "3", "3", 1.0),
                            ("t3", "text", "3", "4", None), ("t4", "text", "3", None, None)])
        before = (self.folder / "results.jsonl").read_bytes()
        done = score(self.folder)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout.splitlines(), ["task 't1' latent: 0.0 -> 1.0", "task 't3' text: none -> 0.0",
                                                    "latent: 1 of 2 scores change; mean 50.0 -> 100.0 %",
                                                    "text: 1 of 1 scores change; mean 0.0 -> 0.0 %"])
        self.assertEqual((self.folder / "results.jsonl").read_bytes(), before)

    def test_another_kind(self):
        self.write("f1", [("t1", "latent", "the Eiffel Tower", "Tower", 0.5)])
        self.assertIn("task 't1' latent: 0.5 -> 0.0\n", score(self.folder, "--kind", "answer_exact").stdout)

    def test_programs_with_their_setup(self):
        self.write("python", [("t1", "latent", "return 2", "assert f() == 2", 0.0)], 'setup = "def f():"')
        self.assertIn("task 't1' latent: 0.0 -> 1.0\n", score(self.folder).stdout)

    def test_what_is_no_run(self):
        for text in (None, "x = ", "[score]\n"):
            if text is not None:
                (self.folder / "pipeline.toml").write_text(text)
            done = score(self.folder)
            self.assertEqual(done.returncode, 2, text)
            self.assertIn("pipeline.toml", done.stderr)


def pair_of(result):
    task, mode, text, expected, value = result
    return pair(task=task, mode=mode, ok=True, error=None, text=text, expected=expected, score=value)


def stat(entry):
    """Name, state and parent of a process; nothing of one that has ended, whoever has yet to notice."""
    try:
        name, fields = (entry / "stat").read_text().split("(", 1)[1].rsplit(")", 1)
    except OSError:
        return None
    state, parent = fields.split()[:2]
    return None if state == "Z" else (name, int(parent))


def scorers_of(process):
    return [entry for entry in pathlib.Path("/proc").glob("[0-9]*") if stat(entry) == ("avp-score", process)]


class Process(command.CommandTest):
    def test_the_scorer_dies_with_a_run_that_is_killed(self):
        self.write("questions.jsonl", command.records(400))
        process = self.start("--mode", "direct", "--out", "run")
        deadline = time.monotonic() + 60
        scorers = []
        while not scorers and process.poll() is None and time.monotonic() < deadline:
            scorers = scorers_of(process.pid)
        self.assertTrue(scorers, "the run started none")
        self.assertEqual(len(scorers), 1, "one for all tasks")
        process.kill()
        process.wait()
        while any(map(stat, scorers)) and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertEqual([entry for entry in scorers if stat(entry)], [])

    def test_a_scorer_that_is_killed_costs_its_task_and_no_other(self):
        """One that dies between two answers costs nothing: the next answer starts another one."""
        self.write("questions.jsonl", command.records(40))
        process = self.start("--mode", "direct", "--out", "run", stdin=subprocess.DEVNULL)
        killed = set()
        while process.poll() is None and len(killed) < 3:
            for entry in scorers_of(process.pid):
                if int(entry.name) not in killed:
                    killed.add(int(entry.name))
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(int(entry.name), signal.SIGKILL)
        outcome = self.finish(process, timeout=60)
        self.assertTrue(killed, "the run started none")
        results = self.results("run")
        failed = [result for result in results if not result["ok"]]
        self.assertLessEqual(len(failed), len(killed), failed)
        self.assertEqual(outcome.status, 1 if failed else 0, outcome)
        self.assertEqual(len(results), 40)
        self.assertEqual([result for result in results if result["ok"] and result["score"] is None], [])
        for result in failed: # that a scorer died of its answer is tested by one that does: scorer_process_test
            self.assertIn("the answer has no score: ", result["error"])
            self.assertEqual(result["error_code"], "scorer_failed")


if __name__ == "__main__":
    unittest.main()
