#!/usr/bin/env python3
"""Many clients of avp-serve at a time, against avp-run on the same problems.

Every client asks for the answer to a problem, streamed, and then for the next one; no problem comes twice. Prints
problems per minute of both, whether their texts are the same, and how long a client waited for its first words. Neither
counts the loading of models.

usage: load.py --build build/release [--pipeline FILE] [--problems N] [--clients N] [--max-tokens N]   (python3 only)
"""
import argparse
import asyncio
import json
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time
import tomllib

SOURCE = pathlib.Path(__file__).resolve().parents[3]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, required=True, help="build folder that has bin/avp-serve and avp-run")
    parser.add_argument("--pipeline", type=pathlib.Path, default=SOURCE / "pipelines/gsm8k-chain.toml")
    parser.add_argument("--problems", type=int, default=64)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--max-tokens", type=int, default=128)
    return parser.parse_args()


async def ask(host, port, body):
    """The text of an answer, the seconds until its first words, and those until its end."""
    began = time.perf_counter()
    reader, writer = await asyncio.open_connection(host, port)
    data = json.dumps(body).encode()
    writer.write(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(data) + data)
    text, first = "", None
    while line := await reader.readline():
        if b" 200 OK" not in line and line.startswith(b"HTTP/"):
            raise SystemExit((line + await reader.read()).decode())
        if line.startswith(b"data: {"):
            event = json.loads(line[6:])
            if "error" in event:
                raise SystemExit(event["error"]["message"])
            words = event["choices"][0]["delta"].get("content", "")
            if words and first is None:
                first = time.perf_counter() - began
            text += words
    writer.close()
    return text, first, time.perf_counter() - began


async def ask_all(host, port, records, field, args):
    answers, waits = {}, []
    queue = iter(records)

    async def client():
        for record in queue:
            body = {"messages": [{"role": "user", "content": record[field]}], "stream": True, "max_tokens": args.max_tokens,
                    "avp": {"id": record["id"]}}
            text, first, _ = await ask(host, port, body)
            answers[record["id"]] = text
            waits.append(first)

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(args.clients)))
    return answers, waits, time.perf_counter() - began


def serve(args, records, field):
    command = [args.build / "bin/avp-serve", args.pipeline, "--port", "0", "--concurrency", str(args.clients)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        try:
            for line in server.stderr:
                if ready := re.search(r"ready: http://([\d.]+):(\d+)/", line):
                    break
            else:
                raise SystemExit("avp-serve did not start")
            drain = subprocess.Popen(["cat"], stdin=server.stderr, stdout=subprocess.DEVNULL)
            outcome = asyncio.run(ask_all(ready[1], int(ready[2]), records, field, args))
        finally:
            server.terminate()
        drain.wait()
    return outcome


def run(args, answering):
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder, "run")
        subprocess.run([args.build / "bin/avp-run", args.pipeline, "--limit", str(args.problems), "--concurrency",
                        str(args.clients), "--quiet", "--out", out, "--set", f"agent.{answering}.max_new_tokens={args.max_tokens}"],
                       check=True, stdout=subprocess.DEVNULL)
        results = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
        seconds = json.loads((out / "summary.json").read_text())["modes"][0]["seconds"]
    return {result["task"]: result["text"] for result in results}, seconds


def main():
    args = arguments()
    pipeline = tomllib.loads(args.pipeline.read_text())
    given = pipeline["input"]
    lines = (args.pipeline.parent / given["file"]).read_text().splitlines()[:args.problems]
    records = [json.loads(line) for line in lines]
    answering = pipeline.get("output", {}).get("agent") or pipeline["flow"][-1].split("->")[-1].strip()
    answers, waits, served = serve(args, records, given["ask"])
    expected, ran = run(args, answering)
    different = sum(answers[task] != text for task, text in expected.items())
    per_minute = 60 * len(records)
    waits.sort()
    print(f"avp-serve, {args.clients} clients: {per_minute / served:.1f} problems/min; first words after "
          f"{statistics.median(waits):.2f} s (median), {waits[int(0.99 * (len(waits) - 1))]:.2f} s (p99)")
    print(f"avp-run --concurrency {args.clients}: {per_minute / ran:.1f} problems/min; avp-serve has {ran / served:.2f} of it")
    print(f"{len(expected)} texts, {different} of them different")
    sys.exit(1 if different else 0)


if __name__ == "__main__":
    main()
