"""pipelines/scaling.toml with SmolLM2-135M: chains of two to four agents on two problems.

AVP_RUN is the command's path, AVP_SOURCE the folder of the source tree.
"""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest


class Scaling(unittest.TestCase):
    def test_curves(self):
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder, "out")
            done = subprocess.run(
                [os.environ["AVP_RUN"], pathlib.Path(os.environ["AVP_SOURCE"], "pipelines", "scaling.toml"), "--out", out,
                 "--limit", "2", "--set", "model.main.source=smollm2-135m-instruct", "--set", "sweep.to=4",
                 "--set", "defaults.max_new_tokens=24", "--set", "agent.judge.max_new_tokens=24"],
                capture_output=True, text=True, timeout=500)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            found = json.loads((out / "scaling.json").read_text(encoding="utf-8"))
            lines = [json.loads(line) for line in (out / "results.jsonl").read_text(encoding="utf-8").splitlines()]
        self.assertEqual(len(lines), 18)
        fits = {(fit["quantity"], fit["series"]): fit for fit in found["fits"]}
        self.assertEqual(found["quantities"],
                         ["prompt_tokens", "computed_tokens", "attended", "device_ms", "cache_bytes"])
        self.assertEqual(len(fits), 15)
        for fit in fits.values():
            self.assertLessEqual(fit["low"], fit["high"])
            self.assertTrue(all(mean > 0 for mean in fit["means"]))
        two, three, four = fits["prompt_tokens", "latent"]["means"]
        self.assertEqual(four - three, three - two, "every hop reads its own prompt and nothing else")
        latent, text, unshared = (fits["computed_tokens", series] for series in found["series"])
        self.assertLess(latent["exponent"], 1.1)
        self.assertGreater(unshared["exponent"], latent["exponent"])
        self.assertEqual(unshared["means"], fits["prompt_tokens", "text_unshared"]["means"])
        for shared, alone in zip(text["means"], unshared["means"]):
            self.assertLessEqual(shared, alone)
        self.assertLess(text["means"][-1], unshared["means"][-1], "later agents read again what earlier ones were given")
        for attended in (fits["attended", series] for series in found["series"]):
            self.assertGreater(attended["exponent"], 1, "attention looks at a cache that grows")


if __name__ == "__main__":
    unittest.main()
