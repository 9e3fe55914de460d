"""Runs over three nodes in network namespaces whose links go down for a while: nothing arrives, not even that a connection is gone.

Needs root and namespaces, else it is skipped. AVP_RUN, AVP_NODE and AVP_KEY are the commands' paths.
"""
import os
import subprocess
import sys
import time
import unittest
import unittest.mock

from command import PIPELINE, records
from namespaces import Namespaces
from nodes import KEY, Node, NodeTest

SKIPPED = 77  # as ctest is told


class NodeInNamespace(Node):
    def __init__(self, test, name, spaces):
        super().__init__(test, name, f'keys = "keys/{name}"')
        self.spaces = spaces
        address = spaces.addresses[name]
        self.control, self.data = (one.replace("127.0.0.1", address) for one in (self.control, self.data))
        text = (test.folder / self.file).read_text(encoding="utf-8")
        test.write(self.file, text.replace("127.0.0.1", address).replace("timeout = 1.0", f"timeout = {test.node_timeout}"))

    def command(self, *arguments):
        return [*self.spaces.command(self.name), *super().command(*arguments)]

    def unplug(self, seconds):
        self.spaces.set_link(self.name, "down")
        time.sleep(seconds)
        self.spaces.set_link(self.name, "up")


class LinkDown(NodeTest):
    node_timeout = 1.0

    def run_with_trouble(self, trouble, **places):
        """A run of 30 tasks during which something happens; its texts must be those of one process. Gives what it printed."""
        long = PIPELINE.replace("max_new_tokens = 12", "max_new_tokens = 160").replace("steps = 2", "steps = 60")
        subprocess.run([KEY, "cluster", "--nodes", "local,b,c,d", "--out", "keys"], cwd=self.folder, check=True, stdout=subprocess.DEVNULL)
        self.write("questions.jsonl", records(30))
        with unittest.mock.patch("nodes.PIPELINE", long), Namespaces(["b", "c", "d"]) as spaces:
            b, c, d = (NodeInNamespace(self, name, spaces).start() for name in ("b", "c", "d"))
            self.place_agents([b, c, d], top='keys = "keys/local"', **places)
            text = (self.folder / "pipeline.toml").read_text(encoding="utf-8")
            self.write("pipeline.toml", text.replace("node_timeout = 1.0", f"node_timeout = {self.node_timeout}"))
            return self.finish_with_trouble(lambda: trouble(b, c, d), concurrency=2, timeout=200)[1]

    def test_a_node_without_a_link(self):
        err = self.run_with_trouble(lambda b, c, d: d.unplug(4), planner="b", critic=["b", "c"], judge="d")
        self.assertIn("node 'd' is lost", err)
        self.assertIn("node 'd' is back", err)

    def test_a_link_that_is_down_for_less_than_the_timeout(self):
        self.node_timeout = 10.0
        err = self.run_with_trouble(lambda b, c, d: d.unplug(0.5), planner="b", critic="c", judge="d")
        self.assertNotIn("is lost", err)

    def test_all_nodes_without_a_link_one_after_another(self):
        def unplug(b, c, d):
            for node in (b, c, d):
                node.unplug(2)

        self.run_with_trouble(unplug, planner=["b", "c"], critic=["c", "d"], judge=["d", "b"])

    def test_a_node_that_is_started_anew_behind_a_link_that_is_down(self):
        def trouble(b, c, d):
            d.spaces.set_link("d", "down")
            d.kill()
            d.restart()
            time.sleep(2)
            d.spaces.set_link("d", "up")

        err = self.run_with_trouble(trouble, planner="b", critic="local", judge="d")
        self.assertIn("node 'd' is back, started anew", err)


def can_make_namespaces():
    try:
        with Namespaces(["x"]):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


if __name__ == "__main__":
    if os.geteuid() != 0 or not can_make_namespaces():
        print("no right to make network namespaces")
        sys.exit(SKIPPED)
    unittest.main()
