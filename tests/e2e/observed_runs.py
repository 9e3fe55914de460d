"""What a run shows of its devices: the metrics endpoint, trace.json, the totals."""
import contextlib
import json
import pathlib
import re
import signal
import socket
import time
import unittest
import urllib.error
import urllib.request

from command import CommandTest, has_ipv6, records

SAMPLE = re.compile(r'^(avp_[a-z_]+\{device="cpu"(?:,[a-z]+="[a-z]+")?\}) ([0-9.e+-]+)$')
DEVICE_TEXT = re.compile(
    r"device cpu: [\d,]+ forward passes, \d+\.\d rows each, busy \d+ % of the time\n"
    r"  rows: prefill [\d,]+ \(\d+\.\d/s\), latent [\d,]+ \(\d+\.\d/s\), decode [\d,]+ \(\d+\.\d/s\); run again: 0\n"
    r"  requests: [\d,]+ done, 0 failed, queued for \d+\.\d ms on average; preemptions: 0\n"
    r"  blocks of .+: at most [\d,]+ of [\d,]+ used, [\d,]+ shared; copied: [\d,]+; contexts evicted: 0; "
    r"prompt tokens shared: [\d,]+\n")


def named(events, **wanted):
    """The events that have these values."""
    return [event for event in events if all(event.get(key) == value for key, value in wanted.items())]


class Metrics(CommandTest):
    def setUp(self):
        super().setUp()
        self.write("questions.jsonl", records(5000))

    def started(self, address=":0"):
        """A run under way and the address of its endpoint."""
        process = self.start("--out", "out", "--metrics", address, "--quiet")
        line = process.stderr.readline().decode()
        found = re.fullmatch(r"metrics: (http://(?:127\.0\.0\.1|\[::1\]):\d+/metrics)\n", line)
        self.assertTrue(found, line)
        return process, found.group(1)

    def samples(self, url):
        with urllib.request.urlopen(url, timeout=10) as answer:
            self.assertEqual(answer.headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
            lines = answer.read().decode().splitlines()
        values, announced = {}, set()
        for line in lines:
            if line.startswith("# "):
                _, what, name, text = line.split(" ", 3)
                self.assertIn(what, ("HELP", "TYPE"))
                self.assertTrue(text)
                announced.add((what, name))
                continue
            sample = SAMPLE.match(line)
            self.assertTrue(sample, line)
            name = sample.group(1).split("{")[0]
            self.assertTrue({("HELP", name), ("TYPE", name)} <= announced, name)
            values[sample.group(1)] = float(sample.group(2))
        return values

    def test_counters_grow_while_it_runs(self):
        process, url = self.started()
        deadline = time.monotonic() + 60
        first = self.samples(url)
        while first['avp_requests_done_total{device="cpu"}'] == 0:
            self.assertIsNone(process.poll())
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)
            first = self.samples(url)
        self.assertEqual(len(first), 22)
        for kind in ("prefill", "latent", "decode"):
            self.assertIn(f'avp_rows_total{{device="cpu",kind="{kind}"}}', first)
        self.assertGreater(first['avp_kv_blocks{device="cpu",state="total"}'], 0)
        steps = 'avp_steps_total{device="cpu"}'
        later = first
        while later[steps] == first[steps]:
            self.assertIsNone(process.poll())
            time.sleep(0.02)
            later = self.samples(url)
        for name, value in first.items():
            if "_total{" in name:
                self.assertGreaterEqual(later[name], value, name)
        with self.assertRaises(urllib.error.HTTPError):
            urllib.request.urlopen(url.replace("/metrics", "/"), timeout=10)
        process.send_signal(signal.SIGINT)
        self.assertEqual(self.finish(process).status, 130)
        with self.assertRaises(urllib.error.URLError):
            urllib.request.urlopen(url, timeout=10)

    def test_a_port_that_is_taken(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            outcome = self.run_command("--metrics", f":{port}", "--out", "out")
        self.expect(outcome, 2)
        self.assertRegex(outcome.err, rf"\Aavp-run: cannot serve metrics at 127\.0\.0\.1:{port}: the port is taken .*\n\Z")
        self.assertFalse((self.folder / "out").exists())

    def test_two_runs_do_not_share_a_port(self):
        process, url = self.started()
        outcome = self.run_command("--metrics", url.removeprefix("http://").removesuffix("/metrics"), "--out", "other")
        self.expect(outcome, 2, "the port is taken")
        process.send_signal(signal.SIGINT)
        self.finish(process)

    def test_no_address(self):
        for text in ("9090", "host", ":70000", "http://x:1"):
            outcome = self.run_command("--metrics", text)
            self.expect(outcome, 2, '--metrics: must be "host:port", such as ', f'found "{text}": ')
        self.expect(self.run_command("--metrics", "::1:9090"), 2, "an IPv6 address needs brackets and a port, such as [::1]:5554\n")
        self.expect(self.run_command("--metrics", "no-such-host.invalid:0", "--out", "out"), 2, 'the host "no-such-host.invalid" is not known')

    def test_slow_clients_silence_nobody(self):
        process, url = self.started()
        port = int(url.removesuffix("/metrics").rsplit(":", 1)[1])
        with contextlib.ExitStack() as stalled:
            for i in range(100):
                client = stalled.enter_context(socket.create_connection(("127.0.0.1", port)))
                client.sendall([b"", b"GET /met", b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Slow: "][i % 3])
            self.assertIn('avp_steps_total{device="cpu"}', self.samples(url))
        process.send_signal(signal.SIGINT)
        self.assertEqual(self.finish(process).status, 130)

    @unittest.skipUnless(has_ipv6(), "this machine has no IPv6")
    def test_counters_over_ipv6(self):
        process, url = self.started("[::1]:0")
        self.assertRegex(url, r"\Ahttp://\[::1\]:[0-9]+/metrics\Z")
        self.assertIn('avp_steps_total{device="cpu"}', self.samples(url))
        process.send_signal(signal.SIGINT)
        self.assertEqual(self.finish(process).status, 130)


class Trace(CommandTest):
    def events(self, folder="out"):
        return json.loads((self.folder / folder / "trace.json").read_text(encoding="utf-8"))

    def process_named(self, events, name):
        found = [event["pid"] for event in named(events, ph="M", name="process_name") if event["args"]["name"] == name]
        self.assertEqual(len(found), 1, name)
        return found[0]

    def tracks(self, events, pid):
        return {event["args"]["name"]: event["tid"] for event in named(events, ph="M", name="thread_name", pid=pid)}

    def test_every_step_and_request_is_there(self):
        outcome = self.run_command("--mode", "all", "--out", "out")
        self.assertEqual(outcome.status, 0, outcome)
        events = self.events()
        device = self.process_named(events, "device cpu")
        steps = named(events, ph="X", pid=device, tid=self.tracks(events, device)["steps"])
        results = self.results("out")
        for kind, key in (("latent", "latent_steps"), ("prefill", "computed_tokens")):
            self.assertEqual(sum(step["args"][kind] for step in steps), sum(result[key] for result in results), kind)
        for before, after in zip(steps, steps[1:]):
            self.assertLessEqual(before["ts"] + before["dur"], after["ts"] + 1, "one pass after the other")
        self.check_requests(events, results)
        self.check_counters(events, device)
        summary = json.loads((self.folder / "out" / "summary.json").read_text(encoding="utf-8"))
        self.assertEqual(summary["devices"][0]["steps"], len(steps))

    def check_requests(self, events, results):
        tasks = self.process_named(events, "tasks")
        tracks = self.tracks(events, tasks)
        self.assertEqual(set(tracks), {f"{result['task']} {result['mode']}" for result in results})
        places = {}
        for result in results:
            slices = named(events, ph="X", pid=tasks, tid=tracks[f"{result['task']} {result['mode']}"])
            self.assertEqual([one["name"] for one in slices if one["name"] != "queued"],
                             [f"{agent['name']} {agent['kind']}" for agent in result["agents"]])
            self.assertEqual(len(slices), 2 * len(result["agents"]), "each waits, then runs")
            for waiting, running in zip(slices[::2], slices[1::2]):
                self.assertEqual(waiting["name"], "queued")
                self.assertAlmostEqual(waiting["ts"] + waiting["dur"], running["ts"], delta=0.01)
            self.assertEqual(sum(one["args"]["prompt_tokens"] for one in slices[1::2]), result["prompt_tokens"])
            places.setdefault(result["mode"], set()).update(one["args"]["task"] for one in slices)
        self.assertEqual(places, {"latent": {0, 1, 2, 3}, "text": {4, 5, 6, 7}, "direct": {8, 9, 10, 11}})

    def check_counters(self, events, device):
        rows = named(events, ph="C", pid=device, name="rows")
        self.assertEqual(set(rows[-1]["args"].values()), {0})
        blocks = named(events, ph="C", pid=device, name="blocks")
        self.assertGreater(max(event["args"]["used"] for event in blocks), 0)

    def test_interrupted_once(self):
        self.write("questions.jsonl", records(5000))
        process = self.start("--out", "out", "--quiet")
        results = self.folder / "out" / "results.jsonl"
        while not (results.exists() and results.stat().st_size > 0):
            self.assertIsNone(process.poll())
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        self.assertEqual(self.finish(process).status, 130)
        done = len(self.results("out"))
        answers = [event for event in self.events() if event["name"] == "judge generate"]
        self.assertEqual(len(answers), done)

    def test_killed(self):
        """Whatever there is at any moment is whole."""
        self.write("questions.jsonl", records(5000))
        process = self.start("--out", "out", "--quiet")
        file = self.folder / "out" / "trace.json"
        while not (file.exists() and b"judge generate" in file.read_bytes()):
            self.assertIsNone(process.poll())
            time.sleep(0.05)
        process.kill()
        process.wait()
        self.assertTrue(named(self.events(), name="judge generate"))

    def test_a_full_disk_costs_the_trace_and_nothing_else(self):
        (self.folder / "out").mkdir()
        (self.folder / "out" / "trace.json").symlink_to("/dev/full")
        outcome = self.run_command("--out", "out")
        self.assertEqual(outcome.status, 0, outcome)
        self.assertEqual(outcome.err.count("avp-run: warning: cannot write 'out/trace.json': No space left on device"), 1, outcome)
        self.assertEqual(len(self.results("out")), 4)


class Waiting(CommandTest):
    """How long OpenMP's threads wait for each other is told to the program when it is loaded."""
    said = {}

    def environment(self):
        variables = super().environment()
        for name in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY"):
            variables.pop(name, None)
        return {**variables, **self.said}

    def told(self):
        self.write("questions.jsonl", records(5000))
        process = self.start("--out", "out", "--metrics", ":0", "--quiet")
        self.assertIn("metrics:", process.stderr.readline().decode())
        variables = pathlib.Path(f"/proc/{process.pid}/environ").read_bytes().decode().split("\0")
        return [variable for variable in variables if variable.startswith(("GOMP_SPINCOUNT=", "OMP_WAIT_POLICY="))]

    def test_not_for_long(self):
        self.assertEqual(self.told(), ["GOMP_SPINCOUNT=2000"])

    def test_as_the_user_says(self):
        self.said = {"OMP_WAIT_POLICY": "active"}
        self.assertEqual(self.told(), ["OMP_WAIT_POLICY=active"])


class Totals(CommandTest):
    def test_text_and_file(self):
        outcome = self.run_command("--out", "out")
        self.assertEqual(outcome.status, 0, outcome)
        self.assertRegex(outcome.out, DEVICE_TEXT)
        summary = json.loads((self.folder / "out" / "summary.json").read_text(encoding="utf-8"))
        results = self.results("out")
        mode, = summary["modes"]
        self.assertEqual((mode["mode"], mode["tasks"], mode["failed"], mode["scored"]), ("latent", 4, 0, 4))
        for key in ("prompt_tokens", "computed_tokens", "latent_steps", "output_tokens"):
            self.assertEqual(mode[key], sum(result[key] for result in results), key)
        device, = summary["devices"]
        self.assertEqual(device["rows"]["latent"], mode["latent_steps"])
        self.assertEqual(device["rows"]["prefill"], mode["computed_tokens"])
        self.assertEqual((device["requests_done"], device["requests_failed"]), (12, 0))
        self.assertGreater(device["blocks_used_most"], 0)
        self.assertAlmostEqual(device["rows_per_step"], sum(device["rows"][kind] for kind in ("prefill", "latent", "decode"))
                               / device["steps"])

    def device_of(self, folder, *arguments):
        """What summary.json says of the device, and the texts of the run."""
        outcome = self.run_command("--out", folder, *arguments)
        self.assertEqual(outcome.status, 0, outcome)
        device, = json.loads((self.folder / folder / "summary.json").read_text(encoding="utf-8"))["devices"]
        return device, {(result["task"], result["mode"]): result["text"] for result in self.results(folder)}

    def test_memory_that_is_short(self):
        self.write("questions.jsonl", records(40))
        long = ["--set", "defaults.steps=40", "--set", "defaults.max_new_tokens=40"]  # no two tasks fit, however they are timed
        ample, texts = self.device_of("ample", *long)
        self.assertEqual((ample["preemptions"], ample["contexts_evicted"], ample["rows"]["replayed"]), (0, 0, 0))
        short, same_texts = self.device_of("short", *long, "--set", "device.cpu.kv_memory=64KiB")
        self.assertEqual(short["blocks_total"] * short["block_bytes"], 65536)
        self.assertLessEqual(short["blocks_used_most"], short["blocks_total"])
        self.assertGreater(short["contexts_evicted"], 0)
        self.assertGreater(short["rows"]["replayed"], 0)
        self.assertEqual(same_texts, texts)

    def test_prompts_that_begin_alike(self):
        arguments = ["--mode", "all", "--concurrency", "1", "--set", f"defaults.system={'You are a helpful assistant. ' * 2}"]
        shared, texts = self.device_of("shared", *arguments)
        results = self.results("shared")
        self.assertEqual(shared["shared_tokens"], sum(result["prompt_tokens"] - result["computed_tokens"] for result in results))
        first = {mode: next(result for result in results if result["mode"] == mode) for mode in ("latent", "text", "direct")}
        for mode, result in first.items():
            reader = result["agents"][0]
            self.assertEqual(reader["computed_tokens"], reader["prompt_tokens"], f"{mode} takes nothing from an earlier mode")
        for result in results:
            if result is not first[result["mode"]]:
                self.assertLess(result["computed_tokens"], result["prompt_tokens"], result["task"])
        alone, same_texts = self.device_of("alone", *arguments, "--set", "device.cpu.prefix_sharing=false")
        self.assertEqual(alone["shared_tokens"], 0)
        self.assertTrue(all(result["prompt_tokens"] == result["computed_tokens"] for result in self.results("alone")))
        self.assertEqual(same_texts, texts)

    def test_of_a_question_on_stderr(self):
        outcome = self.run_command("--ask", "Why?")
        self.assertEqual(outcome.status, 0, outcome)
        self.assertRegex(outcome.err, DEVICE_TEXT)
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()),
                         ["pipeline.toml", "questions.jsonl", "tiny.gguf"])


if __name__ == "__main__":
    unittest.main()
