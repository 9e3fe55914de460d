"""Runs of 30 tasks over three nodes with keys while nodes and links fail at random moments; all texts must be those of one process.

A node is killed and started again, or stopped for 5 s; its links are down for some seconds, are cut, or take 200 ms in each direction and lose
5 %. The links are proxies in front of the control and the data port of each node (bad_link.py says how far that is from a real link);
node zero's own data port has none. A line per run: faults with the number of results before each, hops begun anew, nodes lost, seconds.
usage: cluster_faults.py [--runs 20] [--seed 1]      AVP_RUN, AVP_NODE and AVP_KEY are the commands' paths
"""
import argparse
import json
import random
import signal
import subprocess
import sys
import threading
import time
import unittest
import unittest.mock

from bad_link import Network
from command import PIPELINE, records
from nodes import KEY, Node, NodeTest

TASKS = 30
TIMEOUT = 3.0       # seconds of silence after which a node is lost
LONGEST_RUN = 300   # seconds; a run that takes longer hangs
PLACES = [{"planner": "b", "critic": ["b", "c"], "judge": "d"},
          {"planner": "local", "critic": ["c", "d"], "judge": "b"},
          {"planner": ["b", "c", "d"], "critic": ["b", "c", "d"], "judge": ["b", "c", "d"]},
          {"planner": "d", "critic": "c", "judge": "local"}]


class LinkedNode(Node):
    """A node whose two ports others reach by way of links that can fail."""

    def __init__(self, test, name, network):
        super().__init__(test, name, f'keys = "keys/{name}"')
        text = (test.folder / self.file).read_text(encoding="utf-8")
        test.write(self.file, text.replace("timeout = 1.0", f"timeout = {TIMEOUT}"))
        self.links = [network.link(int(address.rsplit(":", 1)[1])) for address in (self.control, self.data)]

    def table(self):
        control, data = (link.port for link in self.links)
        return f'[node.{self.name}]\ncontrol = "127.0.0.1:{control}"\ndata = "tcp://127.0.0.1:{data}"\n\n'

    def kill_and_restart(self, seconds):
        self.kill()
        time.sleep(seconds)
        self.restart()

    def stop(self, seconds):
        self.process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        self.process.send_signal(signal.SIGCONT)

    def trouble_links(self, trouble, seconds):
        for link in self.links:
            trouble(link)
        time.sleep(seconds)
        for link in self.links:
            link.heal()


# Name, its seconds (from, to), and what happens to the node for so long.
FAULTS = [("kill", (0, 3), LinkedNode.kill_and_restart),
          ("stop", (5, 5), LinkedNode.stop),
          ("down", (1, 7), lambda node, seconds: node.trouble_links(lambda link: link.silence(), seconds)),
          ("cut", (0, 4), lambda node, seconds: node.trouble_links(lambda link: link.cut(), seconds)),
          ("slow", (4, 10), lambda node, seconds: node.trouble_links(lambda link: link.slow(0.2, 0.05), seconds))]


class Fault:
    """One fault of a run, to happen on a thread of its own. At most one at a time befalls each node."""

    def __init__(self, draw, node):
        name, limits, self.happen = draw.choice(FAULTS)
        self.node, self.seconds = node, round(draw.uniform(*limits), 1)
        self.after, self.pause = draw.randrange(1, TASKS - 8), draw.uniform(0, 0.05)
        self.name = f"{name} {node.name} {self.seconds:.1f} s after {self.after}"
        self.error = None
        self.thread = threading.Thread(target=self.run)

    def run(self):
        time.sleep(self.pause)
        try:
            self.happen(self.node, self.seconds)
        except Exception as error:  # also of the restart's own assertions
            self.error = error


class Faults(NodeTest):
    runs, seed = 20, 1

    def setUp(self):
        super().setUp()
        long = PIPELINE.replace("max_new_tokens = 12", "max_new_tokens = 160").replace("steps = 2", "steps = 60")
        patch = unittest.mock.patch("nodes.PIPELINE", long)  # hops that faults can fall into
        patch.start()
        self.addCleanup(patch.stop)

    def make_pipeline(self, nodes, number):
        self.place_agents(nodes, top='keys = "keys/local"', **PLACES[number % len(PLACES)])
        text = (self.folder / "pipeline.toml").read_text(encoding="utf-8")
        text = text.replace("node_timeout = 1.0", f"node_timeout = {TIMEOUT}").replace("node_wait = 20.0", "node_wait = 90.0")
        self.write("pipeline.toml", text)

    def run_with(self, faults, number):
        """The exit status (none where the run hangs), the results that came, what was printed, and seconds."""
        began = time.monotonic()
        with open(self.folder / "run.err", "wb") as err:
            process = self.start("--json", "--concurrency", "2", "--out", f"run-{number}", stderr=err)
        lines = []
        reader = threading.Thread(target=self.read, args=(process.stdout, lines))
        reader.start()
        until = began + LONGEST_RUN
        for fault in sorted(faults, key=lambda one: one.after):
            while len(lines) < fault.after and process.poll() is None and time.monotonic() < until:
                time.sleep(0.005)
            fault.thread.start()
        try:
            status = process.wait(timeout=max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            status = None
        seconds = time.monotonic() - began
        process.kill()
        for thread in (reader, *(fault.thread for fault in faults)):
            thread.join()
        err = (self.folder / "run.err").read_text(encoding="utf-8", errors="replace")
        return status, [json.loads(line) for line in lines], err, seconds

    @staticmethod
    def read(stream, lines):
        for line in stream:
            lines.append(line)

    def counts(self, number):
        """What all nodes of a run that ended come to."""
        summary = self.folder / f"run-{number}" / "summary.json"
        nodes = json.loads(summary.read_text(encoding="utf-8"))["nodes"] if summary.exists() else []
        return {key: sum(node[key] for node in nodes) for key in ("lost", "hops_retried")}

    def mistake_in(self, status, results, faults, expected):
        """What is wrong with a run; None for a good one."""
        for fault in faults:
            if fault.error:
                return f"{fault.name}: {fault.error}"
        if status is None:
            return f"it hangs: {len(results)} results after {LONGEST_RUN} s"
        wrong = [result for result in results if result["text"] != expected[result["task"], result["mode"]]]
        if wrong:
            return f"{len(wrong)} texts are wrong, such as that of {wrong[0]['task']}: {wrong[0]['error'] or wrong[0]['text']!r}"
        if status != 0 or len(results) != TASKS:
            return f"status {status} and {len(results)} of {TASKS} results"
        return None

    def test_runs(self):
        subprocess.run([KEY, "cluster", "--nodes", "local,b,c,d", "--out", "keys"], cwd=self.folder, check=True,
                       stdout=subprocess.DEVNULL)
        self.write("questions.jsonl", records(TASKS))
        expected = self.expected()
        network = Network()
        nodes = [LinkedNode(self, name, network).start() for name in "bcd"]
        bad = []
        for number in range(1, self.runs + 1):
            draw = random.Random(f"{self.seed}-{number}")
            self.make_pipeline(nodes, number)
            faults = [Fault(draw, node) for node in draw.sample(nodes, draw.randint(1, 3))]
            status, results, err, seconds = self.run_with(faults, number)
            mistake = self.mistake_in(status, results, faults, expected)
            counts = self.counts(number)
            print(f"run {number:2}: {'; '.join(fault.name for fault in faults)}: {mistake or 'right'}; "
                  f"hops begun anew {counts['hops_retried']}, nodes lost {counts['lost']}, {seconds:.1f} s", flush=True)
            if mistake:
                bad.append(number)
                print(err, *(f"--- {node.name}\n{node.log()}" for node in nodes), sep="\n", flush=True)
        self.assertEqual(bad, [], "runs that went wrong")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=Faults.runs)
    parser.add_argument("--seed", type=int, default=Faults.seed)
    chosen = parser.parse_args()
    Faults.runs, Faults.seed = chosen.runs, chosen.seed
    unittest.main(argv=sys.argv[:1])
