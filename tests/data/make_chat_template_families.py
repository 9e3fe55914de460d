#!/usr/bin/env python3
"""Renders every template of chat_template_families.json with transformers' jinja2 and writes down what comes of it.
usage: make_chat_template_families.py FILE      needs tests/requirements.txt; templates and conversations stay as they are"""
import datetime
import importlib.metadata
import json
import sys

# What strftime_now() takes for today.
TODAY = datetime.datetime(2025, 3, 9, 14, 5, 6)


def results_of(template, conversations):
    from transformers.utils.chat_template_utils import _compile_jinja_template as compile_template
    compiled = compile_template(template["template"])
    results = {}
    for name, variables in conversations.items():
        given = {"tools": None, "documents": None, "bos_token": template["bos_token"], "eos_token": template["eos_token"], **variables}
        try:
            results[name] = {"text": compiled.render(strftime_now=TODAY.strftime, **given)}
        except Exception as error:  # whatever a template can raise
            results[name] = {"error": type(error).__name__}
    return results


def main(path):
    with open(path, encoding="utf-8") as file:
        data = json.load(file)
    data["made_with"] = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("jinja2", "transformers"))
    data["today"] = TODAY.strftime("%Y-%m-%d %H:%M:%S")
    for template in data["templates"]:
        template["results"] = results_of(template, data["conversations"])
    with open(path, "w", encoding="utf-8") as file:
        json.dump(data, file, ensure_ascii=False, indent=1)
        file.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
