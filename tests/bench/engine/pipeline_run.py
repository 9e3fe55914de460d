"""avp-run as a process, and what it leaves."""
import json
import pathlib
import random
import subprocess
import sys
import tempfile

import side_by_side as bench

GSM8K = bench.ROOT / "pipelines" / "data" / "gsm8k_test.jsonl"
CHAIN = bench.ROOT / "pipelines" / "gsm8k-chain.toml"


def problems(count, first=0):
    with GSM8K.open() as lines:
        return [json.loads(line) for line in lines][first:first + count]


class Run:
    """A finished run: results by task (`results`, agents by name in each), `summary` and `device` as in summary.json."""

    def __init__(self, folder):
        lines = [json.loads(line) for line in (folder / "results.jsonl").read_text().splitlines()]
        self.results = {line["task"]: line for line in lines}
        totals = json.loads((folder / "summary.json").read_text())
        self.summary, self.device = totals["modes"][0], totals["devices"][0]

    @property
    def seconds(self):
        """Wall time of the mode; loading the model is not in it."""
        return self.summary["seconds"]

    def agents(self, task):
        return {agent["name"]: agent for agent in self.results[task]["agents"]}


def run_chain(args, records, *, model, dtype, mode="latent", concurrency=None, settings=(), shuffled=False):
    """Runs the four-hop chain over records. `settings` are key=value of --set."""
    with tempfile.TemporaryDirectory(prefix="avp-bench-") as folder:
        folder = pathlib.Path(folder)
        records = list(records)
        if shuffled:
            random.Random(1).shuffle(records)
        (folder / "input.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
        chosen = [f"model.main.source={bench.source_of(model)}", f"model.main.dtype={dtype}", f"device.cpu.threads={args.threads}", *settings]
        command = [args.build / "bin" / "avp-run", CHAIN, "--input", folder / "input.jsonl", "--mode", mode, "--quiet", "--out", folder / "out"]
        command += [word for setting in chosen for word in ("--set", setting)]
        command += ["--concurrency", str(concurrency)] if concurrency else []
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        if done.returncode != 0:
            sys.exit(f"avp-run ended with status {done.returncode}; its own message stands above\n{done.stdout}")
        return Run(folder / "out")
