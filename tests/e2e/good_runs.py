"""avp-run at work: modes, results, and what each option does."""
import json
import os
import re
import unittest

import tiny_model
from command import PIPELINE, CommandTest, records

COSTS = ["prompt_tokens", "computed_tokens", "latent_steps", "output_tokens", "guessed_tokens",
         "accepted_tokens", "attended", "cache_bytes", "device_ms",
         "context_tokens", "context_bytes", "wire_bytes"]
RESULT_KEYS = ["task", "mode", "ok", "error", "error_code", "text", "expected", "score", "ms", *COSTS, "agents"]
AGENT_KEYS = ["name", "kind", "node", "error", "error_code", "text", "ms", "retries", "fetch_ms", *COSTS, "thought"]

# What a position weighs in a message: keys and values of every layer, float32.
POSITION_BYTES = 2 * tiny_model.LAYERS * tiny_model.KV_HEADS * (tiny_model.HIDDEN // tiny_model.HEADS) * 4
MESSAGE_HEADER_BYTES, KV_HEADER_BYTES = 12, 17


def texts(results):
    return {(result["task"], result["mode"]): result["text"] for result in results}


class Thoughts(CommandTest):
    def test_explaining_changes_no_answer(self):
        plain, explained = self.run_json(), self.run_json("--explain")
        self.assertEqual(texts(explained), texts(plain))
        for result in plain:
            for agent in result["agents"]:
                self.assertFalse(agent["thought"] and agent["thought"]["steps"])
        for result in explained:
            planner, critic, judge = result["agents"]
            self.assertIsNone(judge["thought"])
            for agent in (planner, critic):
                self.assertEqual(len(agent["thought"]["steps"]), agent["latent_steps"])
                for number, step in enumerate(agent["thought"]["steps"]):
                    self.assertEqual(list(step), ["tokens", "entropy", "norm", "cosine"])
                    chances = [token["probability"] for token in step["tokens"]]
                    self.assertEqual(chances, sorted(chances, reverse=True))
                    self.assertEqual(len(chances), 5)
                    self.assertLess(sum(chances), 1)
                    self.assertTrue(0 < step["entropy"] < 5.6, "of 258 tokens")
                    self.assertEqual(step["cosine"] is None, number == 0)

    def test_the_folder_tells(self):
        self.assertEqual(self.run_command("--explain", "--out", "out").status, 0)
        self.assertIn("explain = true", (self.folder / "out" / "pipeline.toml").read_text(encoding="utf-8"))
        page = (self.folder / "out" / "report.html").read_text(encoding="utf-8")
        self.assertIn("<h5>planner would have said</h5>", page)
        [totals] = json.loads((self.folder / "out" / "summary.json").read_text(encoding="utf-8"))["modes"]
        self.assertEqual(list(totals["thought_warnings"]), ["same_token", "entropy_collapsed", "norm_blown_up"])

    def test_a_question_shows_them_beside_the_answer(self):
        plain = self.run_command("--ask", "Why?")
        told = self.run_command("--ask", "Why?", "--explain")
        self.assertEqual(told.out, plain.out)
        self.assertRegex(told.err, r"(?m)^planner thought, and would have said:\n  step  entropy      norm  cosine  tokens\n"
                                   r"     1     \d\.\d\d +\d+\.\d       -  \".+\" \d\.\d\d ")
        self.assertNotIn("would have said", plain.err)
        self.assertNotIn("would have said", self.run_command("--ask", "Why?", "--explain", "--quiet").err)

    def test_notes_are_handed_over_and_read_by_name(self):
        noting = PIPELINE.replace('prompt = "Check it."', 'note = 4\nprompt = "Check it."')
        self.write("pipeline.toml", noting.replace('\nprompt = "Answer: {{question}}"', '\nprompt = "Answer: {{critic}}"'))
        for result in self.run_json():
            _, critic, judge = result["agents"]
            self.assertEqual((critic["kind"], critic["latent_steps"]), ("think", 2))
            self.assertTrue(1 <= critic["output_tokens"] <= 4)
            self.assertTrue(critic["text"] or critic["output_tokens"] == 1)
        told = self.run_command("--check").out
        self.assertIn("  critic (think), continues the context of planner, writes a note of 4 tokens at most\n", told)
        for result in self.run_json("--mode", "text"):
            self.assertEqual({agent["kind"] for agent in result["agents"]}, {"generate"})


class Modes(CommandTest):
    def test_results_of_all_modes(self):
        outcome = self.run_command("--mode", "all", "--out", "out")
        self.assertEqual(outcome.status, 0, outcome)
        results = self.results("out")
        self.assertEqual(sorted((result["task"], result["mode"]) for result in results),
                         sorted((f"t{i}", mode) for i in range(1, 5) for mode in ("latent", "text", "direct")))
        for result in results:
            with self.subTest(task=result["task"], mode=result["mode"]):
                self.check_result(result)
        self.check_table(outcome.out, results)
        self.check_comparison(outcome.out, results)
        self.assertIn("\nresults: out/results.jsonl\n", outcome.out)
        for i in range(1, 5):
            self.assertRegex(outcome.out, rf"(?m)^(right|wrong)   t{i}  latent  \d+\.\d+ s  .*\(expected {i}\)$")

    def check_result(self, result):
        self.assertEqual(list(result), RESULT_KEYS)
        names = ["judge"] if result["mode"] == "direct" else ["planner", "critic", "judge"]
        self.assertEqual([agent["name"] for agent in result["agents"]], names)
        for agent in result["agents"]:
            self.assertEqual(list(agent), AGENT_KEYS)
            self.assertEqual((agent["node"], agent["error"]), ("local", None))
        for cost in COSTS:
            self.assertAlmostEqual(result[cost], sum(agent[cost] for agent in result["agents"]), delta=0.01, msg=cost)
        self.assertTrue(result["ok"])
        self.assertIsNone(result["error"])
        self.assertEqual(result["expected"], result["task"][1:])
        self.assertEqual(result["score"], 1.0 if result["expected"] in result["text"] else 0.0)
        self.assertEqual(result["text"], result["agents"][-1]["text"])
        self.assertGreater(result["ms"], 0)
        self.assertTrue(0 < result["computed_tokens"] <= result["prompt_tokens"], "the rest was shared")
        self.assertEqual(result["wire_bytes"], 0)
        self.assertEqual(result["latent_steps"], 4 if result["mode"] == "latent" else 0)
        if result["mode"] == "latent":
            self.check_contexts(result["agents"])
        else:
            self.assertEqual((result["context_tokens"], result["context_bytes"]), (0, 0))
            self.assertEqual({agent["kind"] for agent in result["agents"]}, {"generate"})

    def check_contexts(self, agents):
        planner, critic, judge = agents
        self.assertEqual([agent["kind"] for agent in agents], ["think", "think", "generate"])
        self.assertEqual([agent["text"] for agent in agents[:2]], ["", ""])
        self.assertEqual(planner["context_tokens"], planner["prompt_tokens"] + 2)
        self.assertEqual(critic["context_tokens"], planner["context_tokens"] + critic["prompt_tokens"] + 2)
        self.assertEqual((judge["context_tokens"], judge["context_bytes"]), (0, 0))
        for agent in (planner, critic):
            tensors = KV_HEADER_BYTES + agent["context_tokens"] * POSITION_BYTES
            metadata = agent["context_bytes"] - MESSAGE_HEADER_BYTES - tensors
            self.assertTrue(100 < metadata < 1000, metadata)

    def check_comparison(self, out, results):
        self.assertIn("\nscore and its 95 % interval: latent ", out)
        scores = {(result["task"], result["mode"]): result["score"] for result in results}
        comparison = json.loads((self.folder / "out" / "summary.json").read_text(encoding="utf-8"))["comparison"]
        self.assertEqual([score["mode"] for score in comparison["scores"]], ["latent", "text", "direct"])
        self.assertEqual(len(comparison["pairs"]), 3)
        for pair in comparison["pairs"]:
            first, second = pair["first"], pair["second"]
            only = [sum(scores[f"t{i}", a] > scores[f"t{i}", b] for i in range(1, 5)) for a, b in
                    ((first, second), (second, first))]
            self.assertEqual([pair["first_only"], pair["second_only"]], only)
            self.assertTrue(pair["low"] <= pair["difference"] <= pair["high"])
            self.assertRegex(out, rf"(?m)^{first} \u2212 {second}: .* points \[.*\], p = .* \(McNemar, {only[0]} against {only[1]} "
                                  r"of 4 tasks\)$")

    def check_table(self, out, results):
        lines = out[out.index("mode "):].splitlines()
        self.assertEqual(lines[0].split(),
                         "mode tasks failed score prompt latent output tokens seconds saving speed-up".split())
        rows = {line.split()[0]: line for line in lines[1:4]}
        self.assertEqual(list(rows), ["latent", "text", "direct"])
        sums = {}
        for mode, row in rows.items():
            mine = [result for result in results if result["mode"] == mode]
            parts = [sum(result[cost] for result in mine) for cost in ("prompt_tokens", "latent_steps", "output_tokens")]
            sums[mode] = sum(parts)
            right = sum(result["score"] for result in mine)
            counts = r"\s+".join(f"{number:,}" for number in [*parts, sums[mode]])
            self.assertRegex(row, rf"^{mode} +4 +0 +{right / 4:.1%} \({right:.0f}/4\) +".replace("%", " %") + counts + r" ")
        for mode in ("latent", "direct"):
            saving = 100 * (1 - sums[mode] / sums["text"])
            self.assertRegex(rows[mode], rf" {saving:.1f} % +\d+\.\d\dx$")
        self.assertRegex(rows["text"], r" - +-$")

    def test_one_mode_alone_is_not_compared(self):
        out = self.run_command("--mode", "text", "--limit", "1").out
        self.assertIn("seconds\n", out)
        self.assertNotIn("saving", out)

    def test_a_right_answer_scores(self):
        text = self.run_json("--limit", "1")[0]["text"]
        word = re.search(r"[A-Za-z0-9]", text).group()
        self.write("questions.jsonl", records(1).replace('"answer": "1"', f'"answer": "{word}"'))
        outcome = self.run_command()
        self.assertRegex(outcome.out, r"(?m)^right   t1  latent ")
        self.assertIn("100.0 % (1/1)", outcome.out)

    def test_a_record_without_expected_field_is_not_scored(self):
        self.write("questions.jsonl", records(1) + '{"id": "free", "question": "Why?"}\n')
        scored, free = sorted(self.run_json(), key=lambda result: result["task"] == "free")
        self.assertEqual((scored["expected"], free["expected"], free["score"]), ("1", None, None))

    def test_models_that_differ_fall_back_to_text(self):
        (self.folder / "other.gguf").write_bytes(self.model.read_bytes())
        arguments = ["--set", "model.other.source=other.gguf", "--set", "agent.judge.model=other", "--set",
                     "agent.planner.model=main", "--set", "agent.critic.model=main"]
        note = "critic -> judge falls back to text"
        self.assertIn(note, self.run_command("--check", *arguments).out)
        outcome = self.run_command("--json", "--limit", "1", *arguments)
        self.expect(outcome, 0, note)
        agents = json.loads(outcome.out)["agents"]
        self.assertEqual([agent["kind"] for agent in agents], ["think", "generate", "generate"])
        self.assertGreater(agents[0]["context_bytes"], 0)
        self.assertEqual(agents[1]["context_bytes"], 0)


class Report(CommandTest):
    def test_every_run_leaves_one(self):
        outcome = self.run_command("--mode", "all", "--out", "out", "--set", "seed=4")
        self.assertEqual(outcome.status, 0, outcome)
        facts = json.loads((self.folder / "out" / "run.json").read_text(encoding="utf-8"))
        self.assertEqual(facts["command"][1:], ["pipeline.toml", "--mode", "all", "--out", "out", "--set", "seed=4"])
        self.assertRegex(facts["started"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertEqual((facts["pipeline"], facts["seed"]), ("chain", 4))
        self.assertEqual(facts["models"], [{"name": "main", "source": "tiny.gguf", "device": "cpu", "dtype": "float32",
                                            "numerics": None, "draft": None}])
        self.assertIn(facts["kernels"], ("base", "avx2", "avxvnni", "avx512", "amx"))
        self.assertEqual([plan["mode"] for plan in facts["plans"]], ["latent", "text", "direct"])
        self.assertEqual(facts["plans"][0]["edges"],
                         [{"from": source, "to": to, "hands_over": "context"}
                          for source, to in (("planner", "critic"), ("critic", "judge"))])
        page = (self.folder / "out" / "report.html").read_text(encoding="utf-8")
        self.assertNotIn("What is missing", page)
        for part in ("modes", "agents", "flow", "timeline", "run", "tasks"):
            self.assertIn(f'<section id="{part}"', page)
        self.assertEqual(page.count('<details class="task"'), 4)
        self.assertIn("<b>t4</b>", page)

    def test_it_has_what_was_used_where_the_file_says_nothing(self):
        self.write_pipeline('dtype = "float32"\n', "")
        forced = {**self.environment(), "AVP_CPU": "base"}
        self.environment = lambda: forced
        self.assertEqual(self.run_command("--out", "out", "--limit", "1").status, 0)
        facts = json.loads((self.folder / "out" / "run.json").read_text(encoding="utf-8"))
        self.assertEqual((facts["models"][0]["dtype"], facts["kernels"]), ("bfloat16", "base"))
        self.assertIn("kernels: base", (self.folder / "out" / "report.html").read_text(encoding="utf-8"))

    def test_a_question_alone_leaves_none(self):
        self.assertEqual(self.run_command("--ask", "How much?").status, 0)
        self.assertFalse((self.folder / "avp-runs").exists())


class Options(CommandTest):
    def test_json_prints_the_lines_of_the_file_and_nothing_else(self):
        outcome = self.run_command("--json", "--out", "out", "--mode", "all")
        self.assertEqual(outcome.status, 0, outcome)
        self.assertEqual(outcome.out, (self.folder / "out" / "results.jsonl").read_text(encoding="utf-8"))
        self.assertIn("results: out/results.jsonl", outcome.err)

    def test_ask_streams_and_leaves_no_folder(self):
        [result] = self.run_json("--ask", "How much is 7?")
        self.assertTrue(any(self.comes_in_pieces() for _ in range(5)), "a loaded machine may miss a piece, not five times")
        outcome = self.run_command("--ask", "How much is 7?")
        self.assertEqual((outcome.status, outcome.out), (0, result["text"] + "\n"))
        self.assertRegex(outcome.err, r"(?m)^latent +1 +0 ")
        self.assertFalse((self.folder / "avp-runs").exists())

    def comes_in_pieces(self):
        process = self.start("--ask", "How much is 7?", "--set", "defaults.max_new_tokens=200")
        first = os.read(process.stdout.fileno(), 65536)
        rest = self.finish(process)
        self.assertEqual(rest.status, 0, rest)
        return first and rest.out.strip()

    def test_ask_in_all_modes_says_which_is_which(self):
        answers = {result["mode"]: result["text"] for result in self.run_json("--ask", "How much is 7?", "--mode", "all")}
        outcome = self.run_command("--ask", "How much is 7?", "--mode", "all", "--quiet")
        self.assertEqual(outcome.out, "".join(f"{mode}:\n{answers[mode]}\n" for mode in ("latent", "text", "direct")))
        self.assertEqual(outcome.err, "")

    def test_ask_with_a_folder(self):
        outcome = self.run_command("--ask", "How much is 7?", "--out", "out")
        self.assertEqual(self.results("out")[0]["text"] + "\n", outcome.out)

    def test_input_from_stdin(self):
        lines = records(3)
        from_file = self.run_json("--limit", "3", "--mode", "all")
        from_stdin = self.run_json("--input", "-", "--mode", "all", stdin=lines)
        self.assertEqual(texts(from_stdin), texts(from_file))

    def test_limit(self):
        for arguments, stdin in [([], ""), (["--input", "-"], records(4))]:
            results = self.run_json("--limit", "2", *arguments, stdin=stdin)
            self.assertEqual(sorted(result["task"] for result in results), ["t1", "t2"])

    def test_set(self):
        [result] = self.run_json("--limit", "1", "--set", "defaults.steps=5", "--set", "agent.critic.steps = 0",
                                 "--set", "agent.judge.prompt=Say it: {{question}}", "--set", "name=\"mine\"", "--out", "out")
        self.assertEqual([agent["latent_steps"] for agent in result["agents"]], [5, 0, 0])
        copy = (self.folder / "out" / "pipeline.toml").read_text(encoding="utf-8")
        self.assertIn("Say it: {{question}}", copy)
        again = self.run_json("--limit", "1", "--input", "questions.jsonl", pipeline="out/pipeline.toml")
        self.assertEqual(texts(again), texts([result]))

    def test_programs_run_in_a_container(self):
        self.write_pipeline('kind = "contains"\nexpected = "{{answer}}"', 'kind = "python"\nexpected = "assert True"')
        before = [os.environ["AVP_IN_CONTAINER"]]
        outcome = self.run_command("--check", before=before)
        if "by Landlock: " in outcome.err:
            self.skipTest(outcome.err)
        self.assertIn("\nscore: programs run in a sandbox, which works here: by Landlock and a filter of system calls, "
                      "without a temporary folder; not by namespaces: bwrap: ", outcome.out)
        results = self.run_json(before=before)
        self.assertEqual(len(results), 4)
        self.assertNotIn(None, [result["score"] for result in results])

    def test_check_loads_no_model(self):
        (self.folder / "cut.gguf").write_bytes(self.model.read_bytes()[:100])
        outcome = self.run_command("--check", "--mode", "all", "--set", "model.main.source=cut.gguf")
        self.assertEqual((outcome.status, outcome.err), (0, ""), outcome)
        for line in ["chain, mode latent: 3 agents, answer from 'judge'", "  critic (think), continues the context of planner",
                     "chain, mode direct: 1 agent, answer from 'judge'", "input: 4 records", "model main: cut.gguf"]:
            self.assertIn(line + "\n", outcome.out)
        self.assertFalse((self.folder / "avp-runs").exists())

    def test_graph(self):
        outcome = self.run_command("--graph")
        self.assertEqual((outcome.status, outcome.err), (0, ""), outcome)
        lines = outcome.out.splitlines()
        self.assertEqual((lines[0], lines[-1]), ('digraph "chain" {', "}"))
        for line in lines[1:-1]:
            self.assertRegex(line, r'^  ("\w+"( -> "\w+")? |node )\[.*\];$|^  rankdir=LR;$')
        edges = re.findall(r'"(\w+)" -> "(\w+)" \[label="(\w+)"\]', outcome.out)
        self.assertEqual(edges, [("planner", "critic", "context"), ("critic", "judge", "context")])

    def test_quiet(self):
        outcome = self.run_command("--quiet", "--out", "out")
        self.assertEqual((outcome.status, outcome.err), (0, ""), outcome)
        self.assertRegex(outcome.out, r"\A\nmode .*\nlatent .*\ntokens: .*\ndevice cpu: .*\n(  .*\n){3}results: out/results.jsonl\nreport: out/report.html\n\Z")

    def test_help_and_version(self):
        self.assertIn("--concurrency", self.run_command("--help").out)
        self.assertRegex(self.run_command("--version").out,
                         r"\Aavp-run \d+\.\d+\.\d+\nkernels: \w+ \(AVP_CPU chooses from base.*\)\n\Z")
        variables = {**self.environment(), "AVP_CPU": "base"}
        self.environment = lambda: variables
        self.assertIn("\nkernels: base (", self.run_command("--version").out)

    def test_every_run_has_its_own_folder(self):
        runs = [self.start("--limit", "1") for _ in range(3)]
        outcomes = [self.finish(run) for run in runs]
        self.assertEqual([outcome.status for outcome in outcomes], [0, 0, 0], outcomes[0])
        named = {re.search(r"results: (avp-runs/chain-\d{8}-\d{6}[-\d]*)/results.jsonl", outcome.out).group(1)
                 for outcome in outcomes}
        self.assertEqual(named, {f"avp-runs/{folder.name}" for folder in (self.folder / "avp-runs").iterdir()})
        self.assertEqual(len(named), 3)
        for folder in named:
            self.assertEqual(len(self.results(folder)), 1)
            self.assertEqual((self.folder / folder / "pipeline.toml").read_text(encoding="utf-8"),
                             (self.folder / "pipeline.toml").read_text(encoding="utf-8"))


class SameAgain(CommandTest):
    def test_concurrency_changes_no_text(self):
        self.write("questions.jsonl", records(12))
        self.assertEqual(texts(self.run_json("--concurrency", "1")), texts(self.run_json("--concurrency", "8")))

    def test_seed_decides(self):
        first = texts(self.run_json())
        self.assertEqual(texts(self.run_json()), first)
        other = texts(self.run_json("--set", "seed=4"))
        self.assertEqual(other.keys(), first.keys())
        self.assertTrue(all(other[task] != first[task] for task in first))

    def test_a_task_is_known_by_its_id_not_its_place(self):
        first = texts(self.run_json())
        lines = (self.folder / "questions.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
        self.write("questions.jsonl", "".join(reversed(lines)))
        self.assertEqual(texts(self.run_json()), first)


if __name__ == "__main__":
    unittest.main()
