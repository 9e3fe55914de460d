"""Models that are broken: a run with one fails its tasks and says why, avp-model check finds what is wrong, and what lies in
place of a model is named."""
import os
import shutil
import struct
import subprocess
import unittest

import command
import tiny_model
from command import CommandTest

MODEL = os.environ["AVP_MODEL"]
NAN, INFINITE = float("nan"), float("inf")


class BrokenModel(CommandTest):
    def run_broken(self, values, *arguments):
        tiny_model.write(self.folder / "broken.gguf", values=values)
        return self.run_command("--out", "out", "--set", "model.main.source=broken.gguf", *arguments)

    def check(self, *arguments):
        done = subprocess.run([MODEL, "check", *arguments], cwd=self.folder, env=self.environment(), capture_output=True,
                              check=False, timeout=60)
        return command.Outcome(done.returncode, done.stdout, done.stderr)

    def test_every_task_fails_with_agent_step_and_layer(self):
        for dtype in ("float32", "bfloat16", "int8", "int4"):
            with self.subTest(dtype=dtype):
                shutil.rmtree(self.folder / "out", ignore_errors=True)
                outcome = self.run_broken({"blk.1.attn_q.weight": {40: NAN}}, "--mode", "all", "--set", f"model.main.dtype={dtype}")
                self.assertEqual(outcome.status, 1, outcome)
                for result in self.results("out"):
                    agent = "judge" if result["mode"] == "direct" else "planner"
                    self.assertFalse(result["ok"])
                    self.assertEqual(result["text"], "")
                    self.assertRegex(result["error"], f"^agent '{agent}': model 'main' broke down while it read the prompt: position [0-9]+ "
                                                      r"has infinities or NaN from layer 1 on \(of 0 to 1\)\. `avp-model check "
                                                      r".*broken\.gguf` tells")
                    self.assertEqual(result["error_code"], "not_finite")

    def test_a_question_gets_no_empty_answer(self):
        outcome = self.run_broken({"output_norm.weight": {3: INFINITE}}, "--ask", "Why?")
        self.expect(outcome, 1, "agent 'planner': model 'main' broke down while it read the prompt: position ",
                    "has infinities or NaN behind the attention of the last layer (1)")
        self.assertEqual(outcome.out, "")

    def test_steps_and_scores_are_named(self):
        broken = {"token_embd.weight": {tiny_model.HIDDEN: NAN}}  # the byte 1, which no prompt has
        self.assertEqual(self.run_broken(broken).status, 1)
        self.assertIn("agent 'planner': model 'main' broke down in latent step 1 of 2: ", self.results("out")[0]["error"])
        shutil.rmtree(self.folder / "out")
        self.assertEqual(self.run_broken(broken, "--mode", "direct").status, 1)
        self.assertIn("agent 'judge': model 'main' broke down before the first token of its answer: the scores of the next token",
                      self.results("out")[0]["error"])

    def test_check_of_a_good_model(self):
        outcome = self.check("tiny.gguf")
        self.assertEqual(outcome.status, 0, outcome)
        self.assertRegex(outcome.out, r"(?m)^model\.layers\.1\.mlp\.gate_proj\.weight +F32 +\[64, 32\] +8\.2 kB$")
        self.assertRegex(outcome.out.splitlines()[-1], r"^fine: 26 tensors in 1 file, .*; all values that can be read are finite$")
        self.assertEqual(outcome.err, "")

    def test_check_finds_what_is_broken(self):
        zeros = {place: 0.0 for place in range(3 * tiny_model.HIDDEN, 5 * tiny_model.HIDDEN)}
        tiny_model.write(self.folder / "broken.gguf", values={
            "blk.0.ffn_up.weight": {70: NAN, 71: -INFINITE, 2000: INFINITE}, "output_norm.weight": {31: NAN}, "token_embd.weight": zeros})
        outcome = self.check("broken.gguf")
        self.assertEqual(outcome.status, 1, outcome)
        self.assertRegex(outcome.out, r"(?m)^model\.layers\.0\.mlp\.up_proj\.weight .*  1 NaN and 2 infinite, the first in row 2 at place 6$")
        self.assertRegex(outcome.out, r"(?m)^model\.embed_tokens\.weight .*  2 of 258 rows are all zero$")
        self.assertRegex(outcome.out.splitlines()[-1], r"^broken: .*NaN or infinities in 2 tensors \(model\.layers\.0\.mlp\.up_proj\.weight, "
                                                       r"model\.norm\.weight\)")

    def test_check_says_what_can_not_be_opened(self):
        self.expect(self.check("questions.jsonl"), 1, "questions.jsonl: is a JSON text")
        self.expect(self.check("nowhere.gguf"), 2, '"nowhere.gguf" is neither a known name nor a file')
        self.expect(self.check("smollm2-135m-instruct"), 2, "avp-model fetch smollm2-135m-instruct")
        self.expect(self.check(), 2, "NAME|PATH")
        self.expect(self.check("tiny.gguf", "--flub"), 2, "--flub")


class InPlaceOfAModel(CommandTest):
    def expect_refused(self, *messages, source="other.gguf"):
        outcome = self.run_command("--set", f"model.main.source={source}")
        self.expect(outcome, 2, *messages)
        self.assertFalse((self.folder / "avp-runs").exists())

    def test_what_it_is_is_said(self):
        for text, message in {
            "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 491400064\n":
                "other.gguf: is a Git LFS pointer, which stands for the file of 491400064 bytes; get the file itself: run `git lfs pull`",
            "<!doctype html><html>Not found</html>": "other.gguf: is a web page (HTML)",
            "": "other.gguf: is empty",
        }.items():
            with self.subTest(message=message):
                self.write("other.gguf", text)
                self.expect_refused(message)

    def test_pointer_in_a_hugging_face_folder(self):
        (self.folder / "hf").mkdir()
        self.write("hf/config.json", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 7\n")
        self.expect_refused("hf/config.json: is a Git LFS pointer", source="hf")

    def test_first_part_of_a_split_model(self):
        data = self.model.read_bytes()
        (count,) = struct.unpack_from("<Q", data, 16)
        keys = b""
        for key, value in (("split.no", 0), ("split.count", 3)):
            keys += struct.pack("<Q", len(key)) + key.encode() + struct.pack("<IH", 2, value)
        (self.folder / "tiny-00001-of-00003.gguf").write_bytes(data[:16] + struct.pack("<Q", count + 2) + data[24:].replace(
            struct.pack("<Q", len("general.architecture")) + b"general.architecture",
            keys + struct.pack("<Q", len("general.architecture")) + b"general.architecture", 1))
        self.expect_refused("tiny-00001-of-00003.gguf: is part 1 of a model in 3 files, and these are missing beside it: "
                            "tiny-00002-of-00003.gguf, tiny-00003-of-00003.gguf", source="tiny-00001-of-00003.gguf")


if __name__ == "__main__":
    unittest.main()
