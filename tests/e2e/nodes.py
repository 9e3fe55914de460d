"""Runs over several nodes: avp-run and avp-node processes on loopback.

AVP_RUN, AVP_NODE and AVP_KEY are the commands' paths.
"""
import json
import os
import signal
import socket
import subprocess
import time
import unittest

from command import PIPELINE, CommandTest, has_ipv6, records

NODE = os.environ["AVP_NODE"]
KEY = os.environ["AVP_KEY"]


def free_port(host="127.0.0.1"):
    with socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        return probe.getsockname()[1]


class Node:
    """An avp-node in a folder of its own test, and the addresses that it keeps over a restart."""

    def __init__(self, test, name, extra="", host="127.0.0.1"):
        self.test, self.name = test, name
        number = "::1" if ":" in host else "127.0.0.1"
        self.control, self.data = f"{host}:{free_port(number)}", f"tcp://{host}:{free_port(number)}"
        self.file = f"{name}.toml"
        self.process = None
        test.write(self.file, f'name = "{name}"\ncontrol = "{self.control}"\ndata = "{self.data}"\ntimeout = 1.0\n'
                              f"{extra}\n[device.cpu]\nthreads = 1\n")

    def command(self, *arguments):
        return [NODE, "--config", self.file, *arguments]

    def start(self, *arguments):
        log = open(self.test.folder / f"{self.name}.log", "ab")
        self.process = subprocess.Popen(self.command(*arguments), cwd=self.test.folder, stderr=log,
                                        env=self.test.environment())
        log.close()
        self.test.addCleanup(self.test.end, self.process)
        self.wait_for("is ready")
        return self

    def log(self):
        return (self.test.folder / f"{self.name}.log").read_text(encoding="utf-8", errors="replace")

    def wait_for(self, text, times=None):
        wanted = times or 1
        for _ in range(600):
            if self.log().count(text) >= wanted:
                return
            self.test.assertIsNone(self.process.poll(), self.log())
            time.sleep(0.05)
        self.test.fail(f"node {self.name} never said {text!r}:\n{self.log()}")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def restart(self):
        self.test.assertIsNotNone(self.process.poll())
        (self.test.folder / f"{self.name}.log").rename(self.test.folder / f"{self.name}-before.log")
        self.start()

    def table(self):
        return f'[node.{self.name}]\ncontrol = "{self.control}"\ndata = "{self.data}"\n\n'


class NodeTest(CommandTest):
    def place_agents(self, nodes, top="", **agents):
        """The pipeline with agents on nodes: planner="b" or planner=["b", "c"]."""
        text = PIPELINE
        for agent, where in agents.items():
            key = f"node = {json.dumps(where)}" if isinstance(where, str) else f"nodes = {json.dumps(where)}"
            text = text.replace(f"[agent.{agent}]\n", f"[agent.{agent}]\n{key}\n")
        text = text.replace("[model.main]", "".join(node.table() for node in nodes) + "[model.main]", 1)
        self.write("pipeline.toml", f"node_timeout = 1.0\nnode_wait = 20.0\n{top}\n" + text)

    def nodes(self, *names, extra=""):
        return [Node(self, name, extra).start() for name in names]

    def finish_with_trouble(self, trouble, concurrency, timeout=120):
        """A run in which something happens after four results; its texts must be those of one process. Gives its results and what it printed."""
        process = self.start("--json", "--concurrency", str(concurrency), bufsize=0)  # finish() knows nothing of what readline() buffers
        lines = [process.stdout.readline() for _ in range(4)]
        trouble()
        outcome = self.finish(process, timeout=timeout)
        self.assertEqual(outcome.status, 0, outcome)
        results = [json.loads(line) for line in lines + outcome.out.splitlines()]
        self.assertEqual(self.answers(results), self.expected())
        return results, outcome.err

    @staticmethod
    def answers(results):
        return {(result["task"], result["mode"]): result["text"] for result in results}

    def expected(self, *arguments):
        """What one process answers."""
        self.write("alone.toml", PIPELINE)
        return self.answers(self.run_json(*arguments, pipeline="alone.toml"))


class Chains(NodeTest):
    def test_a_chain_over_three_nodes_gives_the_same_texts(self):
        b, c, d = self.nodes("b", "c", "d")
        self.place_agents([b, c, d], planner="b", critic="c", judge="d")
        results = self.run_json("--mode", "all")
        self.assertEqual(self.answers(results), self.expected("--mode", "all"))
        for result in results:
            where = {agent["name"]: agent["node"] for agent in result["agents"]}
            self.assertEqual(where, {name: node for name, node in {"planner": "b", "critic": "c", "judge": "d"}.items()
                                     if name in where})
            self.assertEqual([agent["retries"] for agent in result["agents"]], [0] * len(where))
        latent = [result for result in results if result["mode"] == "latent"]
        for result in latent:
            self.assertGreater(result["wire_bytes"], 0)

    def test_notes_and_what_steps_would_have_said(self):
        b, c = self.nodes("b", "c")
        more = ('prompt = "Check it."', 'note = 4\nkeep = "note"\nprompt = "Check it."')
        self.place_agents([b, c], planner="b", critic="c")
        placed = (self.folder / "pipeline.toml").read_text(encoding="utf-8")
        self.write("pipeline.toml", placed.replace(*more))
        results = self.run_json("--explain")
        self.write("alone.toml", PIPELINE.replace(*more))
        alone = self.run_json("--explain", pipeline="alone.toml")
        self.assertEqual(self.answers(results), self.answers(alone))

        def told(all_results):
            return {(result["task"], agent["name"]): (agent["text"], agent["output_tokens"], agent["thought"])
                    for result in all_results for agent in result["agents"]}

        self.assertEqual(told(results), told(alone))
        self.assertTrue(all(thought["steps"] for (_, name), (_, _, thought) in told(results).items() if name != "judge"))

    def test_special_tokens_in_records_are_text_there_unless_the_model_says_otherwise(self):
        [b] = self.nodes("b")
        self.write("questions.jsonl", json.dumps({"id": "t", "question": "<|im_end|>", "answer": "1"}) + "\n")
        self.place_agents([b], planner="b", critic="b", judge="b")
        as_text = self.run_json()
        self.assertEqual(self.answers(as_text), self.expected())
        pipeline = (self.folder / "pipeline.toml").read_text(encoding="utf-8")
        self.write("pipeline.toml", pipeline.replace("[model.main]\n", "[model.main]\nspecial_tokens_in_text = true\n"))
        as_token = self.run_json()
        fewer = [one["prompt_tokens"] - other["prompt_tokens"]
                 for one, other in zip(as_text[0]["agents"], as_token[0]["agents"])]
        self.assertEqual(fewer, [len("<|im_end|>") - 1, 0, len("<|im_end|>") - 1])

    def test_contexts_go_to_and_from_this_machine(self):
        [b] = self.nodes("b")
        self.place_agents([b], critic="b")
        results = self.run_json()
        self.assertEqual(self.answers(results), self.expected())
        self.assertEqual({agent["node"] for agent in results[0]["agents"]}, {"local", "b"})

    def test_what_nodes_did_is_in_totals_and_trace(self):
        b, c = self.nodes("b", "c")
        self.place_agents([b, c], planner="b", critic="c")
        outcome = self.run_command("--out", "out")
        self.assertEqual(outcome.status, 0, outcome)
        self.assertRegex(outcome.out, r"\nnode b: [1-9]\d* hops?; lost 0 times, for which 0 hops were begun anew\n")
        self.assertRegex(outcome.out, r"\nlink b -> c: [1-9]\d* contexts? of .+, of which .+ travelled\n")
        summary = json.loads((self.folder / "out/summary.json").read_text(encoding="utf-8"))
        self.assertEqual([device["device"] for device in summary["devices"]], ["cpu", "b/cpu", "c/cpu"])
        for device in summary["devices"]:
            self.assertGreater(device["steps"], 0, device)
        tasks = summary["modes"][0]["tasks"]
        self.assertEqual([(node["node"], node["hops"]) for node in summary["nodes"]], [("b", tasks), ("c", tasks)])
        links = {(link["from"], link["to"]): link for link in summary["links"]}
        self.assertEqual({ends: link["contexts"] for ends, link in links.items()},
                         {("b", "c"): tasks, ("c", "local"): tasks})
        for link in links.values():
            self.assertGreaterEqual(link["context_bytes"], link["wire_bytes"])
        self.check_trace(tasks)

    def check_trace(self, tasks):
        """One timeline: what a later agent does comes after what it waited for, whichever machine did it."""
        events = json.loads((self.folder / "out/trace.json").read_text(encoding="utf-8"))
        devices = {event["args"]["name"] for event in events if event["name"] == "process_name"}
        self.assertEqual(devices, {"tasks", "device cpu", "device b/cpu", "device c/cpu"})
        begins = {}
        for event in events:
            if event["ph"] == "X" and event["name"] in ("planner think", "critic think", "judge generate"):
                begins.setdefault(event["args"]["task"], {})[event["name"].split()[0]] = event["ts"]
        self.assertEqual(len(begins), tasks)
        for begin in begins.values():
            self.assertEqual(sorted(begin, key=begin.get), ["planner", "critic", "judge"])

    def test_tasks_are_spread_over_nodes(self):
        b, c = self.nodes("b", "c")
        self.write("questions.jsonl", records(12))
        self.place_agents([b, c], planner=["b", "c"], critic=["b", "c"], judge=["c", "b"])
        results = self.run_json()
        self.assertEqual(self.answers(results), self.expected())
        self.assertEqual({agent["node"] for result in results for agent in result["agents"]}, {"b", "c"})

    def test_the_words_of_an_answer_stream(self):
        [b] = self.nodes("b")
        self.place_agents([b], planner="b", critic="b", judge="b")
        self.write("alone.toml", PIPELINE)
        outcome = self.run_command("--ask", "How much is 3?")
        self.assertEqual(outcome.status, 0, outcome)
        self.assertEqual(outcome.out, self.run_command("--ask", "How much is 3?", pipeline="alone.toml").out)

    def test_nodes_are_named_where_a_run_is_described(self):
        b = Node(self, "b")
        self.place_agents([b], judge="b")
        outcome = self.run_command("--check")
        self.assertEqual(outcome.status, 0, outcome)
        self.assertIn(f"node b: control {b.control}, data {b.data}, without keys", outcome.out)
        self.assertRegex(outcome.out, r"judge \(generate\).*, on b")


class Addresses(NodeTest):
    def keys(self):
        made = subprocess.run([KEY, "cluster", "--nodes", "local,b,c", "--out", "keys"], cwd=self.folder, capture_output=True)
        self.assertEqual(made.returncode, 0, made.stderr)

    def chain(self, b, c, top=""):
        """Contexts go from b to c and from c to this machine, whose data address both nodes have to reach."""
        self.place_agents([b.start(), c.start()], top=top, planner="b", critic="c")
        results = self.run_json()
        self.assertEqual(self.answers(results), self.expected())
        for result in results:
            self.assertGreater(result["wire_bytes"], 0)
            self.assertEqual([agent["retries"] for agent in result["agents"]], [0, 0, 0])
        for node in (b, c):
            shown = subprocess.run(node.command("--status"), cwd=self.folder, capture_output=True, text=True)
            self.assertEqual(shown.returncode, 0, shown.stderr)

    @unittest.skipUnless(has_ipv6(), "this machine has no IPv6")
    def test_a_chain_over_ipv6(self):
        b, c = (Node(self, name, host="[::1]") for name in ("b", "c"))
        self.chain(b, c)
        self.assertIn(f"control on {b.control}, data on {b.data}", b.log())

    @unittest.skipUnless(has_ipv6(), "this machine has no IPv6")
    def test_a_chain_over_ipv6_with_keys(self):
        self.keys()
        b, c = (Node(self, name, f'keys = "keys/{name}"', host="[::1]") for name in ("b", "c"))
        self.chain(b, c, 'keys = "keys/local"\n')

    def test_a_chain_over_names(self):
        self.chain(*(Node(self, name, host="localhost") for name in ("b", "c")))

    @unittest.skipUnless(has_ipv6(), "this machine has no IPv6")
    def test_nodes_that_listen_everywhere_and_this_machine_too(self):
        nodes = []
        for name, everywhere, host in (("b", "[::]", "[::1]"), ("c", "*", "127.0.0.1")):
            node = Node(self, name, "unencrypted = true", host=host)
            text = (self.folder / node.file).read_text(encoding="utf-8")
            self.write(node.file, text.replace(host + ":", everywhere + ":"))
            nodes.append(node)
        self.chain(*nodes, 'unencrypted = true\nnode.local.data = "tcp://*:%d"\n' % free_port("::1"))

    def test_a_name_that_is_not_known(self):
        b = Node(self, "b")
        b.control = "no-such-host.invalid:5554"
        self.place_agents([b], top="unencrypted = true\n", judge="b")
        self.expect(self.run_command(), 2, "node 'b': the host \"no-such-host.invalid\" is not known")
        for key in ("control", "data"):
            addresses = {"control": ":0", "data": "tcp://:0"}
            addresses[key] = addresses[key].replace(":0", "no-such-host.invalid:0")
            self.write("b.toml", 'name = "b"\nunencrypted = true\n' + "".join(f'{k} = "{v}"\n' for k, v in addresses.items()))
            process = subprocess.run(b.command(), cwd=self.folder, capture_output=True, text=True, timeout=60)
            self.assertEqual(process.returncode, 2, process.stderr)
            self.assertIn("no-such-host.invalid:0 can", process.stderr)
            self.assertIn('the host "no-such-host.invalid" is not known', process.stderr)


class Failures(NodeTest):
    def run_with_trouble(self, trouble):
        """A run of 30 tasks during which something happens; gives its results and what it printed."""
        self.write("questions.jsonl", records(30))
        b, c, d = self.nodes("b", "c", "d")
        self.place_agents([b, c, d], planner="b", critic=["b", "c"], judge="d")
        return self.finish_with_trouble(lambda: trouble(b, c, d), concurrency=3)

    def test_a_killed_node_that_comes_back(self):
        def trouble(b, c, d):
            b.kill()
            d.kill()
            d.restart()
            b.restart()

        _, err = self.run_with_trouble(trouble)
        self.assertIn("node 'b' is lost", err)
        self.assertIn("node 'b' is back, started anew", err)
        self.assertRegex(err, r"node b: \d+ hops?; lost 1 time, for which \d+ hops? w")

    def test_another_node_takes_over(self):
        results, err = self.run_with_trouble(lambda b, c, d: c.kill())
        self.assertIn("node 'c' is lost", err)

    def test_a_node_that_hangs(self):
        def trouble(b, c, d):
            d.process.send_signal(signal.SIGSTOP)
            time.sleep(3)
            d.process.send_signal(signal.SIGCONT)

        _, err = self.run_with_trouble(trouble)
        self.assertIn("node 'd' is lost", err)

    def test_nodes_restarted_one_after_another(self):
        def trouble(b, c, d):
            for node in (b, c, d):
                node.process.terminate()
                self.assertEqual(node.process.wait(timeout=30), 0, node.log())
                node.restart()

        self.run_with_trouble(trouble)

    def test_avp_run_is_killed_and_goes_on(self):
        self.write("questions.jsonl", records(30))
        b, c, d = self.nodes("b", "c", "d")
        self.place_agents([b, c, d], planner="b", critic=["b", "c"], judge="d")
        process = self.start("--json", "--out", "out", "--concurrency", "3")
        for _ in range(4):
            process.stdout.readline()
        process.kill()
        process.wait()
        self.assertLess(len(self.results("out")), 30)
        outcome = self.run_command("out", pipeline="--resume")
        self.assertEqual(outcome.status, 0, outcome)
        self.assertEqual(self.answers(self.results("out")), self.expected())

    def test_a_node_that_stays_away_fails_its_tasks(self):
        self.write("questions.jsonl", records(30))
        [b] = self.nodes("b")
        self.place_agents([b], top="", judge="b")
        text = (self.folder / "pipeline.toml").read_text(encoding="utf-8")
        self.write("pipeline.toml", text.replace("node_wait = 20.0", "node_wait = 1.0"))
        process = self.start("--json", "--concurrency", "2")
        process.stdout.readline()
        b.kill()
        outcome = self.finish(process, timeout=60)
        self.assertEqual(outcome.status, 1, outcome)
        last = json.loads(outcome.out.splitlines()[-1])
        self.assertIn("none of its nodes (b) was there within node_wait: b: nobody answers at", last["error"])
        self.assertEqual(last["error_code"], "node_lost")


class NotReady(NodeTest):
    def test_one_list_of_what_is_missing_where(self):
        b, c = self.nodes("b", extra='[model.main]\nsource = "elsewhere.gguf"\n')[0], Node(self, "c")
        self.place_agents([b, c], planner="b", critic="b", judge="c")
        outcome = self.run_command()
        self.expect(outcome, 2, "the run can't begin:", "\n  node 'b': model 'main': ", "elsewhere.gguf",
                    f"\n  node 'c': nobody answers at {c.control}")

    def test_other_weights_under_the_same_name(self):
        data = bytearray(self.model.read_bytes())
        data[-200] ^= 1
        (self.folder / "other.gguf").write_bytes(data)
        [b] = self.nodes("b", extra='[model.main]\nsource = "other.gguf"\n')
        self.place_agents([b], judge="b")
        outcome = self.run_command()
        self.expect(outcome, 2, "node 'b': model 'main' has other weights (", ") than this machine (")

    def test_the_address_of_another_node(self):
        [b] = self.nodes("b")
        self.place_agents([b], judge="b")
        text = (self.folder / "pipeline.toml").read_text(encoding="utf-8")
        self.write("pipeline.toml", text.replace("[node.b]", "[node.c]").replace('node = "b"', 'node = "c"'))
        self.expect(self.run_command(), 2, f"at {b.control} answers the node 'b'; are two addresses mixed up?")

    def test_mistakes_in_a_node_file(self):
        self.write("bad.toml", 'name = "local"\ncontrol = "10.0.0.1"\ndata = "tcp://0.0.0.0:5555"\ntimout = 3\n')
        process = subprocess.run([NODE, "--config", "bad.toml"], cwd=self.folder, capture_output=True, text=True)
        self.assertEqual(process.returncode, 2)
        for message in ('no node can be called "local"', '"control" must be "host:port"',
                        "other machines can reach tcp://0.0.0.0:5555", "unknown key \"timout\""):
            self.assertIn(message, process.stderr)

    def test_status(self):
        [b] = self.nodes("b")
        shown = subprocess.run(b.command("--status"), cwd=self.folder, capture_output=True, text=True)
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertEqual(json.loads(shown.stdout)["node"], "b")
        b.kill()
        shown = subprocess.run(b.command("--status"), cwd=self.folder, capture_output=True, text=True)
        self.assertEqual(shown.returncode, 1)
        self.assertIn("node 'b' does not answer at", shown.stderr)


class Encrypted(NodeTest):
    def keys(self, folder):
        made = subprocess.run([KEY, "cluster", "--nodes", "local,b,c", "--out", folder], cwd=self.folder,
                              capture_output=True, text=True)
        self.assertEqual(made.returncode, 0, made.stderr)

    def test_a_chain_with_keys(self):
        self.keys("keys")
        b, c = (Node(self, name, f'keys = "keys/{name}"').start() for name in ("b", "c"))
        self.place_agents([b, c], top='keys = "keys/local"', planner="b", critic="c")
        results = self.run_json()
        self.assertEqual(self.answers(results), self.expected())
        self.assertGreater(results[0]["wire_bytes"], 0)
        shown = subprocess.run(b.command("--status"), cwd=self.folder, capture_output=True, text=True)
        self.assertEqual(shown.returncode, 0, shown.stderr)

    def test_keys_of_another_cluster(self):
        self.keys("keys")
        self.keys("others")
        b = Node(self, "b", 'keys = "keys/b"').start()
        self.place_agents([b], top='keys = "others/local"', judge="b")
        self.expect(self.run_command(), 2, f"{b.control} does not let this process in", "keys of one cluster")

    def test_no_keys(self):
        self.keys("keys")
        b = Node(self, "b", 'keys = "keys/b"').start()
        self.place_agents([b], judge="b")
        self.expect(self.run_command(), 2, f"{b.control} does not let this process in")

    def test_a_folder_that_lacks_a_file(self):
        self.keys("keys")
        (self.folder / "keys/local/node.pem").unlink()
        b = Node(self, "b")
        self.place_agents([b], top='keys = "keys/local"', judge="b")
        self.expect(self.run_command(), 2, "the folder of keys 'keys/local' has no node.pem")


if __name__ == "__main__":
    unittest.main()
