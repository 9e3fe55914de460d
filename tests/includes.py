"""No two files of a room include each other, on whatever way: a header and its source count as one.

usage: includes.py SOURCE_FOLDER
"""

import pathlib
import re
import sys

ROOMS = ("transport", "gpu", "agents", "runtime")
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def includes_of(root: pathlib.Path) -> dict[str, dict[str, str]]:
    """By file without its ending: those that it includes, and in which of its files that stands."""
    graph: dict[str, dict[str, str]] = {}
    for room in ROOMS:
        for path in sorted((root / room).rglob("*")):
            if path.suffix not in (".hpp", ".cpp", ".cu", ".cuh"):
                continue
            file = path.relative_to(root)
            one = str(file.with_suffix(""))
            ways = graph.setdefault(one, {})
            for name in INCLUDE.findall(path.read_text(encoding="utf-8")):
                other = str(pathlib.PurePosixPath(name).with_suffix(""))
                if other != one:
                    ways.setdefault(other, str(file))
    return graph


def shortest_circle(graph: dict[str, dict[str, str]], start: str) -> list[str]:
    """The files from `start` back to it; empty where no way leads back."""
    came_from = {start: start}
    row = [start]
    for at in row:
        for other in graph.get(at, {}):
            if other == start:
                way = [start]
                while at != start:
                    way.append(at)
                    at = came_from[at]
                return [start, *reversed(way[1:]), start]
            if other not in came_from:
                came_from[other] = at
                row.append(other)
    return []


def main() -> int:
    graph = includes_of(pathlib.Path(sys.argv[1]))
    if not graph:
        print("there are no sources")
        return 1
    told: set[frozenset[str]] = set()
    for one in sorted(graph):
        circle = shortest_circle(graph, one)
        if not circle or frozenset(circle) in told:
            continue
        told.add(frozenset(circle))
        print("a circle of includes:")
        for at, other in zip(circle, circle[1:]):
            print(f"  {graph[at][other]} includes {other}")
    if told:
        print("Words that two files share get a header of their own.")
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())
