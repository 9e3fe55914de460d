#!/usr/bin/env python3
"""Writes lists as the text that prompts show: `documents` instead of hotpotqa_distractor's `context`, and `cases` beside
debugbench_python's `examples`.

usage: add_text_fields.py FILE.jsonl (as published) > FILE.jsonl (as it lies here)
"""
import json
import sys

for line in open(sys.argv[1], encoding="utf-8"):
    record = json.loads(line)
    if "context" in record:
        record["documents"] = "\n\n".join(f"{title}\n{''.join(sentences)}" for title, sentences in record.pop("context"))
    if "examples" in record:
        record["cases"] = "\n\n".join(record["examples"])
    print(json.dumps(record, ensure_ascii=False))
