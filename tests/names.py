"""No two types of the library have one name: the language forbids it where both are seen, and says nothing where not.

What lies in an unnamed namespace is looked at as well, within its room: its files are compiled together.
usage: names.py SOURCE_FOLDER
"""
import collections
import pathlib
import re
import sys

ROOMS = ("transport", "gpu", "agents", "runtime")
# Kernels of several levels of the instruction set have the same names, each in a file that is compiled alone.
COMPILED_ALONE = re.compile(r"gpu/kernels/\w+_kernels_\w+\.cpp")
UNNAMED = "(unnamed)"

NOT_CODE = re.compile(
    r'R"(?P<mark>\w*)\(.*?\)(?P=mark)"|//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"'
    r"|'(?:\\.|[^'\\\n])+'|^[ \t]*#(?:\\\n|[^\n])*",
    re.DOTALL | re.MULTILINE,
)
NAMESPACE = re.compile(r"^(?:inline\s+)?namespace(?:\s+([\w:]+))?$")
TYPE = re.compile(
    r"\b(?:class|struct|union|enum(?:\s+(?:class|struct))?)\s+(?:\[\[[^]]*\]\]\s*)?([\w:]+)(?:\s+final)?(?:\s*:(?!:).*)?$",
    re.DOTALL,
)


def without_template(head):
    """`head` without the list of parameters behind `template`."""
    while match := re.match(r"\s*template\s*<", head):
        depth, at = 1, match.end()
        while depth and at < len(head):
            depth += {"<": 1, ">": -1}.get(head[at], 0)
            at += 1
        head = head[at:]
    return head


def types_of(text):
    """The names of all types that a source file defines, each as a tuple of scopes."""
    text = NOT_CODE.sub(lambda match: "0" if match.group()[0] == "'" and match.group()[1:2].isdigit() else " ", text)
    scopes = []  # of each open brace: names of a namespace or a type, or None for code
    head = ""
    for piece in re.split(r"([{};])", text):
        if piece not in ("{", "}", ";"):
            head += piece
            continue
        if piece == "{":
            declared = without_template(head.strip())
            if namespace := NAMESPACE.match(declared):
                scopes.append((namespace.group(1) or UNNAMED).split("::"))
            elif (found := TYPE.search(declared)) and not re.search(r"[()=]", declared[: found.start()]):
                scopes.append(found.group(1).split("::"))
                if None not in scopes:
                    yield tuple(name for scope in scopes for name in scope)
            else:
                scopes.append(None)
        elif piece == "}" and scopes:
            scopes.pop()
        head = ""


def places_of(root):
    places = collections.defaultdict(set)
    for room in ROOMS:
        for path in sorted((root / room).rglob("*.[ch]pp")):
            file = path.relative_to(root).as_posix()
            if COMPILED_ALONE.fullmatch(file):
                continue
            seen = collections.Counter(types_of(path.read_text()))
            for name, count in seen.items():
                key = (tuple(part for part in name if part != UNNAMED), UNNAMED in name)
                places[key].update([file] if count == 1 else [file, file + " again"])
    return places


def mistakes_in(root):
    """Of named types, all of a name; of unnamed ones, those beside which one of the same room has the name."""
    places = places_of(root)
    for (name, unnamed), files in sorted(places.items()):
        groups = [sorted(files)]
        if unnamed:
            beside = files | places.get((name, False), set())
            groups = [sorted(file for file in beside if file.startswith(room + "/")) for room in ROOMS]
        for group in groups:
            if len(group) > 1:
                yield f"{'::'.join(name)} is defined in {' and '.join(group)}"


def check_itself():
    text = """
    namespace avp { struct a { enum class b : int { x }; }; class c; enum d : int;
    // struct comment {
    template <class T> struct e final : a { int f() { struct local {}; return 'x'; } };
    template <> struct e<int> {}; struct a::g {}; struct h* make() { return {}; }
    namespace { class i { }; } namespace inner::most { union j {}; } }
    """
    found = {"::".join(name) for name in types_of(text)}
    expected = {"avp::a", "avp::a::b", "avp::e", "avp::a::g", "avp::(unnamed)::i", "avp::inner::most::j"}
    assert found == expected, found ^ expected


check_itself()
mistakes = list(mistakes_in(pathlib.Path(sys.argv[1])))
print(*mistakes, sep="\n")
sys.exit(1 if mistakes else 0)
