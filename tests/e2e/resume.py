"""avp-run --resume: killed, interrupted, out of disk; resumed until it is done, and compared with a run that nobody disturbed.

`python3 resume.py Slow` has the long version: 20 kills of a run of 40 tasks in three modes. SEED names the moments.
"""
import json
import os
import pathlib
import random
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import time
import unittest

import command
from command import CommandTest, PIPELINE, records

# What a resumed run shares with an undisturbed one. Times, places and rows that were really run differ.
SAME = ("ok", "text", "score", "prompt_tokens", "latent_steps", "output_tokens")
SEED = int(os.environ.get("SEED", random.SystemRandom().randrange(1 << 32)))

# Two specialists between a planner and a judge: the judge joins what both thought.
CHAIN = PIPELINE.replace('dtype = "float32"', 'dtype = "bfloat16"')
FAN = """\
name = "fan"
flow = ["planner -> left, right -> judge"]
seed = 3

[model.main]
source = "tiny.gguf"
dtype = "bfloat16"

[device.cpu]
threads = 1

[defaults]
steps = 2
max_new_tokens = 40
temperature = 1.0

[agent.planner]
kind = "think"
prompt = "Plan: {{question}}"

[agent.left]
kind = "generate"
prompt = "Left. {{question}}"
text_prompt = "Left: {{planner}}"

[agent.right]
kind = "think"
note = 6
prompt = "Right."
text_prompt = "Right: {{planner}}"

[agent.judge]
kind = "generate"
prompt = "Answer: {{question}}"
text_prompt = "Answer: {{question}} {{left}} {{right}}"
direct_prompt = "Answer at once: {{question}}"

[input]
file = "questions.jsonl"

[output]
explain = true

[score]
kind = "contains"
expected = "{{answer}}"
"""


def same(results):
    """What has to agree, by task and mode; a task that is there twice in a mode is a mistake."""
    table = {(result["task"], result["mode"]):
             (*(result[field] for field in SAME), {agent["name"]: agent["thought"] for agent in result["agents"]})
             for result in results}
    assert len(table) == len(results), "a task has two results in one mode"
    return table


class ResumeTest(CommandTest):
    def setUp(self):
        super().setUp()
        self.write("pipeline.toml", CHAIN)

    def start_resumed(self, *arguments, folder="out", **options):
        options = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        process = subprocess.Popen([command.RUN, "--resume", folder, *arguments], cwd=self.folder, env=self.environment(), **options)
        self.addCleanup(self.end, process)
        return process

    def resume(self, *arguments, stdin="", **options):
        process = self.start_resumed(*arguments, **options)
        out, err = process.communicate(stdin.encode(), timeout=120)
        return command.Outcome(process.returncode, out or b"", err or b"")

    def query(self, sql, folder="out"):
        """What another program reads in the journal."""
        with sqlite3.connect(f"file:{self.folder / folder / 'run.db'}?mode=ro", uri=True, timeout=30) as database:
            return database.execute(sql).fetchall()

    def undisturbed(self, *arguments, **options):
        outcome = self.run_command("--out", "whole", *arguments, **{"timeout": 300, **options})
        self.assertEqual(outcome.status, 0, outcome)
        return same(self.results("whole"))

    def wait_for(self, process, sql, timeout=60):
        """Until a query of the journal gives something; or the process has ended."""
        deadline = time.monotonic() + timeout
        while process.poll() is None and time.monotonic() < deadline:
            try:
                if self.query(sql)[0][0]:
                    return True
            except sqlite3.OperationalError:  # not made yet
                pass
            time.sleep(0.002)
        return False

    def expect_equal(self, found, expected):
        """Says which tasks differ, and where, and not all of them."""
        self.assertEqual(sorted(found), sorted(expected))
        differ = {key: [(field, a, b) for field, a, b in zip((*SAME, "thought"), found[key], expected[key]) if a != b]
                  for key in expected if found[key] != expected[key]}
        self.assertEqual(differ, {})

    def expect_same(self, outcome, expected, status=0):
        self.assertEqual(outcome.status, status, outcome)
        self.expect_equal(same(self.results("out")), expected)
        [counts] = self.query("SELECT count(*), count(DISTINCT task) FROM results")
        self.assertEqual(counts[0], len(expected))
        self.assertEqual(counts[1], len({task for task, _ in expected}))
        totals = json.loads((self.folder / "out" / "summary.json").read_text(encoding="utf-8"))["modes"]
        for mode in totals:
            self.assertEqual(mode["tasks"], sum(1 for _, name in expected if name == mode["mode"]))


class Killed(ResumeTest):
    def kill_and_resume(self, process, moments, results):
        """Kills at each of the moments and resumes; gives how many kills hit a run that did not have all its results. A
        moment is in seconds after the first hop of this process in the journal, and for every fourth one after its start."""
        hits = hops = 0
        for i, moment in enumerate(moments):
            if i % 4 != 3:
                self.wait_for(process, f"SELECT count(*) > {hops} FROM hops")
            time.sleep(moment)
            process.send_signal(signal.SIGKILL)
            process.communicate(timeout=60)
            self.assertIn(process.returncode, (-signal.SIGKILL, 0), "it ended by itself, and not well")
            hops, done = (self.query(f"SELECT count(*) FROM {table}")[0][0] for table in ("hops", "results"))
            hits += process.returncode != 0 and done < results
            print(f"  killed after {moment:.3f} s: {hops} hops, {done} of {results} results")
            process = self.start_resumed()
        out, err = process.communicate(timeout=300)
        return hits, command.Outcome(process.returncode, out, err)

    def survives(self, pipeline, tasks, kills):
        print(f"SEED={SEED}")
        moments = random.Random(SEED)
        self.write("pipeline.toml", pipeline)
        self.write("questions.jsonl", records(tasks))
        arguments = ["--mode", "all", "--concurrency", "5"]
        expected = self.undisturbed(*arguments)
        whole = sum(mode["seconds"] for mode in json.loads((self.folder / "whole" / "summary.json").read_text(encoding="utf-8"))["modes"])
        process = self.start("--out", "out", *arguments)
        # Together they come to three quarters of the run, so most of them hit it.
        hits, outcome = self.kill_and_resume(process, [moments.uniform(0, 1.5 * whole / kills) for _ in range(kills)], len(expected))
        self.assertGreaterEqual(hits, kills / 3)
        self.expect_same(outcome, expected)
        self.assertEqual(self.query("SELECT count(*) FROM records"), [(tasks,)])

    def test_chain(self):
        self.survives(CHAIN.replace("max_new_tokens = 12", "max_new_tokens = 60"), tasks=40, kills=6)

    def test_fan(self):
        self.survives(FAN, tasks=40, kills=6)

    def test_twice_interrupted_says_how_to_go_on(self):
        self.write("questions.jsonl", records(300))
        arguments = ["--set", "defaults.max_new_tokens=100", "--concurrency", "100"]
        expected = self.undisturbed(*arguments)
        process = self.start("--out", "out", "--quiet", *arguments)
        self.assertTrue(self.wait_for(process, "SELECT count(*) FROM results"))
        process.send_signal(signal.SIGINT)
        process.stderr.readline()
        process.send_signal(signal.SIGINT)
        outcome = self.finish(process)
        if outcome.status == 130 and "stopped at once" in outcome.err:
            self.assertIn("to go on: avp-run --resume out\n", outcome.err)
        self.expect_same(self.resume(), expected)


class Interrupted(ResumeTest):
    def test_what_is_done_is_not_done_again(self):
        self.write("questions.jsonl", records(400))
        arguments = ["--mode", "all", "--set", "defaults.max_new_tokens=40"]
        expected = self.undisturbed(*arguments)
        process = self.start("--out", "out", *arguments)
        self.assertTrue(self.wait_for(process, "SELECT count(*) FROM results"))
        process.send_signal(signal.SIGINT)
        outcome = self.finish(process, timeout=60)
        self.expect(outcome, 130, "to go on: avp-run --resume out\n")
        before = self.results("out")
        self.assertLess(len(before), len(expected))
        outcome = self.resume()
        self.expect_same(outcome, expected)
        self.assertEqual(self.results("out")[:len(before)], before, "earlier lines stay")
        shown = re.findall(r"(?m)^(?:right|wrong) .*  latent  ", outcome.out)
        self.assertEqual(len(shown), 400 - len(before), "only what was missing is run and shown")
        self.assertRegex(outcome.out, r"(?m)^latent +400 +0 ")
        self.assertTrue((self.folder / "out" / "trace.json").exists() and (self.folder / "out" / "trace-2.json").exists())

    def test_from_another_folder(self):
        self.write("questions.jsonl", records(200))
        arguments = ["--set", "defaults.max_new_tokens=40", "--limit", "150", "--set", "seed=9"]
        expected = self.undisturbed(*arguments)
        process = self.start("--out", "out", *arguments)
        self.assertTrue(self.wait_for(process, "SELECT count(*) FROM results"))
        process.kill()
        process.communicate()
        (self.folder / "pipeline.toml").unlink()  # the journal has it
        done = subprocess.run([command.RUN, "--resume", self.folder / "out"], cwd="/", env=self.environment(),
                              capture_output=True, check=False, timeout=60)
        self.expect_same(command.Outcome(done.returncode, done.stdout, done.stderr), expected)

    def test_torn_last_line(self):
        expected = self.undisturbed()
        shutil.copytree(self.folder / "whole", self.folder / "out")
        file = self.folder / "out" / "results.jsonl"
        file.write_bytes(file.read_bytes()[:-20])
        outcome = self.resume()
        self.expect(outcome, 0, "the run in 'out' is finished: nothing is left to do")
        self.expect_same(outcome, expected)


class StandardInput(ResumeTest):
    def begin(self):
        """Two records come, and then the run is killed while it waits for more."""
        process = self.start("--input", "-", "--out", "out")
        process.stdin.write(records(2).encode())
        process.stdin.flush()
        self.assertTrue(self.wait_for(process, "SELECT count(*) = 2 FROM results"))
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)  # its input stays open
        return command.Outcome(process.returncode, process.stdout.read(), process.stderr.read())

    def test_what_was_read_is_known_and_the_rest_is_asked_for(self):
        expected = self.undisturbed("--input", "-", stdin=records(4))
        self.expect(self.begin(), 130, "to go on: avp-run --resume out\n", "avp-run --resume out --input - < INPUT\n")
        outcome = self.resume()
        self.expect(outcome, 0, "the run in 'out' is finished", "avp-run --resume out --input - < INPUT\n")
        self.assertEqual(len(self.results("out")), 2)
        self.expect(self.resume("--input", "-", stdin=records(1)), 2,
                    "the input '-' has changed since the run began: the task 't2', which the run had begun, is no longer in it")
        outcome = self.resume("--input", "-", stdin=records(4))
        self.expect_same(outcome, expected)
        self.assertNotIn("INPUT", outcome.err)

    def test_a_failed_line_stays_failed(self):
        self.write("lines", "not json\n" + records(30))
        with open(self.folder / "lines", "rb") as lines:
            process = self.start("--input", "-", "--out", "out", "--mode", "all", "--set", "defaults.max_new_tokens=60", stdin=lines)
        self.assertTrue(self.wait_for(process, "SELECT count(*) FROM hops"))
        process.kill()
        process.wait()
        outcome = self.resume()
        self.assertEqual(outcome.status, 1, outcome)
        failed = [result for result in self.results("out") if not result["ok"]]
        self.assertEqual([(result["task"], result["mode"]) for result in failed],
                         [("line 1", mode) for mode in ("latent", "text", "direct")])


class FullDisk(ResumeTest):
    def test_file_that_may_not_grow(self):
        self.write("questions.jsonl", records(300))
        expected = self.undisturbed()
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (300000, 300000))
        outcome = self.run_command("--out", "out", preexec_fn=limit)
        self.expect(outcome, 1, "avp-run: the run ended early: cannot write 'out/run.db': File too large\n",
                    "to go on: avp-run --resume out\n")
        results = self.results("out")
        self.assertTrue(0 < len(results) < 300)
        self.assertEqual(self.query("PRAGMA integrity_check"), [("ok",)])
        self.assertGreater(self.query("SELECT count(*) FROM hops")[0][0], 0)
        self.expect_same(self.resume(), expected)

    def test_disk_full(self):
        """On a file system of 512 KiB; only where one can be mounted in a namespace of one's own."""
        if shutil.which("unshare") is None:
            return
        self.write("questions.jsonl", records(400))
        expected = self.undisturbed()
        (self.folder / "small").mkdir()
        script = 'mount -t tmpfs -o size=512k none small || exit 99; "$@" --out small/run; status=$?; cp -r small/run out; exit $status'
        done = subprocess.run(["unshare", "-rm", "sh", "-c", script, "sh", command.RUN, "pipeline.toml"],
                              cwd=self.folder, capture_output=True, check=False, timeout=60)
        if done.returncode in (1, 99) and b"avp-run" not in done.stderr and b"loading" not in done.stderr:
            return
        self.expect(command.Outcome(done.returncode, done.stdout, done.stderr), 1, "avp-run: the run ended early: cannot write 'small/run/",
                    "to go on: avp-run --resume small/run\n")
        self.assertLess(len(self.results("out")), 400)
        self.expect_same(self.resume(), expected)


class Refused(ResumeTest):
    def setUp(self):
        super().setUp()
        self.assertEqual(self.run_command("--out", "out", "--limit", "2").status, 0)

    def unfinished(self):
        """The same run without its last result and hop."""
        with sqlite3.connect(self.folder / "out" / "run.db") as database:
            database.execute("DELETE FROM results WHERE task = 't2'")
            database.execute("DELETE FROM hops WHERE task = 't2' AND agent = 'judge'")
        database.close()
        file = self.folder / "out" / "results.jsonl"
        file.write_text("".join(line for line in file.read_text().splitlines(keepends=True) if '"t1"' in line), encoding="utf-8")

    def test_finished_run(self):
        before = (self.folder / "out" / "results.jsonl").read_bytes()
        outcome = self.resume()
        self.expect(outcome, 0, "avp-run: the run in 'out' is finished: nothing is left to do\n")
        self.assertNotIn("loading", outcome.err)
        self.assertRegex(outcome.out, r"(?m)^latent +2 +0 ")
        self.assertEqual((self.folder / "out" / "results.jsonl").read_bytes(), before)

    def test_json_is_all_of_results_jsonl(self):
        """What was done before comes first, then what is done now."""
        whole = self.results("out")
        outcome = self.resume("--json")
        self.assertEqual(outcome.out, (self.folder / "out" / "results.jsonl").read_text(encoding="utf-8"))
        self.unfinished()
        outcome = self.resume("--json")
        self.expect(outcome, 0)
        lines = [json.loads(line) for line in outcome.out.splitlines()]
        self.assertEqual([line["task"] for line in lines], ["t1", "t2"])
        self.assertEqual({line["task"]: line["text"] for line in lines}, {line["task"]: line["text"] for line in whole})

    def test_wrong_folder(self):
        for folder in ("nowhere", "."):
            with self.subTest(folder=folder):
                self.expect(self.resume(folder=folder), 2, f"'{folder}' has no run.db, the journal of a run; name the folder of a run")

    def test_changed_input(self):
        self.unfinished()
        self.write("questions.jsonl", records(4).replace("How much is 2?", "How much is 3?"))
        outcome = self.resume()
        self.expect(outcome, 2, f"the input '{self.folder.resolve()}/questions.jsonl' has changed since the run began: "
                    "the record of the task 't2' is not what it was. Put it back as it was, or start a new run\n")
        (self.folder / "questions.jsonl").unlink()
        self.expect(self.resume(), 2, "questions.jsonl: cannot read the input file; is the path right?")
        self.write("questions.jsonl", records(9))  # only the first two count
        self.assertEqual(self.resume().status, 0)
        self.assertEqual(len(self.results("out")), 2)

    def test_changed_model(self):
        self.unfinished()
        other = bytearray(self.model.read_bytes())
        other[-1] ^= 1
        (self.folder / "tiny.gguf").unlink()
        (self.folder / "tiny.gguf").write_bytes(bytes(other))
        self.expect(self.resume(), 2, "model 'main' is not what it was when the run began: ", "Put the model back, or start a new run\n")

    def test_arguments_that_the_folder_has(self):
        for arguments in (["--mode", "text"], ["--limit", "1"], ["--set", "seed=1"], ["--out", "other"], ["--ask", "x"],
                          ["--check"], ["--graph"]):
            with self.subTest(arguments=arguments):
                self.expect(self.resume(*arguments), 2, f"{arguments[0]} excludes --resume")
        self.expect(self.resume("pipeline.toml"), 2, "pipeline excludes --resume")
        self.expect(self.resume("--input", "questions.jsonl"), 2, "a run goes on with the file that it has")
        self.expect(self.resume("--input", "-"), 2, "does not read standard input; leave out --input")

    def test_read_only(self):
        """On a mount that can't be written, which binds root too; only where one can be had in a namespace of one's own."""
        self.unfinished()
        before = (self.folder / "out" / "results.jsonl").read_bytes()
        if shutil.which("unshare") is None:
            self.skipTest("there is no unshare")
        script = 'mount --bind out out && mount -o remount,ro,bind out || exit 99; "$@"'
        done = subprocess.run(["unshare", "-rm", "sh", "-c", script, "sh", command.RUN, "--resume", "out"], cwd=self.folder,
                              env=self.environment(), capture_output=True, check=False, timeout=60)
        if done.returncode in (1, 99) and b"out" not in done.stderr.replace(b"mount: out", b""):
            self.skipTest("no mount namespace can be made here")
        self.expect(command.Outcome(done.returncode, done.stdout, done.stderr), 2, "'out/run.db' can't be written: Read-only file system; "
                    "a run goes on in its folder, so copy 'out' to where you may write, and resume the copy\n")
        self.assertEqual((self.folder / "out" / "results.jsonl").read_bytes(), before)
        shutil.copytree(self.folder / "out", self.folder / "copy")
        self.assertEqual(self.resume(folder="copy").status, 0)

    @unittest.skipIf(os.geteuid() == 0, "root may write everywhere")
    def test_files_that_may_not_be_written(self):
        self.unfinished()
        for name in ("run.db", "results.jsonl", ""):
            with self.subTest(name=name):
                path = self.folder / "out" / name
                mode = path.stat().st_mode
                path.chmod(0o500 if not name else 0o400)
                self.expect(self.resume(), 2, f"'{pathlib.Path('out', name)}' can't be written: Permission denied; a run goes on in its folder")
                path.chmod(mode)

    def test_damaged(self):
        self.unfinished()
        file = self.folder / "out" / "run.db"
        with sqlite3.connect(file) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.close()
        whole = file.read_bytes()
        for damaged in (whole[:4096] + b"\xee" * (len(whole) - 4096), whole[:len(whole) // 2], b"\x01" * len(whole)):
            file.write_bytes(damaged)
            self.expect(self.resume(), 2, "cannot read 'out/run.db': ", "it is damaged, so the run can't go on: start it anew. What was "
                        "finished stands in results.jsonl beside it")

    def test_no_file(self):
        file = self.folder / "out" / "run.db"
        file.unlink()
        file.mkdir()
        self.expect(self.resume(), 2, "'out/run.db' is no file, and the journal of a run is one")

    def test_locked_by_another_program(self):
        self.unfinished()
        other = sqlite3.connect(self.folder / "out" / "run.db", isolation_level=None)
        self.addCleanup(other.close)
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        self.expect(self.resume(), 2, "database is locked; another program has it open and holds its lock: close that, and try again")

    def test_two_at_a_time(self):
        self.write("questions.jsonl", records(2000))
        process = self.start("--out", "busy")
        deadline = time.monotonic() + 30
        while not (self.folder / "busy" / "results.jsonl").exists() or not (self.folder / "busy" / "results.jsonl").stat().st_size:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        self.expect(self.resume(folder="busy"), 2, "another avp-run is at work in 'busy'; wait for its end, or stop it")
        self.assertIsNone(process.poll())


class Journal(ResumeTest):
    def test_what_it_holds(self):
        self.assertEqual(self.run_command("--out", "out", "--mode", "all", "--set", "seed=5").status, 0)
        self.assertEqual(self.query("SELECT modes, seed, changes, records FROM run"),
                         [('["latent","text","direct"]', "5", '["seed=5"]', 4)])
        results = {(result["task"], result["mode"]): result for result in self.results("out")}
        for task, mode, agent, text, tokens in self.query("SELECT task, stage, agent, text, prompt_tokens FROM hops"):
            [part] = [part for part in results[task, mode]["agents"] if part["name"] == agent]
            self.assertEqual((part["text"], part["prompt_tokens"]), (text, tokens))
        self.assertEqual(self.query("SELECT count(*) FROM hops")[0][0], 4 * (3 + 3 + 1))
        self.assertEqual(self.query("SELECT count(*) FROM hops WHERE recipe NOT IN (SELECT id FROM recipes)"), [(0,)])
        self.assertEqual(self.query("SELECT line FROM results ORDER BY rowid"),
                         [(line,) for line in (self.folder / "out" / "results.jsonl").read_text(encoding="utf-8").split("\n")[:-1]])
        self.assertEqual(self.query("SELECT record ->> 'question' FROM records WHERE task = 't3'"), [("How much is 3?",)])

    def test_a_question_with_a_folder(self):
        self.assertEqual(self.run_command("--ask", "Why?", "--out", "out").status, 0)
        self.assertEqual(self.query("SELECT ask, input FROM run"), [("Why?", None)])
        self.expect(self.resume("--quiet"), 0)


class Slow(Killed):
    """The long version, with a real model where it is there."""

    def test_chain(self):
        self.survives(CHAIN.replace("max_new_tokens = 12", "max_new_tokens = 60"), tasks=40, kills=20)

    def test_fan(self):
        model = pathlib.Path("~/.cache/avp/models/smollm2-135m-instruct.gguf").expanduser()
        if not model.exists():
            self.skipTest("smollm2-135m-instruct is not on this machine: avp-model fetch smollm2-135m-instruct")
        self.survives(FAN.replace("tiny.gguf", str(model)), tasks=40, kills=20)


def load_tests(loader, standard, _pattern):
    """Slow only when it is asked for by name."""
    return unittest.TestSuite(one for one in standard if not any(isinstance(test, Slow) for test in one))


if __name__ == "__main__":
    unittest.main()
