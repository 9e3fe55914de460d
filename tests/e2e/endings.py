"""How every program ends when it is asked to, whatever it is at: the table of states and signals.

A state is reached for real: by a FIFO that nobody writes to, a pipe that nobody reads, a terminal that is stopped, a node that does not
answer, a program in the sandbox that sleeps. AVP_RUN, AVP_NODE, AVP_MODEL, AVP_INSPECT and AVP_FAULTY_AGENTS are paths.
"""
import json
import os
import pathlib
import pty
import signal
import socket
import sqlite3
import subprocess
import termios
import threading
import time
import unittest

from command import PIPELINE, RUN, CommandTest, Outcome, records
from nodes import KEY, NODE, Node, free_port

MODEL, INSPECT = os.environ["AVP_MODEL"], os.environ["AVP_INSPECT"]
FAULTY = os.environ["AVP_FAULTY_AGENTS"]

TERMINATED = [[signal.SIGTERM], [signal.SIGHUP]]
ALL = [[signal.SIGINT, signal.SIGINT], *TERMINATED]

# Two seconds are promised. A machine that does a lot else may be late, and a program that hangs is later than this.
BOUND = 20

ONCE = "interrupted: finishing the tasks that run; interrupt once more to stop at once\n"
BEFORE = "interrupted before any task was run\n"
ALONE = "interrupted\n"
AT_ONCE = "stopped at once\n"
GO_ON = "to go on: avp-run --resume out\n"

# An agent without a model, of which each test says what it does.
LONE = """\
name = "lone"
flow = ["agent"]
[agent.agent]
kind = "KIND"
prompt = "{{question}}"
[agent.agent.options]
OPTIONS
[input]
file = "questions.jsonl"
"""


def said(message, number):
    """What stands in place of a message about Ctrl-C when another signal came."""
    return message if number == signal.SIGINT else {
        ONCE: f"{number.name}: finishing the tasks that run, within two seconds\n",
        BEFORE: f"ended by {number.name} before any task was run\n",
        ALONE: f"ended by {number.name}\n"}.get(message, message)


def descendants(pid):
    """All processes under one, with the moments of their starts, which tell them from later ones of the same number."""
    found = {}
    try:
        children = pathlib.Path(f"/proc/{pid}/task").glob("*/children")
        for child in {int(word) for file in children for word in file.read_text().split()}:
            found[child] = started(child)
            found.update(descendants(child))
    except OSError:
        pass
    return found


def started(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return None


def catches(pid, number=signal.SIGINT):
    """Whether a process has a handler for a signal by now."""
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return True  # it has ended, which others notice
    mask = next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:"))
    return int(mask, 16) >> (number - 1) & 1 == 1


def wait_until(condition, what, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"it never came to this: {what}"
        time.sleep(0.02)


class EndingTest(CommandTest):
    def setUp(self):
        super().setUp()
        self.left = []

    def popen(self, *command, **options):
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        process = subprocess.Popen(command, cwd=self.folder, env=self.environment(), **options)
        self.addCleanup(self.end, process)
        return process

    def settled(self, process):
        wait_until(lambda: catches(process.pid), "it knows what to do with signals")
        time.sleep(1)
        self.assertIsNone(process.poll(), "it did not come into its state")
        return process

    def fifo(self, name):
        os.mkfifo(self.folder / name)
        return name

    def ends(self, process, signals, status, *messages):
        """Sends the signals; the process must end with that status and those messages, and leave no process behind."""
        before = descendants(process.pid)
        if process.stderr:
            os.set_blocking(process.stderr.fileno(), False)
        begin = time.monotonic()
        for place, number in enumerate(signals):
            if place > 0:
                time.sleep(0.3)  # two that come together count as one
            process.send_signal(number)
        try:
            process.wait(timeout=BOUND)
        except subprocess.TimeoutExpired:
            self.fail(f"still there {BOUND} s after {signals}")
        took = time.monotonic() - begin
        print(f"  {self.id().rpartition('.')[2]}: {'+'.join(one.name for one in signals)} {took:.2f} s")
        err = (process.stderr.read() or b"").decode(errors="replace") if process.stderr else ""
        outcome = Outcome(process.returncode, b"", err.encode())
        self.assertEqual(process.returncode, status, outcome)
        for message in messages:
            self.assertIn(message, err, outcome)
        for pid, start in before.items():
            wait_until(lambda pid=pid, start=start: started(pid) != start or start is None,
                       f"the end of process {pid}, which was a child", BOUND)

    def each(self, begin, rules):
        """`begin` brings a process into its state; each rule is (signals, status, messages…)."""
        for signals, status, *messages in rules:
            with self.subTest(signals=[one.name for one in signals]):
                for entry in self.left:
                    entry()
                self.left = []
                subprocess.run(["rm", "-rf", self.folder / "out"], check=True)
                self.ends(begin(), signals, status, *[said(message, signals[0]) for message in messages])

    def lone(self, kind, tasks=None, extra="", **options):
        """A pipeline of one agent of AVP_FAULTY_AGENTS."""
        text = "\n".join(f"{key} = {json.dumps(value)}" for key, value in options.items())
        self.write("pipeline.toml", LONE.replace("KIND", kind).replace("OPTIONS", text) + extra)
        self.write("questions.jsonl", "".join(
            json.dumps({"id": name, "question": "Why?", "answer": "x"}) + "\n" for name in tasks or ["bad"]))

    def start_lone(self, *arguments, **options):
        process = self.start("--plugin", FAULTY, "--out", "out", *arguments, **options)
        wait_until(lambda: process.poll() is not None or self.has_read(), "the run is under way")
        return process

    def has_read(self):
        try:
            with sqlite3.connect(f"file:{self.folder / 'out' / 'run.db'}?mode=ro", uri=True, timeout=30) as database:
                return database.execute("SELECT count(*) FROM records").fetchone()[0] > 0
        except sqlite3.OperationalError:  # not made yet
            return False


class BeforeARun(EndingTest):
    """There is nothing to finish, so the first signal is enough."""
    ONE = [[signal.SIGINT], *TERMINATED]

    def at_once(self, begin, *messages):
        self.each(begin, [(signals, 130, BEFORE, *messages) for signals in self.ONE])

    def started(self, *arguments, **options):
        return self.settled(self.start(*arguments, **options))

    def test_reading_a_pipeline_file_that_does_not_come(self):
        self.fifo("fifo.toml")
        self.at_once(lambda: self.started(pipeline="fifo.toml"))

    def test_checking_an_input_that_does_not_end(self):
        self.fifo("endless.jsonl")
        self.at_once(lambda: self.started("--input", "endless.jsonl"))

    def test_loading_a_plugin_that_does_not_come(self):
        self.fifo("agents.so")
        self.at_once(lambda: self.started("--plugin", "agents.so"))

    def test_greeting_a_node_that_does_not_answer(self):
        silent = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(silent.close)
        self.write("pipeline.toml", "node_timeout = 60.0\n" + PIPELINE.replace(
            "[agent.judge]", f'[node.b]\ncontrol = "127.0.0.1:{silent.getsockname()[1]}"\n'
                             f'data = "tcp://127.0.0.1:{free_port()}"\n\n[agent.judge]\nnode = "b"'))
        self.at_once(self.started)

    def test_comparing_standard_input_with_that_of_the_run_before(self):
        self.assertEqual(self.run_command("--input", "-", "--out", "first", stdin=records(2)).status, 0)
        def begin():
            subprocess.run(["cp", "-r", self.folder / "first", self.folder / "out"], check=True)
            return self.started("out", "--input", "-", pipeline="--resume")

        self.at_once(begin, GO_ON)

    def test_standard_error_that_nobody_reads(self):
        def begin():
            reading, writing = os.pipe()
            self.left.append(lambda: os.close(reading))
            os.set_blocking(writing, False)
            try:
                while os.write(writing, bytes(4096)):
                    pass
            except BlockingIOError:
                os.set_blocking(writing, True)
            process = self.start("--out", "out", stderr=writing)
            os.close(writing)
            return self.settled(process)

        self.each(begin, [(signals, 130) for signals in self.ONE])


class UnderWay(EndingTest):
    def finishing(self, begin, *messages):
        """Something does not end by itself."""
        self.each(begin, [(signals, 130, AT_ONCE, *messages) for signals in ALL])

    def test_tasks_that_take_long(self):
        self.write("questions.jsonl", records(500))

        def begin():
            process = self.start("--out", "out", "--quiet", "--concurrency", "500", "--set", "defaults.max_new_tokens=300")
            results = self.folder / "out" / "results.jsonl"
            wait_until(lambda: results.exists() and results.stat().st_size > 0, "a result")
            return process

        self.each(begin, [(signals, 130, GO_ON) for signals in ALL])

    def test_nothing_is_lost_that_was_written_down(self):
        self.write("questions.jsonl", records(60))
        arguments = ["--set", "defaults.max_new_tokens=200"]
        whole = {result["task"]: result["text"] for result in self.run_json(*arguments, "--out", "whole")}
        process = self.start("--out", "out", "--quiet", *arguments)
        results = self.folder / "out" / "results.jsonl"
        wait_until(lambda: results.exists() and results.stat().st_size > 0, "a result")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(self.finish(process).status, 130)
        done = results.read_text().count("\n")
        outcome = self.run_command("out", pipeline="--resume")
        self.assertEqual(outcome.status, 0, outcome)
        self.assertGreater(done, 0)
        self.assertEqual({result["task"]: result["text"] for result in self.results("out")}, whole)

    def test_waiting_for_standard_input(self):
        """What runs is finished at once, so the first signal is enough."""
        def begin():
            process = self.start("--input", "-", "--out", "out", "--json")
            process.stdin.write(records(1).encode())
            process.stdin.flush()
            self.assertTrue(json.loads(process.stdout.readline())["ok"])
            return process

        self.each(begin, [([signal.SIGINT], 130, ONCE, GO_ON), *[(signals, 130, ONCE, GO_ON) for signals in TERMINATED]])

    def test_standard_output_that_nobody_reads(self):
        self.lone("says", [f"t{i}" for i in range(3000)], text="x" * 100)

        def begin():
            process = self.start_lone("--json")
            before = -1
            while before != (before := (self.folder / "out" / "results.jsonl").stat().st_size):
                time.sleep(1)
            self.assertIsNone(process.poll())
            return process

        self.finishing(begin, ONCE, GO_ON)

    def test_a_terminal_that_is_stopped(self):
        self.lone("silent", how="waits")

        def begin():
            terminal, end = pty.openpty()
            self.left.append(lambda: os.close(terminal))
            termios.tcflow(end, termios.TCOOFF)
            process = self.start_lone(stderr=end)
            os.close(end)
            time.sleep(1)
            return process

        self.each(begin, [(signals, 130) for signals in ALL])

    def test_an_agent_that_keeps_its_thread(self):
        self.lone("silent", how="blocks")
        self.finishing(self.start_lone, ONCE, GO_ON)

    def test_an_agent_that_waits_for_ever(self):
        self.lone("silent", how="waits")
        self.finishing(self.start_lone, ONCE, GO_ON)

    def test_a_program_that_sleeps_in_the_sandbox(self):
        self.lone("says", text="import time\ntime.sleep(200)", extra='[score]\nkind = "python"\nexpected = "{{answer}}"\n'
                                                                    'time_limit = 100\n')

        def begin():
            process = self.start_lone()
            wait_until(lambda: any(b"python3" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
                                   for pid in descendants(process.pid)), "Python runs")
            return process

        if "sandbox" in self.run_command("--check", "--plugin", FAULTY).err:
            self.skipTest("there is no sandbox here")
        self.finishing(begin, ONCE, GO_ON)
        with self.subTest("killed"):
            subprocess.run(["rm", "-rf", self.folder / "out"], check=True)
            self.ends(begin(), [signal.SIGKILL], -signal.SIGKILL)

    def test_a_hop_that_waits_for_its_node(self):
        node = Node(self, "b").start()
        self.write("questions.jsonl", records(2000))
        self.write("pipeline.toml", "node_timeout = 1.0\nnode_wait = 300.0\n" + PIPELINE.replace(
            "[model.main]", node.table() + "[model.main]").replace("[agent.judge]", '[agent.judge]\nnode = "b"'))

        def begin():
            if node.process.poll() is not None:
                node.restart()
            process = self.start("--out", "out", "--quiet", "--concurrency", "2")
            results = self.folder / "out" / "results.jsonl"
            wait_until(lambda: results.exists() and results.stat().st_size > 0, "a result")
            node.kill()
            time.sleep(2)
            return process

        self.finishing(begin, ONCE, GO_ON)

    def test_writing_the_report(self):
        self.lone("says", text="x")

        def begin():
            (self.folder / "out").mkdir()
            self.fifo("out/report.html.part")
            process = self.start_lone()
            wait_until((self.folder / "out" / "summary.json").exists, "the tasks are through")
            time.sleep(0.5)
            return process

        self.finishing(begin, GO_ON)

    def test_quit_ends_at_once(self):
        self.lone("silent", how="blocks")
        self.ends(self.start_lone(preexec_fn=lambda: __import__("resource").setrlimit(4, (0, 0))), [signal.SIGQUIT],
                  -signal.SIGQUIT)

    def test_stopped_and_continued(self):
        self.write("questions.jsonl", records(200))
        process = self.start("--out", "out", "--quiet")
        results = self.folder / "out" / "results.jsonl"
        wait_until(lambda: results.exists() and results.stat().st_size > 0, "a result")
        process.send_signal(signal.SIGSTOP)  # the system ignores SIGTSTP for a process group without a terminal's shell
        time.sleep(1)
        done = results.stat().st_size
        time.sleep(0.5)
        self.assertEqual(results.stat().st_size, done)
        process.send_signal(signal.SIGCONT)
        self.assertEqual(self.finish(process, timeout=60).status, 0)
        self.assertEqual(len(self.results("out")), 200)

    def test_nohup_is_heeded(self):
        self.write("questions.jsonl", records(300))
        process = self.start("--out", "out", "--quiet", preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        results = self.folder / "out" / "results.jsonl"
        wait_until(lambda: results.exists() and results.stat().st_size > 0, "a result")
        process.send_signal(signal.SIGHUP)
        self.assertEqual(self.finish(process, timeout=60).status, 0)


class Output(EndingTest):
    def test_a_reader_that_has_enough(self):
        """avp-run … | head -1"""
        self.lone("says", [f"t{i}" for i in range(20000)], text="x")
        for arguments in (["--json"], []):
            with self.subTest(arguments=arguments):
                process = self.start_lone(*arguments)
                self.assertTrue(process.stdout.readline())
                process.stdout.close()
                process.stdout = None
                outcome = self.finish(process)
                self.assertEqual(outcome.status, 1, outcome)
                self.assertIn(GO_ON, outcome.err)
                self.assertNotIn("error", outcome.err)
                self.assertNotIn("Broken pipe", outcome.err)
                subprocess.run(["rm", "-rf", self.folder / "out"], check=True)

    def test_a_full_disk_under_standard_output(self):
        self.lone("says", text="x")
        for arguments in ([], ["--json"], ["--quiet"], ["--check"], ["--graph"]):
            with self.subTest(arguments=arguments), open("/dev/full", "wb") as full:
                outcome = self.run_command("--plugin", FAULTY, *arguments, stdout=full)
                self.expect(outcome, 1, "cannot write to standard output: No space left on device")
        self.assertEqual(self.run_command("--plugin", FAULTY, "--out", "whole").status, 0)
        with open("/dev/full", "wb") as full:  # a run that is finished, and its lines
            process = self.popen(RUN, "--resume", "whole", "--json", stdout=full)
            self.expect(self.finish(process), 1, "cannot write to standard output: No space left on device")
        for command in ([MODEL, "list"], [MODEL, "list", "--json"]):
            with self.subTest(command=command), open("/dev/full", "wb") as full:
                process = self.popen(*command, stdout=full)
                self.expect(self.finish(process), 1, "cannot write to standard output: No space left on device")
        with open("/dev/full", "wb") as full:
            self.expect(self.finish(self.popen(KEY, "new", "link", stdout=full)), 1, "Standard output cannot be written.")


class OtherPrograms(EndingTest):
    def test_a_node_that_has_nothing_to_do(self):
        def begin():
            (self.folder / "b.log").unlink(missing_ok=True)
            return Node(self, "b").start().process

        self.each(begin, [(signals, 0) for signals in [[signal.SIGINT], *TERMINATED]])

    def test_a_node_with_a_hop_that_does_not_end(self):
        self.lone("silent", how="blocks")

        def begin():
            (self.folder / "b.log").unlink(missing_ok=True)
            node = Node(self, "b")
            file = self.folder / node.file
            file.write_text(file.read_text().replace("timeout = 1.0", "timeout = 30.0"))  # a slow machine is no lost node
            node.start("--plugin", FAULTY)
            text = (self.folder / "pipeline.toml").read_text()
            self.write("node.toml", f"node_timeout = 30.0\n{text}\n{node.table()}".replace(
                'kind = "silent"', 'kind = "silent"\nnode = "b"'))
            run = self.start("--plugin", FAULTY, "--out", "out", pipeline="node.toml")
            self.left.append(run.kill)
            wait_until(lambda: b'"hops_under_way": 1' in self.status_of(node), "the hop is under way")
            return node.process

        self.each(begin, [(signals, 130) for signals in ALL])

    def status_of(self, node):
        shown = subprocess.run(node.command("--status"), cwd=self.folder, env=self.environment(), capture_output=True, check=False)
        return json.dumps(json.loads(shown.stdout or b"{}")).encode()

    def test_a_node_s_file_that_does_not_come(self):
        self.fifo("node.toml")

        def begin():
            return self.settled(self.popen(NODE, "--config", "node.toml"))

        self.each(begin, [(signals, 130, ALONE) for signals in [[signal.SIGINT], *TERMINATED]])

    def test_asking_a_node_that_does_not_answer(self):
        silent = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(silent.close)
        self.write("node.toml", f'name = "b"\ncontrol = "127.0.0.1:{silent.getsockname()[1]}"\n'
                                'data = "tcp://127.0.0.1:1"\ntimeout = 60.0\n')

        def begin():
            return self.settled(self.popen(NODE, "--config", "node.toml", "--status"))

        self.each(begin, [(signals, 130, ALONE) for signals in [[signal.SIGINT], *TERMINATED]])

    def test_programs_that_keep_the_system_s_way(self):
        """What has nothing to finish and nothing to say is ended by the signal itself."""
        silent = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(silent.close)
        hub = {**os.environ, "AVP_HUB": f"http://127.0.0.1:{silent.getsockname()[1]}", "AVP_MODELS": str(self.folder / "m")}

        def fetch():
            process = subprocess.Popen([MODEL, "fetch", "smollm2-135m-instruct"], cwd=self.folder, env=hub,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.addCleanup(self.end, process)
            return process

        for begin in (fetch, lambda: self.popen(INSPECT, "-", stdin=subprocess.PIPE)):
            def settled(begin=begin):
                process = begin()
                time.sleep(0.5)
                self.assertIsNone(process.poll())
                return process

            self.each(settled, [([number], -number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)])


if __name__ == "__main__":
    unittest.main()
