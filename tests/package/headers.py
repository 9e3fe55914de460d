#!/usr/bin/env python3
"""Each installed header compiles alone and includes only installed ones.

usage: headers.py BUILD FOLDER COMPILER CAF_INCLUDE_FOLDER
"""
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys

build, folder, compiler, caf = sys.argv[1:]
prefix = pathlib.Path(folder) / "installed"
shutil.rmtree(folder, ignore_errors=True)
subprocess.run(["cmake", "--install", build, "--prefix", prefix], check=True, stdout=subprocess.DEVNULL)
include = prefix / "include"
headers = sorted(str(path.relative_to(include)) for path in include.rglob("*.hpp"))

# As the package says to its users: both folders.
flags = ["-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", f"-I{include}", f"-I{include}/avp", "-idirafter", caf,
         "-x", "c++"]
mistakes = []
for header in headers:
    for name in re.findall(r'(?m)^#include "([^"]+)"', (include / header).read_text()):
        if not (include / "avp" / name).exists():
            mistakes.append(f"{header} includes {name}, which is not installed")
    if re.search(r"(?m)^#include <(torch|ATen|c10|toml\+\+|spdlog|CLI)/", (include / header).read_text()):
        mistakes.append(f"{header} includes what only sources need")


def compiled(header):
    outcome = subprocess.run([compiler, *flags, "-"], input=f"#include <{header}>\n", text=True, capture_output=True)
    return "" if outcome.returncode == 0 and not outcome.stderr else f"{header} alone:\n{outcome.stderr}"


with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    mistakes += filter(None, pool.map(compiled, headers))
for needed in ("agents/agent.hpp", "gpu/model/model_error.hpp", "runtime/run_main.hpp", "transport/message.hpp"):
    if f"avp/{needed}" not in headers:
        mistakes.append(f"{needed} is not installed")
print("\n".join(mistakes) if mistakes else f"{len(headers)} headers, each compiles alone")
sys.exit(bool(mistakes))
