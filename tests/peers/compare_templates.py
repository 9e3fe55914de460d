#!/usr/bin/env python3
"""Renders random templates with our Jinja and with transformers' jinja2: what one renders, the other has to render alike.
usage: compare_templates.py RENDER_TEMPLATE [COUNT [SEED]]      needs tests/requirements.txt"""
import collections
import json
import re
import signal
import subprocess
import sys
import warnings

from random_template import VARIABLES, Templates

# The templates have none of what is left out on purpose: gpu/text/jinja/chat_program.hpp says what that is.
# What we do not do, and say so. Each must be an error of ours, with these words.
REFUSED = re.compile(r"64 bits|more than \d+ (steps|levels)|lie in one another|at most \d+ are allowed|is too large|no real number")
# What Python prints of things that are no data, with addresses or names of its own.
UNPRINTABLE = re.compile(r"<(generator|function|built-in|bound|class|jinja2|list_reverseiterator|reversed|dict_reversekeyiterator|"
                         r"str_iterator|range_iterator|transformers|method|Cycler|Joiner|itertools|odict)|object at 0x|M.cro|Markup\(", re.IGNORECASE)
SECONDS = 2  # for one template: Python has numbers of any size


class TooLong(BaseException):
    """Not an Exception, so that no template catches it."""


def give_up(*_):
    raise TooLong


def theirs(compile_template, template):
    signal.alarm(SECONDS)
    try:
        return {"text": compile_template(template).render(**VARIABLES)}
    except TooLong:
        return {"slow": True}
    except Exception as error:  # whatever a template can raise
        return {"error": f"{type(error).__name__}: {error}"}
    finally:
        signal.alarm(0)


def judged(ours, other):
    """Whether they agree: "same", "error" for both, or why they need not, or "DIFFERENT"."""
    if "slow" in other:
        return "too slow in Python"
    if "error" in ours and "error" in other:
        return "error"
    if "error" in ours and REFUSED.search(ours["error"]):
        return "refused by us"
    if "text" in other and UNPRINTABLE.search(other["text"]):
        return "unprintable"
    return "same" if ours.get("text", 0) == other.get("text", 1) else "DIFFERENT"


def main(program, count=4000, seed=1):
    from transformers.utils.chat_template_utils import _compile_jinja_template as compile_template
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGALRM, give_up)
    templates = Templates(int(seed))
    counts = collections.Counter()
    with subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as ours:
        for _ in range(int(count)):
            template = templates.template()
            ours.stdin.write(json.dumps({"template": template, "variables": VARIABLES}) + "\n")
            ours.stdin.flush()
            line = ours.stdout.readline()
            if not line:
                print("our program ended at:", repr(template))
                return 1
            mine, other = json.loads(line), theirs(compile_template, template)
            verdict = judged(mine, other)
            counts[verdict] += 1
            if verdict == "DIFFERENT" and counts[verdict] <= 20:
                print(f"template: {template!r}\n  ours:   {mine}\n  theirs: {other}")
        ours.stdin.close()
    print(", ".join(f"{counts[verdict]} {verdict}" for verdict in sorted(counts)))
    return 1 if counts["DIFFERENT"] or counts["same"] < int(count) // 4 else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
