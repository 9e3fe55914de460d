"""From the trace of a run over several nodes: how long hops waited for contexts of other nodes, and what the devices did meanwhile."""
import json


def slices(trace, process):
    """(begin, end, name) of a process's slices, in microseconds, by time."""
    return sorted((event["ts"], event["ts"] + event["dur"], event["name"]) for event in trace
                  if event["ph"] == "X" and event["pid"] == process)


def common(first, second):
    """The time that two lists of intervals, each by time and without overlaps of its own, have in common."""
    total, i, k = 0.0, 0, 0
    while i < len(first) and k < len(second):
        total += max(0.0, min(first[i][1], second[k][1]) - max(first[i][0], second[k][0]))
        if first[i][1] < second[k][1]:
            i += 1
        else:
            k += 1
    return total


def union(intervals):
    """The intervals with those that overlap made one."""
    merged = []
    for begin, end, *_ in sorted(intervals):
        if merged and begin <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([begin, end])
    return merged


def waiting(file, places):
    """Seconds of all fetches, and the share of that time in which the receiving node's device computed for others. `places` are the agents' nodes."""
    trace = json.loads(file.read_text(encoding="utf-8"))
    processes = {event["args"]["name"]: event["pid"] for event in trace if event["name"] == "process_name"}
    all_seconds = busy = waited = 0.0
    for agent, node in places.items():
        fetches = [one for one in slices(trace, processes["tasks"]) if one[2] == f"{agent} fetch"]
        all_seconds += sum(end - begin for begin, end, _ in fetches) / 1e6
        steps = slices(trace, processes.get(f"device {node}/cpu", -1))
        together = union(fetches)
        waited += sum(end - begin for begin, end in together)
        busy += common(together, union(steps))
    return all_seconds, busy / waited if waited else 0.0
