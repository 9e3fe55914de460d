// Python as text: 3.8 or later, with the standard library alone.
#include "runtime/score/program_harness.hpp"

namespace avp {

// The word that is told on success is read before the program runs, so that a program that prints, exits or closes
// files passes no test by that. One that searches the interpreter for the word could; it would still harm nothing.
const char* const program_harness = R"python(
import ast, builtins, json, os, re, symtable, sys, textwrap, types

BUILTINS = set(dir(builtins))
NO_CODE = (SyntaxError, ValueError, RecursionError, MemoryError)


class Code:
    """A piece of Python: the names that it makes, those that it takes from around it, and its statements."""

    def __init__(self, text):
        self.text = text
        self.tree = ast.parse(text)
        top = symtable.symtable(text, "code", "exec")
        imported = {s.get_name() for s in top.get_symbols() if s.is_imported()}
        self.bound = {s.get_name() for s in top.get_symbols() if s.is_assigned()} | imported
        self.defined = self.bound - imported
        self.free = set()
        tables = [top]
        while tables:
            table = tables.pop()
            tables += table.get_children()
            self.free |= {s.get_name() for s in table.get_symbols()
                          if s.is_referenced() and (table is top or s.is_global())}
        self.free -= self.bound | BUILTINS

    def makers(self):
        """Its statements that make names, one after the other, each as a piece of its own."""
        lines = self.text.split("\n")
        for node in self.tree.body:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom,
                                 ast.Assign, ast.AnnAssign)):
                begin = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", []))])
                made = read("\n".join(lines[begin - 1:node.end_lineno]))
                if made:
                    yield made


def read(text):
    try:
        return Code(text)
    except NO_CODE:
        return None


def compiled(text):
    try:
        return compile(text, "answer", "exec")
    except NO_CODE:
        return None


def continued(setup, text):
    """The program that goes on where the setup ends, such as the body of its function."""
    for whole in (setup + "\n" + text, setup + "\n    " + text, setup + "\n" + textwrap.indent(text, "    ")):
        if compiled(whole):
            return whole
    return None


def code_in_prose(answer):
    """Code that stands in prose without a fence: from a line that begins like code to the first that is none."""
    lines = answer.split("\n")
    at = 0
    while at < len(lines):
        begin = re.match(r"(\s*)(def |class |async def |import |from |@\w)", lines[at])
        if not begin:
            at += 1
            continue
        end = at + 1
        while end < len(lines) and (not lines[end].strip() or lines[end].startswith(begin[1])):
            end += 1
        tries = 20
        while end > at and tries:
            tries -= 1
            text = textwrap.dedent("\n".join(lines[at:end]))
            try:
                wrong = next((node.lineno for node in ast.parse(text).body if is_prose(node)), None)
            except SyntaxError as error:
                wrong = error.lineno or 1
            except NO_CODE:
                wrong = 1
            if wrong is None:
                yield text
                break
            end = min(end - 1, at + wrong - 1)
        at = max(end, at + 1)


def is_prose(node):
    """Whether a statement is a word or two that happen to be Python: `Done`, `Example: this`."""
    return (isinstance(node, ast.Expr) and isinstance(node.value, (ast.Name, ast.Compare, ast.BoolOp))
            or isinstance(node, ast.AnnAssign) and node.value is None)


def pieces_of(answer, blocks, setup, wanted):
    """Where the program may be: the fenced blocks, or the whole answer; and the code in its prose where that has what
    the tests call and they do not."""
    pieces = [(text, python) for text, python in blocks if text.strip() and not text.lstrip().startswith(">>>")]
    if not blocks and (compiled(answer) or continued(setup, answer)):
        return [(answer, False)]
    if any(defines(text, wanted) for text, _ in pieces):
        return pieces
    return pieces + [(text, False) for text in code_in_prose(answer) if not pieces or defines(text, wanted)]


def defines(text, names):
    code = read(text)
    return code and not code.defined.isdisjoint(names)


def choose(pieces, setup, wanted):
    """The place of the program: of the pieces that define most of what the tests call the last one; else the last one
    that only goes on where the setup ends; else the last one that defines something; else the last one. Of the latter
    two, one that is named as Python comes before others."""
    codes = [read(text) for text, _ in pieces]
    calls = [len(code.defined & wanted) if code else 0 for code in codes]
    places = range(len(pieces) - 1, -1, -1)
    for fits in (lambda i: calls[i] > 0 and calls[i] == max(calls),
                 lambda i: not compiled(pieces[i][0]) and continued(setup, pieces[i][0]),
                 lambda i: pieces[i][1] and re.search(r"\b(def|class) ", pieces[i][0]),
                 lambda i: pieces[i][1],
                 lambda i: True):
        for i in places:
            if fits(i):
                return i
    return None


def helpers(pieces, place, program, setup, wanted):
    """The statements of other pieces that make what the program uses and does not make itself: the last such one before
    it, else the last behind it. In the order in which they stand."""
    have = BUILTINS | program.bound | (setup.bound if setup else set())
    missing = sorted((program.free | wanted) - have)
    makers = {i: list(code.makers()) for i, code in enumerate(read(text) for text, _ in pieces) if code and i != place}
    order = sorted(makers, key=lambda i: (i > place, -i))
    used = {}
    while missing:
        name = missing.pop()
        places = ((i, j) for i in order for j in reversed(range(len(makers[i]))) if name in makers[i][j].bound)
        found = next(places, None)
        if name not in have and found:
            used[found] = makers[found[0]][found[1]]
            missing += sorted(used[found].free - have)
        have.add(name)
    return [used[where].text for where in sorted(used)]


def program_of(answer, blocks, setup, tests):
    """What to run, one text after the other, and the helpers among them, which may fail; None where there is no
    program."""
    known = read(tests)
    wanted = known.free if known else set()
    pieces = pieces_of(answer, blocks, setup, wanted)
    place = choose(pieces, setup, wanted)
    if place is None:
        return None, []
    text = pieces[place][0]
    alone = compiled(setup) and compiled(text)
    whole = text if alone else continued(setup, text)
    program = read(whole) if whole is not None else None
    if not program:
        return None, []
    extra = helpers(pieces, place, program, read(setup) if alone else None, wanted)
    first = [setup] if alone or (extra and compiled(setup)) else []
    return [*first, *extra, whole], extra


def main():
    job = json.loads(sys.stdin.buffer.read())
    report = os.dup(1)
    nothing = os.open("/dev/null", os.O_RDWR)
    for place in (0, 1, 2):
        os.dup2(nothing, place)
    os.write(report, b"begun\n")
    passed = job.pop("passed")
    texts, extra = program_of(job["answer"], job["blocks"], job["setup"], job["tests"])
    if texts is None:
        os._exit(1)
    module = types.ModuleType("answer")
    sys.modules["answer"] = module
    for text in texts:
        try:
            exec(compile(text, "answer", "exec"), module.__dict__)
        except Exception:
            if text not in extra:
                raise
    exec(compile(job["tests"], "tests", "exec"), module.__dict__)
    os.write(report, (passed + "\n").encode())
    os._exit(0)


main()
)python";

} // namespace avp
