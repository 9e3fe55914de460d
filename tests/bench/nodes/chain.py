#!/usr/bin/env python3
"""The four-hop latent chain on GSM8K with every hop on another node, against the same chain in one process.
1. Texts have to be the same, in every dtype; else the exit status is 1.
2. Seconds, bytes on the wire, and the share of a task's time that no forward pass took. Tasks run one after another, so that this share is that of
   handing over, giving orders and turning words into tokens; what the nodes add to that of one process is the transport's.
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

from namespaces import Namespaces

PIPELINE = pathlib.Path(__file__).resolve().parents[3] / "pipelines" / "gsm8k-chain.toml"
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


def run(args, settings):
    """The results of a run that must succeed."""
    with tempfile.TemporaryDirectory(prefix="avp-bench-") as folder:
        out = pathlib.Path(folder) / "out"
        command = [args.build / "bin" / "avp-run", PIPELINE, "--mode", "latent", "--quiet", "--out", out, "--limit", str(args.problems),
                   "--concurrency", str(args.concurrency)]
        for setting in [f"model.main.source={args.model}", f"device.cpu.threads={args.threads}", *settings]:
            command += ["--set", setting]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        if done.returncode != 0:
            sys.exit(f"avp-run ended with status {done.returncode}; its own message stands above\n{done.stdout}")
        return [json.loads(line) for line in (out / "results.jsonl").read_text(encoding="utf-8").split("\n")[:-1]]


def seconds(results):
    return sum(result["ms"] for result in results) / 1000


def idle_share(results):
    """The share of the tasks' time in which no forward pass worked for them."""
    return 1 - sum(result["device_ms"] for result in results) / 1000 / seconds(results)


def compare(args, what, results, alone):
    """Prints a line on a run over the nodes; whether its texts are those of one process."""
    expected = {result["task"]: result["text"] for result in alone}
    same = sum(result["text"] == expected[result["task"]] for result in results)
    for result in results:
        where = {agent["name"]: agent["node"] for agent in result["agents"]}
        if where != PLACES:
            sys.exit(f"task {result['task']} ran on {where}")
    line = f"  {what:10} {same} of {len(expected)} texts the same; {seconds(results):.1f} s (one process {seconds(alone):.1f} s)"
    if args.concurrency == 1:
        line += f"; outside of forward passes {100 * idle_share(results):.1f} % (one process {100 * idle_share(alone):.1f} %)"
    total = {key: sum(result[key] for result in results) / 1e6 for key in ("wire_bytes", "context_bytes")}
    print(f"{line}; sent {total['wire_bytes']:.1f} MB for contexts of {total['context_bytes']:.1f} MB", flush=True)
    return same == len(expected) == len(results)


def measure(args, dtype, folder):
    print(f"{args.model}, {dtype}, {args.problems} problems:", flush=True)
    dtypes = [f"model.main.dtype={dtype}"]
    alone = run(args, dtypes)
    with Cluster(args, folder) as cluster:
        good = compare(args, "loopback", run(args, dtypes + cluster.settings), alone)
    if args.namespaces:
        with Namespaces(list(PLACES.values())) as spaces, Cluster(args, folder, spaces) as cluster:
            results = run(args, dtypes + cluster.settings)
            good = compare(args, "namespaces", results, alone) and good
            print(f"             bytes that the nodes' network devices sent: {spaces.sent_bytes() / 1e6:.1f} MB", flush=True)
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True, help="build folder that has bin/avp-run, avp-node and avp-key")
    parser.add_argument("--model", default="qwen2.5-coder-0.5b-instruct")
    parser.add_argument("--dtypes", nargs="+", default=["bfloat16", "float32"])
    parser.add_argument("--problems", type=int, default=20)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="of each node, and of the one process")
    parser.add_argument("--concurrency", type=int, default=1, help="tasks in flight; for 1 the share outside of forward passes is told")
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
