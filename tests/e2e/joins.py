"""avp-run on flows that fork and join: merges, cuts, agents that fail or are not picked, and kinds that ask more than once."""
import json
import unittest

from command import CommandTest

HEAD = """\
flow = [%s]
seed = 3

[model.main]
source = "tiny.gguf"
dtype = "float32"

[device.cpu]
threads = 1

[defaults]
kind = "think"
steps = 2
max_new_tokens = 8
temperature = 1.0

[input]
file = "questions.jsonl"

"""


def pipeline(*chains, answering, **agents):
    """A pipeline of agents with short prompts; each gets further lines of its table."""
    text = HEAD % ", ".join(f'"{chain}"' for chain in chains)
    for name, lines in agents.items():
        text += f'[agent.{name}]\nprompt = "{name}: {{{{question}}}}"\ntext_prompt = "{name}"\n'
        text += 'kind = "generate"\n' if name == answering and "kind" not in lines else ""
        text += lines + "\n"
    return text


def part(result, name):
    """What an agent did for a task; None where it did nothing."""
    return next((agent for agent in result["agents"] if agent["name"] == name), None)


class Flows(CommandTest):
    def results_of(self, *chains, arguments=(), **agents):
        self.write("flow.toml", pipeline(*chains, answering="judge", **agents))
        results = self.run_json(*arguments, pipeline="flow.toml")
        return {result["task"]: result for result in results}

    def texts_of(self, *chains, **agents):
        return {task: result["text"] for task, result in self.results_of(*chains, **agents).items()}


class Merges(Flows):
    def test_branches_have_caches_of_their_own_unless_in_sequence(self):
        for merge in ("concatenate", "canonical", "sequence"):
            with self.subTest(merge=merge):
                results = self.results_of("a, b -> judge", a="", b="", judge=f'merge = "{merge}"')
                for result in results.values():
                    a, b = part(result, "a"), part(result, "b")
                    own = b["prompt_tokens"] + b["latent_steps"]
                    before = a["prompt_tokens"] + a["latent_steps"] if merge == "sequence" else 0
                    self.assertEqual(b["context_tokens"], own + before)
                    self.assertEqual(result["context_tokens"], a["context_tokens"] + b["context_tokens"])
                    self.assertEqual(result["latent_steps"], 4)

    def test_only_canonical_does_not_care_for_the_order(self):
        texts = {}
        for merge in ("concatenate", "canonical", "sequence"):
            texts[merge] = [self.texts_of(chain, a="", b="", c="", judge=f'merge = "{merge}"')
                            for chain in ("a, b, c -> judge", "c, b, a -> judge")]
        self.assertEqual(*texts["canonical"])
        self.assertNotEqual(*texts["concatenate"])
        self.assertNotEqual(*texts["sequence"])
        self.assertNotEqual(texts["concatenate"][0], texts["sequence"][0])

    def test_rotation_can_be_switched_off(self):
        turned = self.texts_of("a, b -> judge", a="", b="", judge="")
        unturned = self.texts_of("a, b -> judge", a="", b="", judge="rotate_keys = false")
        self.assertNotEqual(turned, unturned)

    def test_concurrency_and_branches_change_no_text(self):
        flow = ("root -> a, b, c", "a, b -> left", "b, c -> right", "left, right -> judge")
        agents = dict(root="", a="", b="", c="", left="", right="", judge="")
        one = self.results_of(*flow, arguments=["--concurrency", "1"], **agents)
        many = self.results_of(*flow, arguments=["--concurrency", "8"], **agents)
        for task, result in one.items():
            self.assertTrue(result["ok"], result["error"])
            self.assertEqual(result["text"], many[task]["text"])
            self.assertEqual([part(result, name)["context_tokens"] for name in agents],
                             [part(many[task], name)["context_tokens"] for name in agents])
            root = part(result, "root")
            self.assertEqual(root["context_tokens"], 3 * (root["prompt_tokens"] + 2))

    def test_little_memory_changes_no_text(self):
        flow = dict(a="", b="", c="", judge="")
        plenty = self.texts_of("a, b, c -> judge", **flow)
        little = self.results_of("a, b, c -> judge", arguments=["--set", "device.cpu.kv_memory=120kB"], **flow)
        self.assertEqual({task: result["text"] for task, result in little.items()}, plenty)

    def test_text_mode_runs_the_same_flow(self):
        results = self.results_of("a, b -> judge", arguments=["--mode", "all"], a="", b="",
                                  judge='direct_prompt = "{{question}}"')
        self.assertTrue(all(result["ok"] for result in results.values()))

    def test_check_and_graph_tell(self):
        self.write("flow.toml", pipeline("a, b -> judge", answering="judge", a='keep = "last_agent"', b='on_failure = "skip"',
                                         judge='merge = "canonical"'))
        told = self.run_command("--check", pipeline="flow.toml").out
        self.assertIn("  a (think), hands on last_agent\n", told)
        self.assertIn("  b (think), is left out when it fails\n", told)
        self.assertIn("  judge (generate), joins the contexts of a, b (canonical)\n", told)
        self.assertIn("merge: canonical", self.run_command("--graph", pipeline="flow.toml").out)


class Cuts(Flows):
    def test_what_is_kept(self):
        handed = {}
        for keep in ("all", "last_agent", "latent_only", "note", "hidden_state"):
            results = self.results_of("a -> b -> judge", a="", b=f'keep = "{keep}"\nsteps = 3\nnote = 4', judge="")
            a, b = part(results["t1"], "a"), part(results["t1"], "b")
            handed[keep] = b["context_tokens"]
            self.assertEqual(a["context_tokens"], a["prompt_tokens"] + 2)
            own = {"all": a["context_tokens"] + b["prompt_tokens"] + 3, "last_agent": b["prompt_tokens"] + 3, "note": 0}
            written = handed[keep] - own[keep] if keep in own else b["output_tokens"]
            self.assertIn(b["output_tokens"] - written, (0, 1), "the end of its turn is sampled and not handed on")
            self.assertEqual(handed[keep], {"all": a["context_tokens"] + b["prompt_tokens"] + 3 + written,
                                            "last_agent": b["prompt_tokens"] + 3 + written, "latent_only": 3,
                                            "note": written, "hidden_state": 1}[keep])
            self.assertEqual(b["latent_steps"], 3 + (keep == "hidden_state"), "one more, made of the state")

    def test_kept_keys_are_rotated_unless_the_file_says_no(self):
        keep = 'keep = "last_agent"'
        turned = self.texts_of("a -> b -> judge", a="", b=keep, judge="")
        unturned = self.texts_of("a -> b -> judge", a="", b=keep + "\nrotate_keys = false", judge="")
        self.assertNotEqual(turned, unturned)


class LeftOut(Flows):
    TOO_LONG = "steps = 9999"  # more than the tiny model's context

    def test_a_branch_that_fails(self):
        self.write("flow.toml", pipeline("a, b -> judge", answering="judge", a=self.TOO_LONG, b="", judge=""))
        outcome = self.run_command("--json", pipeline="flow.toml")
        self.assertEqual(outcome.status, 1, outcome)
        for line in outcome.out.splitlines():
            self.assertRegex(json.loads(line)["error"], r"^agent 'a': .*9999 latent steps")
            self.assertEqual(json.loads(line)["error_code"], "context_too_long")

        alone = self.texts_of("b -> judge", b="", judge="")
        for result in self.results_of("a, b -> judge", a=self.TOO_LONG + '\non_failure = "skip"', b="", judge="").values():
            self.assertTrue(result["ok"], result["error"])
            self.assertEqual(result["text"], alone[result["task"]], "as if the branch were not there")
            self.assertIn("9999 latent steps", part(result, "a")["error"])
            self.assertEqual([part(result, name)["error_code"] for name in ("a", "b")], ["context_too_long", None])
            self.assertIsNone(result["error_code"])
            self.assertIsNone(part(result, "b")["error"])

    def test_a_join_without_branches(self):
        failing = self.TOO_LONG + '\non_failure = "skip"'
        self.write("flow.toml", pipeline("a, b -> judge", answering="judge", a=failing, b=failing, judge=""))
        outcome = self.run_command("--json", pipeline="flow.toml")
        self.assertEqual(outcome.status, 1, outcome)
        first = json.loads(outcome.out.splitlines()[0])
        self.assertIn("agent 'judge': nothing is left to join", first["error"])
        self.assertEqual(first["error_code"], "context_too_long")

    def test_routes(self):
        flow = ("sorter -> a, b -> judge", dict(a="", b="", judge=""))
        route = 'kind = "route"\noptions = { threshold = %s, below = "a", above = "b" }'
        for threshold, taken, left in [(99, "a", "b"), (0, "b", "a")]:
            results = self.results_of(flow[0], sorter=route % threshold, **flow[1])
            for result in results.values():
                self.assertTrue(result["ok"], result["error"])
                self.assertIsNotNone(part(result, taken))
                self.assertIsNone(part(result, left))
                sorter = part(result, "sorter")
                self.assertGreater(sorter["context_tokens"], 0)
                self.assertLessEqual(sorter["context_tokens"], sorter["prompt_tokens"] + sorter["output_tokens"])
        self.write("flow.toml", pipeline(flow[0], answering="judge", sorter='kind = "route"\noptions = { to = { yes = "a" } }',
                                         **flow[1]))
        outcome = self.run_command("--check", pipeline="flow.toml")
        self.expect(outcome, 2, "but no option picks it", self.place("options", "flow.toml"))


class Kinds(Flows):
    def test_samples_share_one_reading(self):
        plain = self.results_of("a -> judge", a="", judge="")
        for kind in ("vote", "best_of"):
            results = self.results_of("a -> judge", a="", judge=f'kind = "{kind}"\noptions = {{ samples = 4 }}')
            for task, result in results.items():
                judge = part(result, "judge")
                self.assertEqual(judge["prompt_tokens"], part(plain[task], "judge")["prompt_tokens"])
                self.assertGreater(judge["output_tokens"], 4)
            again = self.results_of("a -> judge", a="", judge=f'kind = "{kind}"\noptions = {{ samples = 4 }}')
            self.assertEqual({task: result["text"] for task, result in again.items()},
                             {task: result["text"] for task, result in results.items()})

    def test_a_judge_reads_every_candidate(self):
        judge = 'kind = "best_of"\noptions = { samples = 3, judge = "Grade {{candidate}}" }'
        for result in self.results_of("a -> judge", a="", judge=judge, arguments=["--mode", "text"]).values():
            self.assertTrue(result["ok"], result["error"])
            self.assertGreater(part(result, "judge")["output_tokens"], 6)

    def test_refine_has_an_end(self):
        tokens = []
        for rounds in (1, 3):
            judge = f'kind = "refine"\noptions = {{ rounds = {rounds}, until = "never so", again = "Again" }}'
            tokens.append(part(self.results_of("a -> judge", a="", judge=judge)["t1"], "judge")["prompt_tokens"])
        self.assertGreater(tokens[1], tokens[0])
        first = 'kind = "refine"\noptions = { rounds = 3, until = "(?s)." }'
        at_once = part(self.results_of("a -> judge", a="", judge=first)["t1"], "judge")
        self.assertEqual(at_once["prompt_tokens"], tokens[0])


if __name__ == "__main__":
    unittest.main()
