"""avp-run stopped by Ctrl-C, once and twice; endings.py has every state and signal."""
import json
import signal
import time
import unittest

from command import CommandTest, records

TASKS = 5000
ONCE = "interrupted: finishing the tasks that run; interrupt once more to stop at once\n"


class Interrupted(CommandTest):
    def setUp(self):
        super().setUp()
        self.write("questions.jsonl", records(TASKS))

    def wait_for_results(self, process):
        file = self.folder / "out" / "results.jsonl"
        deadline = time.monotonic() + 30
        while not (file.exists() and file.stat().st_size > 0):
            self.assertIsNone(process.poll())
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)

    def test_once_finishes_what_runs(self):
        process = self.start("--out", "out", "--quiet", "--set", "defaults.max_new_tokens=100")
        self.wait_for_results(process)
        process.send_signal(signal.SIGINT)
        outcome = self.finish(process)
        self.expect(outcome, 130, ONCE)
        results = self.results("out")
        self.assertTrue(0 < len(results) < TASKS)
        self.assertTrue(all(result["ok"] for result in results), "what runs is finished, not failed")
        self.assertRegex(outcome.out, rf"latent +{len(results):,} +0 ")
        self.assertIn("results: out/results.jsonl\n", outcome.out)

    def test_while_a_model_is_loaded(self):
        process = self.start("--out", "out")
        self.assertIn(b"avp-run: loading model 'main'", process.stderr.readline())
        process.send_signal(signal.SIGINT)
        self.expect(self.finish(process), 130, "interrupted")

    def test_once_in_all_modes_begins_no_other_mode(self):
        process = self.start("--out", "out", "--mode", "all")
        self.wait_for_results(process)
        process.send_signal(signal.SIGINT)
        self.assertEqual(self.finish(process).status, 130)
        self.assertEqual({result["mode"] for result in self.results("out")}, {"latent"})

    def test_twice_stops_at_once(self):
        """500 tasks under way, of which each would take a while to be finished."""
        process = self.start("--out", "out", "--quiet", "--mode", "direct", "--concurrency", "500",
                             "--set", "defaults.max_new_tokens=100")
        self.wait_for_results(process)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.stderr.readline().decode(), ONCE)
        process.send_signal(signal.SIGINT)
        outcome = self.finish(process, timeout=5)
        self.expect(outcome, 130, "stopped at once")
        self.assertLess(len(self.results("out")), 500)

    def test_while_waiting_for_standard_input(self):
        process = self.start("--input", "-", "--json", "--quiet")
        process.stdin.write(records(1).encode())
        process.stdin.flush()
        self.assertTrue(json.loads(process.stdout.readline())["ok"])
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.stderr.readline().decode(), ONCE)
        self.assertEqual(process.wait(timeout=5), 130)


if __name__ == "__main__":
    unittest.main()
