"""report.html in headless Chromium: nothing complains, every chart shows its data, the filter and the chooser work.

AVP_REPORT is the path of avp-report. With AVP_SCREENSHOTS, a folder, pictures of the page are left there.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import browser

REPORT = os.environ["AVP_REPORT"]
MODES = ["latent", "text", "direct"]
AGENTS = ["planner", "critic", "judge"]
HOSTILE = "</script><script>document.title = 'taken'</script><img src=x onerror=\"document.title='taken'\">\u001b[31m\ufffe"


def costs(prompt, latent, output, context=0):
    return {"prompt_tokens": prompt, "computed_tokens": prompt - 5, "latent_steps": latent, "output_tokens": output,
            "context_tokens": context, "context_bytes": 1000 * context, "wire_bytes": 0}


def result(number, mode):
    """Task t1 is right in every mode, t2 only in latent, t3 fails in text, t4 has the hostile texts."""
    names = ["judge"] if mode == "direct" else AGENTS
    agents = []
    for place, name in enumerate(names):
        latent = mode == "latent" and name != "judge"
        agents.append({"name": name, "kind": "think" if latent else "generate", "node": "local", "error": None,
                       "text": "" if latent else f"words of {name} {number}", "ms": 100.0 * (place + 1),
                       **costs(40 + 20 * place * (mode == "text") + number, 10 * latent, 0 if latent else 30, 60 * latent)})
    right = number == 1 or number == 2 and mode == "latent" or number > 4 and number % 3 != 0
    failed = number == 3 and mode == "text"
    text = HOSTILE if number == 4 else f"The answer is {number if right else -number}."
    sums = {key: sum(agent[key] for agent in agents) for key in costs(0, 0, 0)}
    return {"task": f"t{number}", "mode": mode, "ok": not failed, "error": "the device is gone" if failed else None,
            "text": "" if failed else text, "expected": str(number), "score": None if failed else float(right),
            "ms": sum(agent["ms"] for agent in agents), **sums, "agents": agents}


def plan(mode):
    names = ["judge"] if mode == "direct" else AGENTS
    pairs = list(zip(names, names[1:]))
    before = {to: source for source, to in pairs}
    return {"mode": mode, "output": "judge", "notes": [],
            "agents": [{"name": name, "kind": "generate" if mode != "latent" or name == "judge" else "think",
                        "makes_text": True, "after": [before[name]] if name in before else [],
                        "contexts_from": [before[name]] if mode == "latent" and name in before else []} for name in names],
            "edges": [{"from": source, "to": to, "hands_over": "context" if mode == "latent" else "text"}
                      for source, to in pairs]}


def trace(results):
    """What trace.json would hold: a track for each task and mode with a slice for each agent."""
    yield {"name": "process_name", "ph": "M", "pid": 1000, "args": {"name": "tasks"}}
    for track, one in enumerate(results, 1):
        yield {"name": "thread_name", "ph": "M", "pid": 1000, "tid": track,
               "args": {"name": f"{one['task']} {one['mode']}"}}
        start = 1000.0 * track
        for agent in one["agents"]:
            name = f"{agent['name']} {agent['kind']}"
            yield {"name": "queued", "ph": "X", "ts": start, "dur": 5000, "pid": 1000, "tid": track, "args": {"for": name}}
            yield {"name": name, "ph": "X", "ts": start + 5000, "dur": 1000 * agent["ms"] - 5000, "pid": 1000,
                   "tid": track, "args": {}}
            start += 1000 * agent["ms"]


def sweep():
    sizes = [2, 3, 4, 5, 6, 8]
    curves = {"latent": lambda n: 120 * n, "text": lambda n: 60 * n + 30 * n * n, "text_unshared": lambda n: 80 * n + 40 * n * n}
    points, fits = [], []
    for quantity in ("prompt_tokens", "attended"):
        for series, curve in curves.items():
            scale = 1 if quantity == "prompt_tokens" else 500
            means = [scale * curve(n) for n in sizes]
            points += [{"n": n, "series": series, "task": task, "ok": True, quantity: mean * factor}
                       for n, mean in zip(sizes, means) for task, factor in (("a", 0.9), ("b", 1.1))]
            fits.append({"quantity": quantity, "series": series, "means": means,
                         "exponent": 1.0 if series == "latent" else 1.8, "low": 0.95, "high": 1.87,
                         "linear": {"constant": 0.0, "slope": 120.0 * scale},
                         "quadratic": {"constant": 0.0, "slope": (curve(2) * 4 - curve(4)) / 4 * scale,
                                       "square": (curve(4) - 2 * curve(2)) / 8 * scale},
                         "p": 0.01, "favoured": "linear" if series == "latent" else "quadratic"})
    return {"over": "hops", "values": sizes, "points": points, "fits": fits,
            "sentences": ["At 8 hops text feeds n^1.80 [0.95, 1.87] prompt tokens, latent n^1.00 [0.95, 1.87]."]}


def write_run(folder, tasks, with_sweep=True):
    results = [result(number, mode) for mode in MODES for number in range(1, tasks + 1)]
    folder.mkdir()
    (folder / "results.jsonl").write_text("".join(json.dumps(one) + "\n" for one in results))
    (folder / "trace.json").write_text("[\n" + ",\n".join(json.dumps(event, separators=(",", ":")) for event in trace(results))
                                       + "\n]\n")
    (folder / "summary.json").write_text(json.dumps(
        {"modes": [{"mode": mode, "seconds": 10.0 + place} for place, mode in enumerate(MODES)], "devices": []}))
    (folder / "run.json").write_text(json.dumps(
        {"pipeline": "three agents", "command": ["avp-run", "three.toml"], "plans": [plan(mode) for mode in MODES]}))
    if with_sweep:
        (folder / "scaling.json").write_text(json.dumps(sweep()))
    return results


def with_separators(number):
    return f"{number:,}"


class Page(unittest.TestCase):
    tasks = 9

    @classmethod
    def setUpClass(cls):
        keep = tempfile.TemporaryDirectory()
        cls.addClassCleanup(keep.cleanup)
        cls.folder = pathlib.Path(keep.name, "run")
        cls.results = write_run(cls.folder, cls.tasks)
        subprocess.run([REPORT, cls.folder], check=True, stdout=subprocess.DEVNULL)
        cls.file = cls.folder / "report.html"
        cls.page = browser.Browser()
        cls.addClassCleanup(cls.page.close)

    def setUp(self):
        self.page.problems.clear()
        self.page.resize(1100, 900)
        self.page.prefer("light")
        self.page.open(self.file)

    def tearDown(self):
        self.assertEqual(self.page.problems, [], "what the console said")
        self.assertEqual(self.page.events, [self.file.as_uri()], "what was asked for")

    def texts(self, selector):
        return self.page.run(f"[...document.querySelectorAll({json.dumps(selector)})].map(e => e.textContent)")

    def of_mode(self, mode):
        return [one for one in self.results if one["mode"] == mode]

    def visible_tasks(self):
        return self.page.run("[...document.querySelectorAll('details.task')].filter(e => e.getClientRects().length > 0)"
                             ".map(e => e.querySelector('summary b').textContent)")

    def choose(self, **values):
        """Sets fields of the filter and gives the tasks that are left."""
        self.page.run("""(values => new Promise(done => {
            const filter = document.getElementById("filter");
            for (const [name, value] of Object.entries(values)) filter.elements[name].value = value;
            filter.dispatchEvent(new Event("input", {bubbles: true}));
            setTimeout(done, 300);
        }))(%s)""" % json.dumps(values))
        shown = self.visible_tasks()
        self.assertEqual(self.texts("#filter output"), [f"{len(shown)} of {self.tasks} tasks"])
        return shown

    def test_the_table_of_modes(self):
        rows = self.page.run("[...document.querySelectorAll('#modes tbody tr')].map(r => [...r.cells].map(c => c.textContent))")
        self.assertEqual([row[0] for row in rows], MODES)
        for row in rows:
            mine = self.of_mode(row[0])
            scores = [one["score"] for one in mine if one["score"] is not None]
            tokens = [sum(one[key] for one in mine) for key in
                      ("prompt_tokens", "computed_tokens", "latent_steps", "output_tokens")]
            self.assertEqual(row[1:5], [str(self.tasks), str(sum(not one["ok"] for one in mine)),
                                        f"{sum(scores):.0f} / {len(scores)}", f"{100 * sum(scores) / len(scores):.1f} %"])
            self.assertEqual(row[6:11], [with_separators(number) for number in
                                         (*tokens, tokens[0] + tokens[2] + tokens[3])])

    def test_scores_and_whiskers(self):
        for mode in MODES:
            scores = [one["score"] for one in self.of_mode(mode) if one["score"] is not None]
            percent = 100 * sum(scores) / len(scores)
            hint, centre, low, high = self.page.run(
                f"""(() => {{
                const dot = document.querySelector("#modes circle.dot.{mode}");
                const ends = [...document.querySelectorAll("#modes line.whisker.{mode}")][0];
                return [dot.textContent, ...["cx"].map(a => +dot.getAttribute(a)),
                        +ends.getAttribute("x1"), +ends.getAttribute("x2")];
                }})()""")
            self.assertIn(f"{mode}: {percent:.1f} %", hint)
            self.assertTrue(low <= centre <= high, (low, centre, high))
            zero, whole = self.page.run("(() => { const grid = [...document.querySelector('#modes svg').querySelectorAll"
                                        "('line.grid')].map(l => +l.getAttribute('x1')); return [grid[0], grid.at(-1)]; })()")
            self.assertAlmostEqual((centre - zero) / (whole - zero), percent / 100, places=2)

    def test_bars_are_as_long_as_their_numbers(self):
        charts = self.page.run("""[...document.querySelectorAll("#agents .charts")].map(charts =>
            [...charts.querySelectorAll("svg")].map(svg => ({
                title: svg.querySelector("title").textContent,
                labels: [...svg.querySelectorAll("text.label")].map(t => t.textContent),
                numbers: [...svg.querySelectorAll("text.number")].map(t => t.textContent),
                bars: [...svg.querySelectorAll("rect.bar")].map(r => [+r.getAttribute("width"), r.textContent]),
            })))""")
        tokens, seconds = charts
        self.assertEqual(len(tokens), 3)
        self.assertEqual(len(seconds), 3)
        for mode, chart in zip(MODES, tokens):
            self.assertIn(mode, chart["title"])
            names = ["judge"] if mode == "direct" else AGENTS
            self.assertEqual(chart["labels"], names)
            for name, number in zip(names, chart["numbers"]):
                mine = [agent for one in self.of_mode(mode) for agent in one["agents"] if agent["name"] == name]
                mean = sum(a["prompt_tokens"] + a["latent_steps"] + a["output_tokens"] for a in mine) / len(mine)
                self.assertAlmostEqual(float(number), mean, delta=0.051)
        widths = [(width, float(hint.split(": ")[1].split()[0])) for chart in tokens for width, hint in chart["bars"]]
        for width, value in widths:
            self.assertAlmostEqual((width + 1.5) / value, (widths[0][0] + 1.5) / widths[0][1], delta=0.05 * value / 10)
        self.assertEqual(seconds[0]["numbers"], ["0.10 s", "0.20 s", "0.30 s"])

    def test_scaling_curves(self):
        data = sweep()
        svgs = self.page.run("""[...document.querySelectorAll("#scaling svg")].map(svg => ({
            marks: [...svg.querySelectorAll("circle.mark")].map(c => [+c.getAttribute("cx"), +c.getAttribute("cy"), c.textContent]),
            tasks: svg.querySelectorAll("circle.faint").length,
            curves: svg.querySelectorAll("path.curve").length,
            words: [...svg.querySelectorAll("text.series")].map(t => t.textContent),
        }))""")
        self.assertEqual(len(svgs), 2)
        for svg in svgs:
            self.assertEqual(len(svg["marks"]), 3 * len(data["values"]))
            self.assertEqual(svg["tasks"], 6 * len(data["values"]))
            self.assertEqual(svg["curves"], 3)
            self.assertCountEqual(svg["words"], ["latent", "n^1.00", "text", "n^1.80", "text, unshared", "n^1.80"])
        # On two logarithmic axes equal factors are equal distances: latent doubles from 2 to 4 and from 4 to 8 hops.
        places = {hint: (x, y) for x, y, hint in svgs[0]["marks"]}
        x, y = zip(*(places[f"latent, {n} hops: {120 * n}"] for n in (2, 4, 8)))
        self.assertAlmostEqual(x[1] - x[0], x[2] - x[1], delta=0.3)
        self.assertAlmostEqual(y[1] - y[0], y[2] - y[1], delta=0.3)
        cells = self.texts("#scaling td.num")
        for fit in data["fits"]:
            for mean in fit["means"]:
                self.assertIn(with_separators(round(mean)), cells)

    def test_timelines_and_their_chooser(self):
        shown = lambda: self.page.run("[...document.querySelectorAll('details.timeline')].filter(e => "
                                      "e.getClientRects().length > 0).map(e => e.querySelector('svg title').textContent)")
        self.assertEqual(self.texts("#chooser option"), [f"t{number}" for number in range(1, self.tasks + 1)])
        self.assertEqual(shown(), ["Timeline of task t1"])
        self.page.run("(() => { const s = document.querySelector('#chooser select'); s.value = 4;"
                      "s.dispatchEvent(new Event('change')); })()")
        self.assertEqual(shown(), ["Timeline of task t5"])
        hints = self.page.run("[...document.querySelectorAll('details.timeline:not([hidden]) rect')].map(r => r.textContent)")
        self.assertEqual(len(hints), 2 * (3 + 3 + 1), "queued and at work, for each agent of each mode")
        self.assertIn("critic think: from 0.105 s to 0.300 s", hints)
        self.assertIn("judge queued: from 0.300 s to 0.305 s", hints)

    def test_flows(self):
        flows = self.page.run("""[...document.querySelectorAll("#flow figure")].map(f => ({
            mode: f.querySelector("figcaption").textContent,
            names: [...f.querySelectorAll("text.node-name")].map(t => t.textContent),
            edges: [...f.querySelectorAll("path.edge")].map(p => p.textContent)}))""")
        chain = lambda how: [f"planner → critic: {how}", f"critic → judge: {how}"]
        self.assertEqual(flows, [{"mode": "latent", "names": AGENTS, "edges": chain("context")},
                                 {"mode": "text", "names": AGENTS, "edges": chain("text")},
                                 {"mode": "direct", "names": ["judge"], "edges": []}])

    def test_the_filter(self):
        names = [f"t{number}" for number in range(1, self.tasks + 1)]
        states = {(one["task"], one["mode"]): "failed" if not one["ok"] else "right" if one["score"] == 1 else "wrong"
                  for one in self.results}
        self.assertEqual(self.visible_tasks(), names)
        for state in ("right", "wrong", "failed"):
            self.assertEqual(self.choose(state=state, series="", words=""),
                             [name for name in names if state in {states[name, mode] for mode in MODES}], state)
            for place, mode in enumerate(MODES):
                self.assertEqual(self.choose(state=state, series=str(place), words=""),
                                 [name for name in names if states[name, mode] == state], (state, mode))
        self.assertEqual(self.choose(state="differs", series="", words=""), ["t2", "t3"])
        self.assertEqual(self.choose(state="", series="", words="WORDS of critic 7"), ["t7"])
        self.assertEqual(self.choose(state="wrong", series="", words="words of critic 7"), [])
        self.assertEqual(self.choose(state="", series="", words=""), names)

    def test_hostile_texts(self):
        self.assertEqual(self.page.run("document.title"), "three agents")
        self.assertEqual(self.page.run("document.images.length"), 0)
        shown = self.page.run("document.querySelectorAll('details.task')[3].querySelector('pre').textContent")
        self.assertEqual(shown, HOSTILE.replace("\u001b", "␛").replace("\ufffe", "\ufffd"))

    def test_every_picture_has_words(self):
        count = self.page.run("document.querySelectorAll('svg').length")
        self.assertEqual(count, 2 + 2 + 6 + 3 + self.tasks)  # modes (a sweep has no wall time of one size), agents, scaling, flow, timelines
        self.assertEqual(self.page.run("[...document.querySelectorAll('svg')].filter(s => s.getAttribute('role') === 'img' && "
                                       "s.querySelector('title').textContent && s.querySelector('desc').textContent).length"), count)

    def test_a_phone_does_not_scroll_sideways(self):
        self.page.resize(360, 740, mobile=True)
        self.page.open(self.file)
        self.page.run("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        self.assertLessEqual(self.page.run("document.documentElement.scrollWidth"), 360)

    def test_dark_and_light_differ(self):
        colours = lambda: self.page.run("[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]")
        light = colours()
        self.page.prefer("dark")
        dark = colours()
        self.assertEqual((light[0], dark[0]), ("rgb(255, 255, 255)", "rgb(20, 24, 29)"))
        self.assertNotEqual(light[1], dark[1])

    def test_without_script_nothing_is_hidden_for_good(self):
        self.page.call("Emulation.setScriptExecutionDisabled", value=True)
        self.addCleanup(self.page.call, "Emulation.setScriptExecutionDisabled", value=False)
        self.page.open(self.file)
        self.assertEqual(self.page.run("document.querySelectorAll('details[hidden]').length"), 0)
        self.assertEqual(self.page.run("document.getElementById('filter').hidden"), True)

    def test_pictures(self):
        folder = os.environ.get("AVP_SCREENSHOTS")
        self.assertTrue(self.page.pdf().startswith(b"%PDF"))
        if not folder:
            return
        pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
        keep = lambda name, data: pathlib.Path(folder, name).write_bytes(data)
        keep("report.pdf", self.page.pdf())
        keep("light.png", self.page.screenshot())
        self.page.prefer("dark")
        keep("dark.png", self.page.screenshot())
        self.page.resize(360, 740, mobile=True)
        self.page.open(self.file)
        keep("phone.png", self.page.screenshot())


class Large(unittest.TestCase):
    def test_two_thousand_tasks(self):
        with tempfile.TemporaryDirectory() as keep:
            folder = pathlib.Path(keep, "run")
            write_run(folder, 2000, with_sweep=False)
            subprocess.run([REPORT, folder], check=True, stdout=subprocess.DEVNULL)
            self.assertLess((folder / "report.html").stat().st_size, 20 << 20)
            page = browser.Browser()
            self.addCleanup(page.close)
            page.open(folder / "report.html")
            self.assertEqual(page.run("document.querySelectorAll('details.task').length"), 2000)
            page.run("""new Promise(done => { const filter = document.getElementById("filter");
                filter.elements.words.value = "words of judge 1999";
                filter.dispatchEvent(new Event("input", {bubbles: true})); setTimeout(done, 1000); })""")
            self.assertEqual(page.run("document.querySelector('#filter output').value"), "1 of 2,000 tasks")
            self.assertEqual(page.problems, [])


if __name__ == "__main__":
    if browser.find() is None:
        print("skipped: this test needs Chromium (apt-get install --no-install-recommends chromium)")
        sys.exit(77)
    unittest.main()
