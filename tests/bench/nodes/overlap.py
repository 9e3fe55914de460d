"""From the trace of a run over several nodes: what the devices did while hops waited for contexts of other nodes."""
import json


def slices(trace, process):
    """(begin, end, name) of a process's slices, in microseconds."""
    return [(event["ts"], event["ts"] + event["dur"], event["name"]) for event in trace if event["ph"] == "X" and event["pid"] == process]


def union(intervals):
    """The intervals by time, those that overlap made one."""
    merged = []
    for begin, end, *_ in sorted(intervals):
        if merged and begin <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([begin, end])
    return merged


def length(intervals):
    return sum(end - begin for begin, end in intervals)


def common(first, second):
    """The length that two unions have in common."""
    return length(first) + length(second) - length(union(first + second))


def computing_share(trace, places):
    """The share of the time in which some hop waited for a context on a node, in which that node's device computed for others. `places` are the
    agents' nodes."""
    processes = {event["args"]["name"]: event["pid"] for event in trace if event["name"] == "process_name"}
    waited = computed = 0.0
    for agent, node in places.items():
        fetches = union(one for one in slices(trace, processes["tasks"]) if one[2] == f"{agent} fetch")
        waited += length(fetches)
        computed += common(fetches, union(slices(trace, processes.get(f"device {node}/cpu"))))
    return computed / waited if waited else 0.0


def read_trace(file):
    return json.loads(file.read_text(encoding="utf-8"))
