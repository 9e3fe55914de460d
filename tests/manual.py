#!/usr/bin/env python3
"""The manual says what is there: links, files, options of the programs, keys of pipeline files, examples.

usage: manual.py [-v]; AVP_BIN names the folder of the programs. Without it what needs them is skipped.
"""
import functools
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import tomllib
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/e2e"))
import tiny_model

ROOMS = ("transport", "gpu", "agents", "runtime")
FOLDERS = (*ROOMS, "pipelines", "examples", "tests", "docs", "cmake", ".ci")
PAGES = sorted(page for folder in FOLDERS for page in (ROOT / folder).rglob("*.md")) + [ROOT / "README.md"]
MANUAL = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
WIDTH, README_LINES = 120, 150

PROGRAMS = ("avp-run", "avp-serve", "avp-node", "avp-model", "avp-report", "avp-score", "avp-inspect", "avp-key")
EVERY_PROGRAM_HAS = {"--help", "--version"}

# How the loader asks for a key: table.text("key"), table.one_of<keep>("key"), for_each_table(top, "key", …).
ASKED_KEY = re.compile(r'(?:\.(?:text|any_text|whole|number|bytes|boolean|word|one_of<\w+>|texts|one_or_more'
                       r'|wholes|table)\('
                       r'|(?:for_each_table|read_address|read_endpoint|read_bool)\((?:\w+, )+)"(\w+)"')
LEAST_KEYS_OF_PIPELINES, LEAST_KEYS_OF_NODES = 45, 8


def name(page):
    return str(page.relative_to(ROOT))


@functools.cache
def parts(page):
    """The page without its code blocks, and the blocks as (language, text)."""
    prose, blocks, block = [], [], None
    for line in page.read_text().splitlines():
        fence = line.strip().startswith("```")
        if fence and block is None:
            block = (line.strip()[3:], [])
        elif fence:
            blocks.append((block[0], "\n".join(block[1]) + "\n"))
            block = None
        elif block is not None:
            block[1].append(line)
        else:
            prose.append(line)
    assert block is None, f"{page}: a code block without an end"
    return "\n".join(prose), blocks


def spans(page):
    return re.findall(r"(?<!`)`([^`\n]+)`(?!`)", parts(page)[0])


def anchors(page):
    """What GitHub makes of headings."""
    headings = re.findall(r"(?m)^#+ +(.*?) *$", parts(page)[0])
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


class Pages(unittest.TestCase):
    def test_links_lead_somewhere(self):
        for page in PAGES:
            for target in re.findall(r"\]\(([^)\s]+)\)", parts(page)[0]):
                if re.match(r"[a-z]+:", target):
                    continue
                path, _, anchor = target.partition("#")
                other = (page.parent / path).resolve() if path else page
                with self.subTest(page=name(page), link=target):
                    self.assertTrue(other.exists(), "no such file")
                    if anchor:
                        self.assertIn(anchor, anchors(other))

    def test_every_page_can_be_reached(self):
        reached, todo = set(), [ROOT / "README.md"]
        while todo:
            page = todo.pop()
            if page in reached or page.suffix != ".md" or not page.exists():
                continue
            reached.add(page)
            links = re.findall(r"\]\(([^)\s#]+)[^)\s]*\)", parts(page)[0])
            todo += [(page.parent / link).resolve() for link in links if not re.match(r"[a-z]+:", link)]
        self.assertEqual([name(page) for page in MANUAL if page not in reached], [])

    def test_lines_are_short(self):
        """Tables can't be broken, and what programs print stands as they print it (blocks without a language)."""
        self.assertLessEqual(len((ROOT / "README.md").read_text().splitlines()), README_LINES)
        long = []
        for page in PAGES:
            printed = {line for language, text in parts(page)[1] if language == "" for line in text.splitlines()}
            for number, line in enumerate(page.read_text().splitlines(), 1):
                if len(line) > WIDTH and not line.startswith("|") and line not in printed:
                    long.append(f"{name(page)}:{number}")
        self.assertEqual(long, [], f"longer than {WIDTH}")

    def test_named_files_exist(self):
        for page in PAGES:
            in_code = " ".join(text for language, text in parts(page)[1] if language in ("sh", "bash"))
            for file in [*spans(page), *re.findall(r"(?<![\w/.-])(?:%s)/[\w./*-]+" % "|".join(FOLDERS), in_code)]:
                if self.is_file(file, page):
                    with self.subTest(page=name(page), file=file):
                        found = any(list(folder.glob(file.rstrip("/"))) for folder in (page.parent, ROOT))
                        self.assertTrue(found, "no such file")

    @staticmethod
    def is_file(text, page):
        if not re.fullmatch(r"[\w./*-]+", text) or text.startswith(("/", "..", "*")):
            return False
        first = text.split("/")[0]
        if page.parent.name == "data": # it names files of others, where its own come from
            return False
        if "/" in text and first in FOLDERS and page.parent.name != first:
            return True
        in_room = page.parent.name in ROOMS
        return bool(re.search(r"\.(hpp|cpp|py|sh|md|cmake|proto)$", text)) or in_room and text.endswith("/")

    def test_named_headers_exist(self):
        for page in PAGES:
            for header in re.findall(r"<avp/([\w/.]+)>", page.read_text()):
                with self.subTest(page=name(page), header=header):
                    self.assertTrue((ROOT / header).exists())

    def test_examples_of_toml_can_be_read(self):
        for page in PAGES:
            for language, text in parts(page)[1]:
                if language == "toml":
                    with self.subTest(page=name(page), text=text):
                        tomllib.loads(text)


class Keys(unittest.TestCase):
    def check(self, sources, page, least):
        keys = {key for source in sources for key in ASKED_KEY.findall(source.read_text())}
        self.assertGreaterEqual(len(keys), least, f"the loader asks for keys in another way: {sorted(keys)}")
        text = page.read_text()
        missing = [key for key in sorted(keys)
                   if not re.search(rf"`{key}`|\[(?:[\w.]+\.)?{key}[.\]]|(?m:^(?:# )?{key} *=)", text)]
        self.assertEqual(missing, [], f"keys of the loader that {name(page)} does not have")

    def test_keys_of_pipeline_files(self):
        self.check((ROOT / "runtime/pipeline").glob("*.cpp"), ROOT / "docs/pipeline-file.md", LEAST_KEYS_OF_PIPELINES)

    def test_keys_of_a_nodes_file(self):
        self.check([ROOT / "runtime/node/node_config.cpp"], ROOT / "docs/nodes.md", LEAST_KEYS_OF_NODES)


@functools.cache
def help_of(*command):
    """The options and subcommands that a program tells."""
    outcome = subprocess.run([pathlib.Path(os.environ["AVP_BIN"]) / command[0], *command[1:], "--help"], text=True,
                             capture_output=True, check=True)
    options = set(re.findall(r"(?m)^  (?:-\w,)?(--[a-z][\w-]*)", outcome.stdout))
    short = set(re.findall(r"(?m)^  (-\w),--", outcome.stdout))
    below = outcome.stdout.partition("Subcommands:")[2]
    subcommands = re.findall(r"(?m)^  (\w[\w-]*)", below)
    for subcommand in subcommands:
        more, more_short, _ = help_of(*command, subcommand)
        options, short = options | more, short | more_short
    return options, short, subcommands


def commands_in(text):
    """Each command line of an avp program in `text` as (program, options)."""
    for line in text.replace("\\\n", " ").splitlines():
        for command in re.split(r"&&|\|\||[;|<]|\s#", line):
            found = re.search(rf"(?<![\w./-])(?:\S*/)?({'|'.join(PROGRAMS)})(?![\w-])(.*)", command)
            if found:
                yield found[1], set(re.findall(r"(?<![\w-])(--[a-z][\w-]*)", found[2]))


@unittest.skipUnless(os.environ.get("AVP_BIN"), "AVP_BIN does not say where the programs are")
class Options(unittest.TestCase):
    def test_synopsis_is_what_the_programs_take(self):
        """The first block of docs/commands.md and `--help` have the same options."""
        told = {program: set() for program in PROGRAMS}
        synopsis = parts(ROOT / "docs/commands.md")[1][0][1].replace("\n   ", " ").replace(" avp-", "\navp-")
        for line in synopsis.splitlines():
            told[line.split()[0]] |= set(re.findall(r"(?<![\w-])(--[a-z][\w-]*)", line))
        for program in PROGRAMS:
            options, short, _ = help_of(program)
            if program == "avp-report":
                self.assertIn("-o", short)
            with self.subTest(program=program):
                self.assertEqual(sorted(told[program] - EVERY_PROGRAM_HAS), sorted(options - EVERY_PROGRAM_HAS))

    def test_every_program_tells_its_version(self):
        for program in PROGRAMS:
            with self.subTest(program=program):
                outcome = subprocess.run([pathlib.Path(os.environ["AVP_BIN"]) / program, "--version"], text=True,
                                         capture_output=True, check=True)
                self.assertRegex(outcome.stdout.splitlines()[0], rf"^{program} \d+\.\d+\.\d+$")

    def test_options_in_commands_exist(self):
        for page in PAGES:
            blocks = [text for language, text in parts(page)[1] if language in ("sh", "bash", "")]
            for text in [*spans(page), *blocks]:
                for program, options in commands_in(text):
                    with self.subTest(page=name(page), text=text, program=program):
                        self.assertLessEqual(options, help_of(program)[0] | EVERY_PROGRAM_HAS)

    def test_options_in_the_text_exist(self):
        known = set().union(*(help_of(program)[0] for program in PROGRAMS)) | EVERY_PROGRAM_HAS
        known |= {"--test", "--preset"}  # of setup.sh
        known |= {"--privileged"}  # of docker
        for page in MANUAL:
            for span in spans(page):
                if span.startswith("--"):
                    with self.subTest(page=name(page), option=span):
                        self.assertIn(re.match(r"--[a-z][\w-]*", span)[0], known)

    def test_whole_examples_are_pipelines(self):
        """What has a flow and agents passes `avp-run --check`."""
        examples = [(page, text) for page in MANUAL for language, text in parts(page)[1]
                    if language == "toml" and re.search(r"(?m)^flow", text) and "[agent." in text]
        self.assertTrue(examples)
        for page, text in examples:
            with self.subTest(page=name(page), text=text), tempfile.TemporaryDirectory() as folder:
                file = pathlib.Path(folder) / "example.toml"
                file.write_text(text)
                model = pathlib.Path(folder) / "tiny.gguf"
                tiny_model.write(model)
                outcome = subprocess.run([pathlib.Path(os.environ["AVP_BIN"]) / "avp-run", file, "--check",
                                          "--ask", "What?", "--set", f"model.main.source={model}"],
                                         text=True, capture_output=True)
                self.assertEqual(outcome.returncode, 0, outcome.stderr)


if __name__ == "__main__":
    unittest.main()
