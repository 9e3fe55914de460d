"""What the interop scripts share: where our programs are, and how to run them."""

import json
import os
import subprocess
import sys
import tempfile

import avp  # the SDK: without it these tests fail, they do not skip

BIN = os.environ["AVP_BIN"]
DATA = os.environ["AVP_TEST_DATA"]
FOLDER = tempfile.TemporaryDirectory()


def path(name):
    return os.path.join(FOLDER.name, name)


def write(name, content):
    with open(path(name), "wb") as file:
        file.write(content)
    return path(name)


def read(name):
    with open(path(name), "rb") as file:
        return file.read()


def inspect(*args, data=None):
    return subprocess.run([os.path.join(BIN, "avp-inspect"), *args], input=data, capture_output=True)


def peer(*args):
    done = subprocess.run([os.path.join(BIN, "interop_peer"), *args], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def fixtures(name):
    with open(os.path.join(DATA, name)) as file:
        return json.load(file)


def check(name, ours, theirs):
    if ours != theirs:
        sys.exit(f"{name}: ours {str(ours)[:400]}, theirs {str(theirs)[:400]}")
