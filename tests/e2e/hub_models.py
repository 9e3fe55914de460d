"""Models of the hub (hf:…) from a server of this test: fetched before a run, kept, and looked through."""
import hashlib
import http.server
import json
import os
import subprocess
import threading
import unittest

from command import PIPELINE, CommandTest, Outcome

MODEL = os.environ["AVP_MODEL"]


class Hub(http.server.BaseHTTPRequestHandler):
    """One repository, Org/Tiny, with the files in `files`; `stops_at`: bytes after which an answer breaks off, once."""
    files = {}
    asked = []
    stops_at = None

    def do_GET(self):
        type(self).asked.append((self.path, self.headers.get("Range"), self.headers.get("Authorization")))
        if self.path.startswith("/api/models/Org/Tiny/tree/main"):
            return self.answer(json.dumps([{"type": "file", "path": path, "size": len(data), "oid": "0" * 40,
                                            "lfs": {"oid": hashlib.sha256(data).hexdigest(), "size": len(data)}}
                                           for path, data in self.files.items()]).encode())
        data = self.files.get(self.path.removeprefix("/Org/Tiny/resolve/main/"))
        return self.send_error(404) if data is None else self.answer(data)

    def answer(self, data):
        begin = int(self.headers["Range"].removeprefix("bytes=").split("-")[0]) if "Range" in self.headers else 0
        self.send_response(206 if begin else 200)
        self.send_header("Content-Length", str(len(data) - begin))
        if begin:
            self.send_header("Content-Range", f"bytes {begin}-{len(data) - 1}/{len(data)}")
        self.end_headers()
        stop, type(self).stops_at = (self.stops_at, None) if "resolve" in self.path else (None, self.stops_at)
        self.wfile.write(data[begin:stop])

    def log_message(self, *_):
        pass


class HubModels(CommandTest):
    def setUp(self):
        super().setUp()
        Hub.files, Hub.asked, Hub.stops_at = {"gguf/tiny.gguf": self.model.read_bytes()}, [], None
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
        self.addCleanup(self.server.server_close)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.shutdown)
        self.write_pipeline('source = "tiny.gguf"', 'source = "hf:Org/Tiny/gguf/tiny.gguf"')
        self.file = self.folder / "models/hf/Org/Tiny@main/gguf/tiny.gguf"

    def environment(self):
        address = f"http://127.0.0.1:{self.server.server_address[1]}"
        return {**super().environment(), "HF_ENDPOINT": address, "AVP_HUB": "", "HF_TOKEN": "hf_abc", "no_proxy": "127.0.0.1"}

    def model_command(self, *arguments):
        done = subprocess.run([MODEL, *arguments], cwd=self.folder, env=self.environment(), capture_output=True, check=False,
                              timeout=60)
        return Outcome(done.returncode, done.stdout, done.stderr)

    def test_a_run_fetches_its_model_once(self):
        outcome = self.run_command("--check")
        self.assertEqual(outcome.status, 0, outcome)
        self.assertIn("model main: hf:Org/Tiny/gguf/tiny.gguf, not here yet: a run fetches it\n", outcome.out)
        self.assertEqual(Hub.asked, [])
        fetched = self.run_json("--mode", "direct", "--limit", "1")
        self.assertTrue(Hub.asked)
        self.assertEqual({token for _, _, token in Hub.asked}, {"Bearer hf_abc"})
        Hub.asked.clear()
        self.server.shutdown()
        again = self.run_json("--mode", "direct", "--limit", "1")
        self.assertEqual([result["text"] for result in again], [result["text"] for result in fetched])
        self.assertEqual(Hub.asked, [], "the hub is not asked again")
        outcome = self.run_command("--check")
        self.assertIn(f"model main: {self.file}\n", outcome.out)

    def test_it_is_the_model_of_the_file(self):
        fetched = self.run_json("--mode", "latent", "--limit", "2")
        self.write("pipeline.toml", PIPELINE)
        self.assertEqual([result["text"] for result in self.run_json("--mode", "latent", "--limit", "2")],
                         [result["text"] for result in fetched])

    def test_an_interrupted_fetch_goes_on(self):
        Hub.stops_at = 5000
        outcome = self.model_command("fetch", "hf:Org/Tiny/gguf/tiny.gguf")
        self.assertEqual((outcome.status, outcome.out), (0, f"{self.file}\n"), outcome)
        self.assertIn("bytes=5000-", [span for _, span, _ in Hub.asked])
        self.assertEqual(self.file.read_bytes(), self.model.read_bytes())

    def test_commands_take_the_name(self):
        name = "hf:Org/Tiny/gguf/tiny.gguf"
        self.expect(self.model_command("info", name), 2, "is not on this machine", f"avp-model fetch {name}")
        self.expect(self.model_command("fetch", "hf:Org/Tiny/gguf/tinny.gguf"), 1, 'did you mean "gguf/tiny.gguf"?')
        self.expect(self.model_command("fetch", "hf:Org"), 2, "expected hf:OWNER/NAME")
        self.assertEqual(self.model_command("fetch", name).status, 0)
        self.assertIn("family                qwen2", self.model_command("info", name).out)
        self.write("messages.json", '[{"role": "user", "content": "Hi"}]')
        self.assertIn("<|im_start|>user\nHi<|im_end|>", self.model_command("prompt", name, "--messages", "messages.json").out)
        outcome = self.model_command("check", name)
        self.assertEqual(outcome.status, 0, outcome)

    def test_an_altered_file_is_found(self):
        name = "hf:Org/Tiny/gguf/tiny.gguf"
        self.assertEqual(self.model_command("fetch", name).status, 0)
        good = self.file.read_bytes()
        self.file.write_bytes(good[:-9] + bytes([good[-9] ^ 1]) + good[-8:])
        outcome = self.model_command("check", name)
        self.assertEqual(outcome.status, 1, outcome)
        self.assertRegex(outcome.out, r"(?m)^wrong: .*tiny\.gguf: has the SHA-256 [0-9a-f]{64} where the hub has")
        self.expect(self.run_command("--mode", "direct"), 2, "tiny.gguf: has the SHA-256")
        self.file.write_bytes(good[:-100])
        self.expect(self.model_command("check", name), 1, f"tiny.gguf: has {len(good) - 100} bytes where the hub has {len(good)}")
        self.expect(self.model_command("info", name), 2, "truncated or altered; get it anew with avp-model fetch")
        outcome = self.model_command("fetch", name)
        self.assertEqual(outcome.status, 0, outcome)
        self.assertEqual(self.file.read_bytes(), good)

    def test_a_model_that_cannot_be_had_ends_the_run(self):
        Hub.files = {}
        self.expect(self.run_command("--mode", "direct"), 2, 'model "hf:Org/Tiny/gguf/tiny.gguf" can\'t be fetched from http://127.0.0.1',
                    "the repository has no file gguf/tiny.gguf")


if __name__ == "__main__":
    unittest.main()
