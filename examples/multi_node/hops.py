#!/usr/bin/env python3
"""Prints where each hop of a run was done and what travelled. usage: hops.py RUN_FOLDER      needs python3 only"""
import json
import pathlib
import sys


def kilobytes(count):
    return f"{count / 1000:,.1f} kB"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for line in (pathlib.Path(sys.argv[1]) / "results.jsonl").read_text(encoding="utf-8").splitlines():
        result = json.loads(line)
        print(f"{result['task']}, {result['mode']}: {result['text'] if result['ok'] else result['error']!r}")
        for agent in result["agents"]:
            print(f"  {agent['name']:13} {agent['kind']:10} on {agent['node']:5} {agent['ms']:5.0f} ms"
                  f" ({agent['fetch_ms']:3.0f} until contexts had come)"
                  f"   handed over {agent['context_tokens']:3} positions, {kilobytes(agent['context_bytes'])}; sent {kilobytes(agent['wire_bytes'])}"
                  + (f"; begun again {agent['retries']} times" if agent["retries"] else ""))
        print(f"  sent in all {kilobytes(result['wire_bytes'])} for contexts of {kilobytes(result['context_bytes'])}")


if __name__ == "__main__":
    main()
