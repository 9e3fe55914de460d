"""Random templates: text, tags and expressions from a grammar, with variables that they use."""

import random

VARIABLES = {
    "messages": [
        {"role": "system", "content": " Be kind. \n"},
        {"role": "user", "content": "Hi <|im_end|> you\n\nthere"},
        {"role": "assistant", "content": "<think>\nwell\n</think>\n\nYes é ß 世界 ", "tool_calls": [
            {"function": {"name": "f", "arguments": {"a": 1, "b": [1.5, None, True], "c": "x'\"\\"}}}]},
        {"role": "user", "content": "", "extra": None},
    ],
    "tools": [{"type": "function", "function": {"name": "get", "description": "d\te", "parameters": {
        "type": "object", "properties": {"city": {"type": "string"}, "n": {"type": "integer"}}, "required": ["city"]}}}],
    "bos_token": "<s>", "eos_token": "</s>", "add_generation_prompt": True,
    "n": 7, "z": 0, "neg": -3, "f": 2.5, "big": 1e16, "small": 1e-7, "t": True, "no": False, "nil": None,
    "s": "Hello World", "u": "straße ÉCOLE ΑΣ", "e": "", "sp": "  a  b\tc \n", "num": "42", "lines": "a\nb\r\nc\n\n d",
    "l": [3, 1, 2, 1], "ls": ["b", "A", "a", "C"], "m": {"b": 2, "a": 1, "C": [1, 2]}, "el": [], "em": {},
    "mixed": [1, "a", None, 2.0, [1], {"k": "v"}], "people": [
        {"name": "Ann", "age": 3, "tags": ["x"]}, {"name": "bob", "age": 1, "tags": []}, {"name": "Cy", "age": 3}],
}
NAMES = [*VARIABLES, "x", "y", "item", "ns", "loop", "undefined_name", "range", "caller"]
STRINGS = ["", "a", "A b", "<|im_start|>", "\\n", "x\\ty", "é", "a,b,,c", "%s", "%d-%s", "{}", "{0}-{n}", "-", " ", "role",
           "name", "age", "content", "upper", "1", "'", "  pad "]
ATTRIBUTES = ["role", "content", "name", "age", "items", "keys", "values", "get", "a", "b", "index", "index0", "first",
              "last", "length", "previtem", "nextitem", "depth", "x", "function", "arguments", "count", "append", "pop",
              "upper", "strip", "revindex", "tags", "missing"]
METHODS = {
    "strip": 1, "lstrip": 1, "rstrip": 1, "split": 2, "rsplit": 2, "splitlines": 1, "startswith": 1, "endswith": 1,
    "replace": 3, "upper": 0, "lower": 0, "title": 0, "capitalize": 0, "find": 2, "rfind": 1, "index": 1, "count": 1,
    "join": 1, "format": 2, "isdigit": 0, "isalpha": 0, "isspace": 0, "isupper": 0, "islower": 0, "isalnum": 0,
    "removeprefix": 1, "removesuffix": 1, "partition": 1, "rpartition": 1, "zfill": 1, "center": 2, "ljust": 2, "rjust": 2,
    "get": 2, "items": 0, "keys": 0, "values": 0, "swapcase": 0, "casefold": 0, "istitle": 0, "expandtabs": 0, "copy": 0,
    "isnumeric": 0, "isidentifier": 0, "append": 1, "pop": 0, "update": 1,
}
TEXT_METHODS = [name for name in METHODS if name not in ("get", "items", "keys", "values", "append", "pop", "update", "copy")]
FILTERS = [
    "abs", "attr('name')", "batch(2)", "batch(3, 'x')", "capitalize", "center(9)", "count", "d('dd')", "default('x', true)",
    "default", "dictsort", "dictsort(by='value')", "dictsort(true, reverse=true)", "first", "float",
    "float(1.5)", "groupby('age')", "groupby('name', default='?')", "indent", "indent(2, true)", "indent(3, blank=true)",
    "indent('> ')", "int", "int(5)", "int(0, 16)", "join", "join(', ')", "join('-', attribute='name')", "last", "length",
    "list", "lower", "items", "map('upper')", "map(attribute='role')", "map(attribute='age', default=9)", "max", "min",
    "max(attribute='age')", "reject('none')", "rejectattr('tags')", "replace('a', 'b')", "replace('', '.')",
    "replace('l', 'LL', 1)", "reverse", "round", "round(1)", "round(1, 'floor')", "round(0, 'ceil')", "select",
    "select('string')", "select('gt', 1)", "selectattr('age', 'equalto', 3)", "selectattr('tags')", "slice(2)",
    "slice(3, 'f')", "sort", "sort(reverse=true)", "sort(attribute='age')", "sort(attribute='age,name')",
    "sort(case_sensitive=true)", "string", "sum", "sum(attribute='age')", "sum(start=2)", "title", "tojson",
    "tojson(indent=2)", "tojson(ensure_ascii=true)", "tojson(separators=(',', ':'))", "tojson(sort_keys=true)", "trim",
    "trim('a ')", "truncate(5)", "truncate(7, true)", "truncate(9, end='!')", "truncate(4, false, '..', 0)", "unique",
    "unique(true)", "unique(attribute='age')", "upper", "urlencode", "xmlattr", "format('q', 1)", "format(1)",
    "filesizeformat", "map('nofilter')", "selectattr", "map('default', 'zz')", "map('int')", "map('first')", "map('length')",
]
TESTS = [
    "defined", "undefined", "none", "string", "mapping", "iterable", "sequence", "number", "integer", "float", "boolean",
    "true", "false", "equalto 1", "eq 'a'", "ne 2", "lt 3", "gt 1", "le 2", "ge 2", "in [1, 'a', 'user']", "odd", "even",
    "divisibleby 3", "divisibleby(2)", "lower", "upper", "sameas none", "sameas true", "callable", "filter", "test",
    "in s", "greaterthan(1)",
]
SPACES = ["", " ", "\n", "\n\n", "  \n  ", "\t", " \n", "text", "a b", "{", "}", "x\n  ", "#", "%", "\r\n"]


class Templates:
    """Gives templates, one after another; the same for the same seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def pick(self, of):
        return self.random.choice(of)

    def chance(self, of):
        return self.random.random() < of

    def literal(self):
        kind = self.random.randrange(9)
        if kind < 3:
            return str(self.pick([0, 1, 2, 3, 5, 10, 100, -1]))
        if kind == 3:
            return self.pick(["1.5", "0.1", "1e3", "2.0", "1_000", "0x1f", "1e20", "3.14159", "0b101", "2e-5"])
        if kind < 8:
            text = self.pick(STRINGS)
            return f'"{text}"' if "'" in text else f"'{text}'"
        return self.pick(["true", "false", "none", "True", "None", "[]", "{}", "()"])

    def atom(self, depth):
        kind = self.random.randrange(12)
        if kind < 5:
            return self.pick(NAMES)
        if kind < 8 or depth <= 0:
            return self.literal()
        if kind == 8:
            return "[" + ", ".join(self.expression(depth - 1) for _ in range(self.random.randrange(4))) + "]"
        if kind == 9:
            pairs = (f"{self.literal()}: {self.expression(depth - 1)}" for _ in range(self.random.randrange(3)))
            return "{" + ", ".join(pairs) + "}"
        if kind == 10:
            return "(" + ", ".join(self.expression(depth - 1) for _ in range(self.random.randrange(1, 3))) + self.pick(["", ",", ""]) + ")"
        return self.pick(["range(3)", "range(1, 4)", "range(5, 0, -2)", "dict(a=1)", "namespace(x=1)", "range(n)", "dict(m, z=2)",
                          "joiner('; ')()", "cycler(1, 2).next()", "dict([['a', 1]])"])

    def slice(self):
        part = lambda: self.pick(["", "", "0", "1", "2", "-1", "-2", "9", "none", "n"])
        return part() + ":" + part() + (":" + self.pick(["", "1", "2", "-1", "-2"]) if self.chance(0.3) else "")

    def postfix(self, depth):
        text = self.atom(depth)
        for _ in range(self.pick([0, 0, 0, 1, 1, 2])):
            kind = self.random.randrange(8)
            if kind < 2:
                text += "." + self.pick(ATTRIBUTES)
            elif kind == 2:
                text += "[" + self.pick(["0", "1", "-1", "'a'", "'role'", "'content'", "99", "x", "'b'"]) + "]"
            elif kind == 3:
                text = f"{self.pick(NAMES)}[{self.slice()}]"
            elif kind == 4:
                text = f"({text})"
            else:
                name = self.pick(list(METHODS))
                count = self.random.randrange(METHODS[name] + 1) if self.chance(0.8) else METHODS[name]
                text += f".{name}(" + ", ".join(self.argument(depth) for _ in range(count)) + ")"
        return text

    def argument(self, depth):
        return self.pick([self.literal(), self.literal(), self.pick(NAMES), self.expression(depth - 1) if depth > 0 else "1"])

    def text_call(self):
        name = self.pick(TEXT_METHODS)
        count = METHODS[name] if self.chance(0.7) else self.random.randrange(METHODS[name] + 1)
        subject = self.pick(["s", "u", "e", "sp", "lines", "num", "messages[2].content", "'a,b,,c'", "'%5.2f|%-4d'", "'{:>6}|{!r}'"])
        return f"{subject}.{name}(" + ", ".join(self.pick([self.literal(), self.literal(), "2", "'a'", "l", "ls", "1"]) for _ in range(count)) + ")"

    def printf(self):
        flags = "".join(self.pick(["", "-", "+", "0", "#", " "]) for _ in range(2))
        width = self.pick(["", "", "6", "12"])
        if self.chance(0.5):
            form = "%" + flags + width + self.pick(["", ".2", ".0", ".5"]) + self.pick("sdrfeGgxXoi%c")
            return f"'[{form}]' % {self.pick([self.literal(), '(' + self.literal() + ',)', self.pick(NAMES)])}"
        spec = self.pick(["", "<", ">", "^", "*^", "="]) + self.pick(["", "+", " "]) + self.pick(["", "0"]) + width
        spec += self.pick(["", ",", "_"]) + self.pick(["", ".2", ".0", ".3"]) + self.pick(["", "d", "f", "s", "g", "e", "x", "%", "b"])
        return f"'{{:{spec}}}|{{}}'.format({self.literal()}, {self.literal()})"

    def unary(self, depth):
        if self.chance(0.07):
            return self.text_call()
        if self.chance(0.04):
            return self.printf()
        text = self.pick(["", "", "", "", "-", "not ", "+"]) + self.postfix(depth)
        for _ in range(self.pick([0, 0, 1, 1, 2])):
            text += "|" + self.pick(FILTERS)
        if self.chance(0.12):
            text += " is " + self.pick(["", "", "not "]) + self.pick(TESTS)
        return text

    def text(self, depth):
        """An expression whose value is a string, most of the time."""
        kind = self.random.randrange(10)
        if kind < 3 or depth <= 0:
            return self.pick(["s", "u", "e", "sp", "lines", "num", "'a'", "'<|im_end|>'", "bos_token", "messages[0].content", "ls[0]",
                              "messages[2]['content']", "people[1].name", "'a,b,,c'", "x", "item", "loop.index"])
        if kind < 5:
            return f"{self.text(depth - 1)} {self.pick(['~', '~', '+'])} {self.text(depth - 1)}"
        if kind == 5:
            return self.text_call()
        if kind == 6:
            return f"({self.text(depth - 1)} if {self.truth(depth - 1)} else {self.text(depth - 1)})"
        if kind == 7:
            return f"({self.text(depth - 1)})[{self.slice()}]"
        if self.chance(0.1):
            return f"(({self.text(depth - 1)})|{self.pick(['e', 'escape', 'safe'])} ~ '')"  # no Markup is left
        return f"({self.text(depth - 1)})|" + self.pick(["upper", "trim", "replace('a', 'bb')", "title", "capitalize", "lower", "reverse", "indent",
                                                    "truncate(5)", "tojson", "urlencode", "string", "list|join('.')", "center(9)"])

    def number(self, depth):
        """An expression whose value is a number, most of the time."""
        kind = self.random.randrange(6)
        if kind < 2 or depth <= 0:
            return self.pick(["n", "z", "neg", "f", "big", "small", "1", "2", "3.5", "t", "loop.index", "l|length", "l[0]", "0.1", "10"])
        if kind < 4:
            return f"({self.number(depth - 1)} {self.pick(['+', '-', '*', '/', '//', '%', '**'])} {self.number(depth - 1)})"
        if kind == 4:
            return f"({self.number(depth - 1)})|" + self.pick(["abs", "round", "round(1)", "int", "float", "round(2, 'ceil')", "round(-1)", "string|length"])
        return self.pick([f"({self.list(depth - 1)})|length", f"({self.text(depth - 1)})|length", "l|sum", "l|max", "num|int", "s|wordcount", "u|wordcount", f"-({self.number(depth - 1)})"])

    def list(self, depth):
        """An expression whose value has elements, most of the time."""
        kind = self.random.randrange(6)
        if kind < 2 or depth <= 0:
            return self.pick(["l", "ls", "messages", "people", "m", "mixed", "el", "range(4)", "s", "m.items()", "tools", "(1, 'b')", "m|dictsort"])
        if kind == 2:
            return "[" + ", ".join(self.pick([self.text, self.number])(depth - 1) for _ in range(self.random.randrange(4))) + "]"
        if kind == 3:
            return f"({self.list(depth - 1)})[{self.slice()}]"
        return f"({self.list(depth - 1)})|" + self.pick(["list", "sort", "unique|list", "reverse|list", "map('string')|list", "select|list",
            "reject('string')|list", "batch(2)|list", "slice(2)|list", "map('upper')|list", "select('defined')|list", "list|tojson|list",
            "selectattr('age', 'gt', 1)|list", "map(attribute='name')|list", "groupby('age')", "sort(attribute='name')", "list|sort|reverse|list"])

    def truth(self, depth):
        kind = self.random.randrange(6)
        part = self.pick([self.text, self.number, self.list])
        if kind == 0:
            return f"{part(depth - 1)} {self.pick(['==', '!=', '<', '>=', 'in', 'not in'])} {part(depth - 1)}"
        if kind == 1:
            return f"({part(depth - 1)}) is {self.pick(['', 'not '])}{self.pick(TESTS)}"
        if kind == 2 and depth > 0:
            return f"{self.truth(depth - 1)} {self.pick(['and', 'or'])} {self.truth(depth - 1)}"
        return self.pick([f"not ({part(depth - 1)})", part(depth - 1), self.pick(NAMES)])

    def expression(self, depth):
        if self.chance(0.75):
            return self.pick([self.text, self.text, self.number, self.list, self.truth])(depth)
        text = self.unary(depth)
        for _ in range(self.pick([0, 0, 1, 1, 2]) if depth > 0 else 0):
            sign = self.pick(["+", "-", "*", "/", "//", "%", "**", "~", "~", "==", "!=", "<", "<=", ">", ">=", "in", "not in",
                              "and", "or", "if", "ifelse", "+"])
            other = self.unary(depth - 1)
            if sign == "if":
                text += f" if {other}"
            elif sign == "ifelse":
                text += f" if {other} else {self.unary(depth - 1)}"
            else:
                text += f" {sign} {other}"
        return f"({text})" if self.chance(0.1) else text

    def tag(self, text):
        return "{%" + self.pick(["", "", "", "-", "+"]) + " " + text + " " + self.pick(["", "", "", "-", "+"]) + "%}"

    def body(self, depth):
        return "".join(self.piece(depth) for _ in range(self.random.randrange(1, 4)))

    def piece(self, depth):
        kind = self.random.randrange(18)
        if kind < 4 or depth <= 0:
            return self.pick(SPACES)
        if kind < 9:
            sign = self.pick(["", "", "", "-"])
            return "{{" + sign + " " + self.expression(depth) + " " + self.pick(["", "", "-"]) + "}}"
        if kind == 9:
            return "{#" + self.pick(["", "-", "+"]) + " c " + self.pick(["", "-", "+"]) + "#}"
        if kind == 10:
            more = self.tag(f"elif {self.expression(1)}") + self.body(depth - 1) if self.chance(0.3) else ""
            more += self.tag("else") + self.body(depth - 1) if self.chance(0.5) else ""
            return self.tag(f"if {self.expression(depth - 1)}") + self.body(depth - 1) + more + self.tag("endif")
        if kind < 13:
            return self.loop(depth)
        if kind == 13:
            target = self.pick(["x", "y", "ns", "x, y", "ns.x"])
            if self.chance(0.3):
                filters = self.pick(["", " | upper", " | trim", " | replace('a', 'b') | length"])
                return self.tag(f"set {target}{filters}") + self.body(depth - 1) + self.tag("endset")
            return self.tag(f"set {target} = {self.pick(['namespace(x=0)', self.expression(depth), self.expression(depth)])}")
        if kind == 14:
            return self.macro(depth)
        if kind == 15:
            return self.tag("filter " + self.pick(["upper", "trim", "replace('a', 'b')", "indent", "title | trim"])) + \
                self.body(depth - 1) + self.tag("endfilter")
        if kind == 16:
            return self.tag(f"with x = {self.expression(1)}, y = {self.expression(0)}") + self.body(depth - 1) + self.tag("endwith")
        return self.tag("raw") + self.pick(["{{ a }}", " {% if %} ", "\n x \n"]) + self.tag("endraw") if self.chance(0.5) else \
            self.tag("generation") + self.body(depth - 1) + self.tag("endgeneration")

    def loop(self, depth):
        over = self.pick(["messages", "l", "ls", "m", "m.items()", "range(3)", "s", "people", "people|map(attribute='name')", "el",
                          self.expression(1), "m|dictsort", "undefined_name", "people|selectattr('tags')", "l|batch(2)"])
        target = self.pick(["x", "x", "x", "x, y", "item"])
        condition = self.pick(["", "", "", f" if {self.expression(1)}", " if x"])
        recursive = " recursive" if self.chance(0.08) else ""
        body = self.body(depth - 1)
        if self.chance(0.5):
            body += "{{ " + self.pick(["loop.index", "loop.first", "loop.last", "loop.length", "loop.revindex0", "loop.previtem",
                                       "loop.nextitem is defined", "loop.cycle('a', 'b')", "loop.changed(x)", "loop.depth", "loop.index0",
                                       "x", "x ~ y", "loop.nextitem"]) + " }}"
        if self.chance(0.15):
            body += self.tag(f"if {self.pick(['loop.index == 2', 'x', 'loop.first'])}") + self.tag(self.pick(["break", "continue"])) + \
                self.tag("endif") + self.pick(SPACES)
        if recursive and self.chance(0.7):
            body += "{{ loop(" + self.pick(["el", "[]", "x.tags", "x"]) + ") }}" if self.chance(0.5) else ""
        other = self.tag("else") + self.body(depth - 1) if self.chance(0.2) else ""
        return self.tag(f"for {target} in {over}{condition}{recursive}") + body + other + self.tag("endfor")

    def macro(self, depth):
        name = self.pick(["mac", "other"])
        parameters = self.pick(["", "a", "a, b", "a, b=2", "a='d', caller=none", "x=n"])
        body = self.body(depth - 1) + self.pick(["", "{{ a }}", "{{ varargs }}", "{{ kwargs }}", "{{ caller() }}", "{{ b }}", "{{ caller is defined }}"])
        text = self.tag(f"macro {name}({parameters})") + body + self.tag("endmacro")
        given = self.pick(["", "1", "1, 2", "a=1", "1, b=s", "1, 2, 3", "q=1", "*l", "**m"])
        if self.chance(0.3):
            return text + self.tag(f"call {self.pick(['', '(v) '])}{name}({given})".replace("call (v)", "call(v)")) + self.body(depth - 1) + self.tag("endcall")
        return text + "{{ " + name + "(" + given + ") }}"

    def template(self):
        if self.chance(0.4):
            return "{{ " + self.expression(2) + " }}"
        return "".join(self.piece(3) for _ in range(self.random.randrange(1, 5)))
