#!/usr/bin/env python3
"""The four-hop latent chain on GSM8K with every hop on another node, against the same chain in one process.
1. Texts have to be the same, in every dtype; else the exit status is 1.
2. Seconds, bytes on the wire, the share of the hops' time for which they waited for contexts of other nodes, and how fast these came.
Four avp-node processes with keys: on loopback, and with --namespaces (as root) each in a network namespace of its own, joined by veth pairs.
usage: chain.py --build build/release [--problems N] [--namespaces]      needs python3 only, and ip for --namespaces"""
import argparse
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(SOURCE / "tests" / "e2e"))
from overlap import computing_share, read_trace
from namespaces import Namespaces

PIPELINE = SOURCE / "pipelines" / "gsm8k-chain.toml"
PLACES = {"planner": "a", "critic": "b", "refiner": "c", "judge": "d"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Cluster:
    """Four avp-node processes and what a run has to know of them."""

    def __init__(self, args, folder, spaces=None):
        self.args, self.folder, self.spaces = args, folder, spaces
        self.settings, self.running = [], []
        for name in PLACES.values():
            host = spaces.addresses[name] if spaces else "127.0.0.1"
            control, data = f"{host}:{free_port()}", f"tcp://{host}:{free_port()}"
            (folder / f"{name}.toml").write_text(f'name = "{name}"\ncontrol = "{control}"\ndata = "{data}"\nkeys = "keys/{name}"\n'
                                                 f"[device.cpu]\nthreads = {args.threads}\n", encoding="utf-8")
            self.settings += [f'node.{name}.control="{control}"', f'node.{name}.data="{data}"']
        self.settings += [f'agent.{agent}.node="{name}"' for agent, name in PLACES.items()]
        self.settings.append(f'keys="{folder / "keys" / "local"}"')

    def __enter__(self):
        for name in PLACES.values():
            command = [self.args.build / "bin" / "avp-node", "--config", self.folder / f"{name}.toml"]
            with open(self.folder / f"{name}.log", "wb") as log:
                self.running.append(subprocess.Popen([*(self.spaces.command(name) if self.spaces else []), *command], stderr=log))
        for name in PLACES.values():
            self.wait_for(name)
        return self

    def wait_for(self, name):
        log = self.folder / f"{name}.log"
        for _ in range(200):
            if b"is ready" in log.read_bytes():
                return
            time.sleep(0.1)
        sys.exit(f"node {name} did not begin:\n{log.read_text(encoding='utf-8')}")

    def __exit__(self, *_):
        for node in self.running:
            node.terminate()
        for node in self.running:
            node.wait()


class Outcome:
    """The results of a run that must succeed, and its seconds without loading models."""

    def __init__(self, args, settings):
        with tempfile.TemporaryDirectory(prefix="avp-bench-") as folder:
            out = pathlib.Path(folder) / "out"
            command = [args.build / "bin" / "avp-run", PIPELINE, "--mode", "latent", "--quiet", "--out", out, "--limit", str(args.problems),
                       "--concurrency", str(args.concurrency)]
            for setting in [f"model.main.source={args.model}", f"device.cpu.threads={args.threads}", *settings]:
                command += ["--set", setting]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
            if done.returncode != 0:
                sys.exit(f"avp-run ended with status {done.returncode}; its own message stands above\n{done.stdout}")
            self.results = [json.loads(line) for line in (out / "results.jsonl").read_text(encoding="utf-8").split("\n")[:-1]]
            self.seconds = json.loads((out / "summary.json").read_text(encoding="utf-8"))["modes"][0]["seconds"]
            self.overlap = computing_share(read_trace(out / "trace.json"), PLACES)

    def texts(self):
        return {result["task"]: result["text"] for result in self.results}

    def total(self, key):
        return sum(result[key] for result in self.results)

    def total_of_hops(self, key):
        return sum(agent[key] for result in self.results for agent in result["agents"])


def compare(what, made, alone):
    """Prints a line on a run over the nodes; whether its texts are those of one process."""
    for result in made.results:
        where = {agent["name"]: agent["node"] for agent in result["agents"]}
        if where != PLACES:
            sys.exit(f"task {result['task']} ran on {where}")
    texts, expected = made.texts(), alone.texts()
    same = sum(texts.get(task) == text for task, text in expected.items())
    waited, sent = made.total_of_hops("fetch_ms"), made.total("wire_bytes")
    print(f"  {what:10} {same} of {len(expected)} texts the same; {made.seconds:.1f} s (one process {alone.seconds:.1f} s); hops waited for "
          f"contexts {100 * waited / made.total_of_hops('ms'):.2f} % of their time, {waited / 3 / len(texts):.1f} ms each, "
          f"{100 * made.overlap:.0f} % of it while their device computed for others; "
          f"sent {sent / 1e6:.1f} MB for contexts of {made.total('context_bytes') / 1e6:.1f} MB, {sent / waited / 1e3:.0f} MB/s", flush=True)
    return texts == expected


def measure(args, dtype, folder):
    print(f"{args.model}, {dtype}, {args.problems} problems:", flush=True)
    dtypes = [f"model.main.dtype={dtype}"]
    alone = Outcome(args, dtypes)
    with Cluster(args, folder) as cluster:
        good = compare("loopback", Outcome(args, dtypes + cluster.settings), alone)
    if args.namespaces:
        with Namespaces(list(PLACES.values())) as spaces, Cluster(args, folder, spaces) as cluster:
            good = compare("namespaces", Outcome(args, dtypes + cluster.settings), alone) and good
            print(f"             bytes that the nodes' network devices sent: {spaces.sent_bytes() / 1e6:.1f} MB", flush=True)
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True, help="build folder that has bin/avp-run, avp-node and avp-key")
    parser.add_argument("--model", default="qwen2.5-coder-0.5b-instruct")
    parser.add_argument("--dtypes", nargs="+", default=["bfloat16", "float32"])
    parser.add_argument("--problems", type=int, default=20)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="of each node, and of the one process")
    parser.add_argument("--concurrency", type=int, default=1, help="tasks in flight; hops of one at a time wait for nothing but contexts")
    parser.add_argument("--namespaces", action="store_true", help="also in network namespaces, as root")
    args = parser.parse_args()
    args.build = args.build.resolve()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that nodes and namespaces go, too
    os.environ["OMP_NUM_THREADS"] = str(args.threads)
    with tempfile.TemporaryDirectory(prefix="avp-bench-") as folder:
        subprocess.run([args.build / "bin" / "avp-key", "cluster", "--nodes", ",".join(["local", *PLACES.values()]), "--out", f"{folder}/keys"],
                       check=True, stdout=subprocess.DEVNULL)
        good = [measure(args, dtype, pathlib.Path(folder)) for dtype in args.dtypes]
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    main()
