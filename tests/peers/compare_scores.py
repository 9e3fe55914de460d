#!/usr/bin/env python3
"""Compares the scores of mathematical answers with those of Math-Verify; every disagreement has to be in the list, judged.
usage: compare_scores.py AVP_SCORE DATA MATH500 [--list]      needs tests/requirements.txt; --list prints all of today's"""
import json
import logging
import pathlib
import re
import subprocess
import sys

# Seconds. No pair takes as many; it is there for a Math-Verify that hangs.
PATIENCE = 60

REWRITES = {
    "display fractions": lambda t: t.replace("\\frac", "\\dfrac"),
    "sized brackets": lambda t: t if "\\left" in t or "\\text" in t else t.replace("(", "\\left(").replace(")", "\\right)"),
    "thin blanks": lambda t: t if "\\text" in t else re.sub(r"(?<![<>=])([=<>+])(?![<>=])", r"\\,\1\\,", t),
    "a name": lambda t: "z = " + t if re.fullmatch(r"-?[\d,]+|-?\\d?frac\{?\d+\}?\{?\d+\}?", t) else t,
    "braces of digits": lambda t: re.sub(r"\\frac(\d)(\d)", r"\\frac{\1}{\2}", t),
    "minus of Unicode": lambda t: t if "\\text" in t else t.replace("-", "\u2212"),
    "blanks": lambda t: "  " + t + "\\,",
}


def lines_of(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def boxed(text):
    return text if "\\boxed" in text else "\\boxed{" + text + "}"


def pairs_of(data, math500):
    """Answer and expected, each pair once: our own pairs; MATH-500's answers in other words, and as answers to the next problem."""
    pairs = [(line["answer"], line["expected"]) for name in ("scores.jsonl", "math_pairs.jsonl") for line in lines_of(data / name)
             if line["kind"] == "math"]
    answers = list(dict.fromkeys(line["answer"] for line in lines_of(math500)))
    rewrites = list(REWRITES.values())
    for i, answer in enumerate(answers):
        pairs += [(changed, answer) for changed in (rewrite(answer) for rewrite in rewrites) if changed != answer]
        pairs.append((answer, answers[(i + 1) % len(answers)]))
    return list(dict.fromkeys((boxed(answer), expected) for answer, expected in pairs if expected.strip()))


def our_scores(program, pairs):
    lines = "".join(json.dumps({"kind": "math", "answer": answer, "expected": expected}) + "\n" for answer, expected in pairs)
    out = subprocess.run([program], input=lines, capture_output=True, text=True, check=True).stdout
    return [int(json.loads(line)["score"]) for line in out.splitlines()]


def their_scores(pairs):
    from math_verify import parse, verify
    logging.disable(logging.CRITICAL)  # what it can't read it says at length

    def score(answer, expected):
        given, right = (parse(boxed(text), parsing_timeout=PATIENCE) for text in (answer, expected))
        return int(verify(right, given, timeout_seconds=PATIENCE))
    return [score(*pair) for pair in pairs]


def main():
    program, data, math500 = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
    pairs = pairs_of(data, math500)
    found = {pair: (ours, theirs) for pair, ours, theirs in zip(pairs, our_scores(program, pairs), their_scores(pairs), strict=True)
             if ours != theirs}
    if "--list" in sys.argv:
        for (answer, expected), (ours, theirs) in found.items():
            print(json.dumps({"answer": answer, "expected": expected, "ours": ours, "theirs": theirs}, ensure_ascii=False))
        return 0
    listed = {(line["answer"], line["expected"]): line for line in lines_of(data / "score_disagreements.jsonl")}
    faults = []
    for pair, scores in found.items():
        line = listed.get(pair)
        if line is None:
            faults.append(f"not listed: {pair[0]}  |  {pair[1]}: ours {scores[0]}, theirs {scores[1]}")
        elif (line["ours"], line["theirs"]) != scores:
            faults.append(f"listed as ours {line['ours']}, theirs {line['theirs']}: {pair[0]}  |  {pair[1]}: now {scores[0]}, {scores[1]}")
    faults += [f"listed, but no disagreement any more: {pair[0]}  |  {pair[1]}" for pair in listed if pair not in found]
    faults += [f"not judged: {pair[0]}  |  {pair[1]}" for pair, line in listed.items()
               if line.get("right") not in ("ours", "theirs", "either") or not line.get("why")]
    print("\n".join(faults))
    count = {who: sum(line.get("right") == who for line in listed.values()) for who in ("ours", "theirs", "either")}
    print(f"{len(pairs)} pairs, {len(found)} disagreements; right by the list: " + ", ".join(f"{who} {n}" for who, n in count.items()))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
