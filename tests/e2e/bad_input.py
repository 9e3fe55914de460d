"""avp-run given what it can't use: the exit status, and whether the message says where, what was expected and what to do."""
import json
import os
import resource
import shutil
import subprocess
import unittest

import command
import tiny_model
from command import CommandTest, PIPELINE, records


class BadPipelineFile(CommandTest):
    def expect_mistake(self, *messages, arguments=()):
        outcome = self.run_command(*arguments)
        self.expect(outcome, 2, *messages)
        self.assertEqual(outcome.out, "")
        self.assertNotIn("\n\n", outcome.err)
        self.assertFalse((self.folder / "avp-runs").exists())
        return outcome

    def test_missing_file(self):
        self.expect(self.run_command(pipeline="nowhere.toml"), 2,
                    "nowhere.toml: cannot read the pipeline file; is the path right?")

    def test_a_processor_level_that_is_none(self):
        variables = {**self.environment(), "AVP_CPU": "sse9"}
        self.environment = lambda: variables
        message = 'the environment variable AVP_CPU names the level of instructions to use, one of base'
        for arguments in ((), ("--version",)):
            self.assertIn('on this processor, but is "sse9"', self.expect_mistake(message, arguments=arguments).err)
        process = subprocess.run([os.environ["AVP_MODEL"], "--version"], env=variables, capture_output=True, text=True)
        self.assertEqual(process.returncode, 2, process.stderr)
        self.assertIn(message, process.stderr)

    def test_folder(self):
        self.expect(self.run_command(pipeline="."), 2, ".: a pipeline is a file, and this is a folder")

    def test_toml_syntax_error(self):
        self.write_pipeline("seed = 3", "seed = = 3")
        self.expect_mistake("pipeline.toml:3:8: not valid TOML: ")

    def test_unknown_key(self):
        self.write_pipeline("max_new_tokens = 12", "max_new_token = 12")
        self.expect_mistake(self.place("max_new_token") + ': unknown key "max_new_token" in [defaults]; '
                                                          'did you mean "max_new_tokens"?')

    def test_cycle(self):
        self.write_pipeline("critic -> judge", "critic -> judge -> planner")
        self.expect_mistake("pipeline.toml:2:40: the flow goes round in a cycle: planner -> critic -> judge -> planner")

    def test_unknown_agent_in_flow(self):
        self.write_pipeline("critic -> judge", "critics -> judge")
        outcome = self.expect_mistake('pipeline.toml:2:21: the flow names "critics", but there is no [agent.critics]; '
                                      'did you mean "critic"?')
        self.assertEqual(outcome.err.count("\n"), 1, "the table is right, and no mistake of its own")

    def test_unknown_key_by_another_name(self):
        self.write_pipeline("max_new_tokens = 12", "max_tokens = 12")
        self.expect_mistake(self.place("max_tokens") + ': unknown key "max_tokens" in [defaults]; '
                                                       'did you mean "max_new_tokens"?\n')

    def test_wrong_model_name_is_told_with_the_others(self):
        self.write("pipeline.toml", PIPELINE.replace("tiny.gguf", "smollm2-135m-instrct").replace("steps = 2", "stepz = 2"))
        for arguments in ((), ("--check",)):
            outcome = self.expect_mistake(self.place("source") + ': model "smollm2-135m-instrct" is neither a known name nor '
                                          'a file or folder here; did you mean "smollm2-135m-instruct"?\n',
                                          self.place("stepz") + ": unknown key", arguments=arguments)
            self.assertEqual(outcome.err.count("\n"), 2)

    def test_wrong_source_of_a_model_that_no_agent_runs_on(self):
        self.write_pipeline("[defaults]\n", '[model.spare]\nsource = "nowhere.gguf"\n\n[defaults]\nmodel = "main"\n')
        check = self.run_command("--check")
        self.expect(check, 0)
        self.assertIn("\nmodel spare: nowhere.gguf, which no agent runs on\n", check.out)
        self.expect(self.run_command(), 0)

    def test_template_variable_that_looks_like_a_slip(self):
        """Without an input file nobody knows the fields, so that a pipeline may be right and still not what was meant."""
        self.write("pipeline.toml", PIPELINE.replace('file = "questions.jsonl"\n', "").replace("Plan: {{question}}", "Plan: {{qestion}}"))
        place = self.place("{{qestion}}")
        outcome = self.run_command("--check")
        self.expect(outcome, 0, f"avp-run: warning: {place}: {{{{qestion}}}} counts as a field of the records, as does "
                                f'{{{{question}}}} in [agent.judge], line {self.place("Answer: {{question}}").split(":")[1]}; did you mean "question"?\n')
        self.assertIn("\neach record needs: qestion, question\n", outcome.out)
        self.expect_mistake(f"{place}: nothing gives {{{{qestion}}}}: the question fills {{{{question}}}}; did you mean "
                            '"question"?\n', arguments=["--ask", "What?"])

    def test_template_variable_that_nobody_gives(self):
        self.write_pipeline("Plan: {{question}}", "Plan: {{qestion}}")
        self.expect_mistake(self.place("{{qestion}}") + ": nothing gives {{qestion}}", 'did you mean "question"?')

    def test_no_agents(self):
        self.write("pipeline.toml", 'flow = ["a"]\n[model.main]\nsource = "tiny.gguf"\n')
        self.expect_mistake("a pipeline needs at least one agent: a table [agent.NAME] with kind and prompt")

    def test_empty_file(self):
        self.write("pipeline.toml", "")
        self.expect_mistake("the pipeline needs a flow", "a pipeline needs at least one agent")

    def test_wrong_dtype(self):
        self.write_pipeline('dtype = "float32"', 'dtype = "int9"')
        self.expect_mistake(self.place("dtype") + ': "dtype" must be "float32", "bfloat16", "native", "int8" or "int4", found '
                            'the string "int9"')

    def test_unknown_device(self):
        self.write_pipeline('dtype = "float32"', 'device = "gpu"')
        self.expect_mistake(self.place('device = "gpu"') + ': "device" must be "cpu" or "cuda:N", such as "cuda:0", '
                                                           'found "gpu"')

    def test_unknown_kind(self):
        self.write_pipeline('kind = "generate"', 'kind = "generated"')
        self.expect_mistake(self.place('kind = "generated"') + ': no agent kind is registered as "generated"; '
                                                               'did you mean "generate"?')

    def test_programs_without_a_sandbox(self):
        self.write_pipeline('kind = "contains"', 'kind = "python"')
        for arguments in ([], ["--check"]):
            with self.subTest(arguments=arguments):
                outcome = self.run_command(*arguments, before=[os.environ["AVP_IN_CONTAINER"], "--without-landlock"])
                self.expect(outcome, 2, "By namespaces: ", "by Landlock: the container lets no Landlock through",
                            "Without a sandbox no program of an answer is run", "apt install bubblewrap")
                self.assertFalse((self.folder / "avp-runs").exists())

    def test_all_mistakes_at_once(self):
        self.write("pipeline.toml", PIPELINE.replace("steps = 2", "steps = -2").replace("seed = 3", 'seed = "x"')
                   .replace('kind = "contains"', 'kind = "contain"'))
        outcome = self.expect_mistake()
        self.assertEqual([line.split(": ")[0] for line in outcome.err.splitlines()],
                         [self.place("seed"), self.place("steps"), self.place('kind = "contain"')])

    def test_a_mistake_in_set_names_it(self):
        self.expect_mistake('--set agent.judge.step: unknown key "step" in [agent.judge]; did you mean "steps"?',
                            arguments=["--set", "agent.judge.step=3"])
        self.expect_mistake('--set defaults.steps: "steps" must be a whole number, 0 to 2147483647, found the string "x"',
                            arguments=["--set", "defaults.steps=x"])
        self.expect_mistake("--set steps: expected key=value, such as agent.judge.steps=20", arguments=["--set", "steps"])


class BadModel(CommandTest):
    def expect_refused(self, *messages, arguments=()):
        outcome = self.run_command(*arguments)
        self.expect(outcome, 2, *messages)
        self.assertEqual(outcome.out, "")
        self.assertFalse((self.folder / "avp-runs").exists(), "a run that can't begin leaves no folder")

    def test_truncated_gguf(self):
        (self.folder / "cut.gguf").write_bytes(self.model.read_bytes()[:-1000])
        self.expect_refused("cut.gguf: damaged GGUF file: tensor", "is it only part of a download?",
                            arguments=["--set", "model.main.source=cut.gguf"])
        (self.folder / "cut.gguf").write_bytes(self.model.read_bytes()[:3000])
        self.expect_refused("cut.gguf: damaged GGUF file at byte ", "the file ends at byte 3000", "is it only part of a download?",
                            arguments=["--set", "model.main.source=cut.gguf"])

    def test_not_a_gguf(self):
        self.expect_refused("questions.jsonl: is a JSON text; a Hugging Face model is named by its folder", arguments=["--set", "model.main.source=questions.jsonl"])

    def test_unknown_architecture(self):
        tiny_model.write(self.folder / "other.gguf", architecture="mamba")
        self.expect_refused('other.gguf: architecture "mamba"', "llama", "qwen2",
                            arguments=["--set", "model.main.source=other.gguf"])

    def test_tokenizer_missing(self):
        tiny_model.write(self.folder / "mute.gguf", without=["tokenizer.ggml.tokens"])
        self.expect_refused("mute.gguf: ", "tokenizer", arguments=["--set", "model.main.source=mute.gguf"])

    def test_missing_model_says_how_to_get_it(self):
        arguments = ["--set", "model.main.source=smollm2-135m-instruct"]
        self.expect_refused('model "smollm2-135m-instruct" is not on this machine (',
                            "avp-model fetch smollm2-135m-instruct", arguments=arguments)
        self.expect(self.run_command("--check", *arguments), 2, "avp-model fetch smollm2-135m-instruct")

    def test_neither_file_nor_name(self):
        self.expect_refused('--set model.main.source: model "nowhere.gguf"', "known", "qwen2.5-coder-0.5b-instruct",
                            arguments=["--set", "model.main.source=nowhere.gguf"])

    def test_device_that_this_machine_lacks(self):
        self.write_pipeline("[device.cpu]\nthreads = 1\n", "")
        self.expect_refused("device 'cuda:999': ", 'device = "cpu"', arguments=["--set", "model.main.device=cuda:999"])


class BadInput(CommandTest):
    BAD = '{"id": "a", "question": "x", "answer": "x"}\nnot json\n{"id": "a", "question": "y", "answer": "y"}\n'

    def test_file_is_refused_before_the_run(self):
        self.write("bad.jsonl", self.BAD)
        outcome = self.run_command("--input", "bad.jsonl")
        self.expect(outcome, 2, "bad.jsonl:2:2: not JSON: ",
                    'bad.jsonl:3: a second record with the id "a"; the first is on line 1')
        self.assertEqual(outcome.out, "")
        self.assertFalse((self.folder / "avp-runs").exists())

    def test_stdin_line_fails_and_the_run_goes_on(self):
        outcome = self.run_command("--input", "-", "--out", "out",
                                   stdin=self.BAD + '{"id": "z", "question": "z", "answer": "z"}\n')
        self.assertEqual(outcome.status, 1, outcome)
        results = {result["task"]: result for result in self.results("out")}
        self.assertEqual(sorted(results), ["a", "line 2", "line 3", "z"])
        self.assertTrue(results["a"]["ok"] and results["z"]["ok"])
        self.assertFalse(results["line 2"]["ok"] or results["line 3"]["ok"])
        self.assertIn("column 2: not JSON: ", results["line 2"]["error"])
        self.assertEqual(results["line 3"]["error"], 'a second record with the id "a"; the first is on line 1')
        self.assertEqual([results[line]["error_code"] for line in ("line 2", "line 3")], ["bad_request"] * 2)
        self.assertRegex(outcome.out, r"FAILED +line 2 ")

    def test_missing_file(self):
        self.expect(self.run_command("--input", "nowhere.jsonl"), 2,
                    "--input nowhere.jsonl: cannot read the input file; is the path right?")
        self.write_pipeline("questions.jsonl", "nowhere.jsonl")
        self.expect(self.run_command(), 2, self.place("file = ") + ": cannot read the input file")

    def test_empty_file_and_empty_stdin(self):
        self.write("empty.jsonl", "")
        self.expect(self.run_command("--input", "empty.jsonl"), 2, "--input empty.jsonl: the input file has no records")
        self.expect(self.run_command("--input", "-"), 0, "the input had no records, so nothing was run")

    def test_no_input_at_all(self):
        self.write_pipeline('file = "questions.jsonl"\n', "")
        outcome = self.run_command("--limit", "1")
        self.expect(outcome, 2, "pipeline.toml: there are no records to run; give a file of them with --input FILE")
        self.assertNotIn("loading", outcome.err)
        self.assertFalse((self.folder / "avp-runs").exists())

    def test_prompt_longer_than_the_context(self):
        self.write("long.jsonl", json.dumps({"id": "long", "question": "x" * 600, "answer": "x"}) + "\n" + records(3))
        outcome = self.run_command("--input", "long.jsonl", "--out", "out")
        self.assertEqual(outcome.status, 1, outcome)
        results = {result["task"]: result for result in self.results("out")}
        self.assertEqual([results[name]["ok"] for name in ("long", "t1", "t2", "t3")], [False, True, True, True])
        self.assertRegex(results["long"]["error"], r"agent 'planner': the context would be 6\d\d tokens \(0 handed over, "
                                                   r"6\d\d of the prompt, 2 latent steps\), and model 'main' allows 512")
        self.assertEqual([results[name]["error_code"] for name in ("long", "t1")], ["context_too_long", None])

    def test_request_over_its_time_limit(self):
        outcome = self.run_command("--out", "out", "--set", "defaults.time_limit=0.000001")
        self.assertEqual(outcome.status, 1, outcome)
        for result in self.results("out"):
            self.assertIn("the request ran longer than its time limit", result["error"])
            self.assertEqual(result["error_code"], "time_limit")

    def test_question_longer_than_the_context(self):
        outcome = self.run_command("--ask", "x" * 600)
        self.expect(outcome, 1, "avp-run: no answer in latent mode: agent 'planner': the context would be")
        self.assertEqual(outcome.out, "")


class BadArguments(CommandTest):
    def test_each_is_explained(self):
        for arguments, message in [
            (["--mode", "sideways"], "avp-run: --mode: sideways not in {latent,text,direct,all}"),
            (["--limit", "0"], "--limit: expected a whole number, 1 or more, found 0"),
            (["--limit", "many"], "--limit: expected a whole number, 1 or more, found many"),
            (["--concurrency", "0"], "--concurrency: Value 0 not in range 1 to 10000"),
            (["--ask", "x", "--input", "-"], "--input excludes --ask"),
            (["--flub"], "avp-run: there is no option --flub\n"),
            (["--limt", "5"], "avp-run: there is no option --limt; did you mean --limit?\n"),
            (["--moed=text"], "avp-run: there is no option --moed; did you mean --mode?\n"),
            (["more"], "avp-run: The following argument was not expected: more\n"),
            (["--out"], "--out"),
        ]:
            with self.subTest(arguments=arguments):
                outcome = self.run_command(*arguments)
                self.expect(outcome, 2, message, "--help")
                self.assertEqual(outcome.out, "")

    def test_no_pipeline(self):
        done = subprocess.run([command.RUN], capture_output=True, check=False, timeout=30)
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"pipeline is required", done.stderr)

    def test_plugins(self):
        self.write("text.so", "no library")
        library = os.environ["AVP_LIBRARY_WITHOUT_AGENTS"]
        for plugin, messages in {
            "nowhere.so": ["cannot load plugin 'nowhere.so'", "No such file"],
            "text.so": ["cannot load plugin 'text.so'", "text.so"],
            library: [f"plugin '{library}' has no function 'avp_register'", "avp::registry&"],
        }.items():
            with self.subTest(plugin=plugin):
                self.expect(self.run_command("--plugin", plugin), 2, *messages)


class BadOutput(CommandTest):
    def test_folder_with_results_is_not_touched(self):
        self.assertEqual(self.run_command("--out", "out").status, 0)
        before = (self.folder / "out" / "results.jsonl").read_bytes()
        outcome = self.run_command("--out", "out")
        self.expect(outcome, 2, "'out/results.jsonl' is there already; name another folder with --out")
        self.assertNotIn("loading", outcome.err, "found before a model is loaded")
        self.assertEqual((self.folder / "out" / "results.jsonl").read_bytes(), before)

    def test_folder_that_is_there_and_empty_is_used(self):
        (self.folder / "out").mkdir()
        self.assertEqual(self.run_command("--out", "out").status, 0)
        self.assertEqual(len(self.results("out")), 4)

    def test_folder_that_cannot_be_made(self):
        for folder in ["questions.jsonl", "questions.jsonl/out", "/proc/out"]:
            with self.subTest(folder=folder):
                self.expect(self.run_command("--out", folder), 2, f"cannot make the folder '{folder}': ",
                            "name another one with --out")

    def test_default_folder_that_cannot_be_made(self):
        self.write("avp-runs", "")
        self.expect(self.run_command(), 2, "cannot make the folder 'avp-runs/chain-", "name another one with --out")

    def expect_whole_lines(self, outcome, results, tasks):
        self.expect(outcome, 1, "avp-run: the run ended early: cannot write 'out/results.jsonl': ")
        self.assertGreater(len(results), 0)
        self.assertLess(len(results), tasks)

    def test_file_that_may_not_grow(self):
        outcome = self.run_command("--out", "out", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000)))
        self.expect(outcome, 2, "avp-run: cannot make 'out/run.db': File too large\n")

    def test_disk_full(self):
        """On a file system of 64 KiB; only where one can be mounted in a namespace of one's own."""
        if shutil.which("unshare") is None:
            return
        self.write("questions.jsonl", records(100))
        (self.folder / "out").mkdir()
        # The trace and the journal must not take the room away before there are results.
        script = 'mount -t tmpfs -o size=64k none out || exit 99; ln -s /dev/null out/trace.json; ln -s $PWD/run.db out/run.db; ' \
                 '"$@"; status=$?; ' \
                 'cp out/results.jsonl .; exit $status'
        done = subprocess.run(["unshare", "-rm", "sh", "-c", script, "sh", command.RUN, "pipeline.toml", "--out", "out"],
                              cwd=self.folder, capture_output=True, check=False, timeout=60)
        if done.returncode in (1, 99) and b"avp-run" not in done.stderr and b"loading" not in done.stderr:
            return
        self.expect_whole_lines(command.Outcome(done.returncode, done.stdout, done.stderr), self.results("."), 100)
        self.assertIn(b"No space left on device", done.stderr)

    def test_stdout_full(self):
        with open("/dev/full", "wb") as full:
            outcome = self.run_command("--json", stdout=full)
        self.expect(outcome, 1, "cannot write to standard output: No space left on device")


if __name__ == "__main__":
    unittest.main()
