#!/usr/bin/env python3
"""avp-serve from outside: what can't be served, keys, the log, the end.

usage: serve.py [-v]; AVP_SERVE, AVP_RUN, AVP_NODE, AVP_KEY and AVP_FAULTY_AGENTS are the paths of the programs and the
plugin.
"""
import concurrent.futures
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time
import unittest

import command
from nodes import NodeTest
from serve_command import PIPELINE, Server, ServeTest, question

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
FAULTY_AGENTS = os.environ["AVP_FAULTY_AGENTS"]

ENDLESS = """\
name = "endless"
flow = ["a"]
[agent.a]
kind = "silent"
prompt = "{{question}}"
"""


class Arguments(ServeTest):
    def test_what_can_t_be_served_is_said_before_anything_is_loaded(self):
        self.assertIn("pipelines", self.refused())
        self.assertIn("cannot read the pipeline file", self.refused("nothing.toml"))
        self.write("bad.toml", PIPELINE.replace("steps = 2", "stesp = 2").replace("seed = 3", "sed = 3"))
        said = self.refused("bad.toml")
        self.assertIn('bad.toml:3:1: unknown key "sed"', said)
        self.assertIn('"stesp"', said)
        self.assertIn('"chain" already', self.refused("chain.toml", "chain.toml"))
        self.write("two.toml", PIPELINE.replace("Think: {{question}}", "Think: {{topic}}"))
        self.assertIn("[input] ask = ", self.refused("two.toml"))

    def test_a_port_that_is_taken(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            said = self.refused("chain.toml", "--port", str(taken.getsockname()[1]))
        self.assertIn("--port", said)
        self.assertIn("Address already in use", said)

    def test_a_model_that_can_t_be_loaded(self):
        (self.folder / "tiny.gguf").unlink()
        self.write("tiny.gguf", "GGUF")
        self.assertIn("tiny.gguf", self.refused("chain.toml", "--port", "0"))

    def test_other_machines_need_keys(self):
        for host in ("0.0.0.0", "*", "::", "192.0.2.1"):
            self.assertIn("--api-keys", self.refused("chain.toml", "--host", host))
        self.assertIn("is the path right?", self.refused("chain.toml", "--api-keys", "nothing"))
        self.write("keys", "# none\n")
        (self.folder / "keys").chmod(0o600)
        self.assertIn("there is no key", self.refused("chain.toml", "--api-keys", "keys"))
        self.write("keys", "secret\n")
        (self.folder / "keys").chmod(0o644)
        self.assertIn("chmod 600", self.refused("chain.toml", "--api-keys", "keys"))


class Service(ServeTest):
    def test_keys_let_in_on_every_address(self):
        self.write("keys", "first\nsecond\n")
        (self.folder / "keys").chmod(0o600)
        server = self.serve("chain.toml", "--host", "0.0.0.0", "--api-keys", "keys")
        self.assertEqual(server.request("/health")[0], 200)
        status, headers, body = server.request("/v1/chat/completions", question("x"))
        self.assertEqual((status, headers["WWW-Authenticate"]), (401, "Bearer"))
        self.assertEqual(body["error"]["type"], "authentication_error")
        for key in ("first", "second"):
            status, _, _ = server.request("/v1/chat/completions", question("x"), {"Authorization": f"Bearer {key}"})
            self.assertEqual(status, 200)
        self.assertEqual(server.end(), 0)
        self.assertNotIn("second", " ".join(line for line in server.lines if line))

    def test_answers_are_those_of_avp_run(self):
        texts = {"latent": None, "text": None, "direct": None}
        server = self.serve("chain.toml")
        for mode in texts:
            ran = subprocess.run([os.environ["AVP_RUN"], "chain.toml", "--mode", mode, "--input", "-", "--json"],
                                 input=json.dumps({"question": "Why?"}), cwd=self.folder, text=True,
                                 capture_output=True, check=True)
            expected = json.loads(ran.stdout)
            _, _, answer = server.request("/v1/chat/completions", question("Why?", avp={"mode": mode}))
            self.assertEqual(answer["choices"][0]["message"]["content"], expected["text"])
            self.assertEqual(answer["avp"]["task"], expected["task"])
            self.assertEqual(answer["usage"]["prompt_tokens"], expected["prompt_tokens"])
            texts[mode] = expected["text"]
        self.assertEqual(len(set(texts.values())), 3, texts)

    def test_every_request_has_a_line(self):
        server = self.serve("chain.toml")
        _, _, answer = server.request("/v1/chat/completions", question("private matters"))
        server.wait_for(rf"request method=POST path=/v1/chat/completions status=200 ms=[\d.]+ id={answer['id']} "
                        r"model=chain stream=false queue_ms=[\d.]+ mode=latent task=\w+ choices=1 prompt_tokens=\d+ "
                        r"cached_tokens=\d+ latent_steps=2 completion_tokens=12$")
        server.request("/v1/chat/completions", {"model": "a\nb=\"c\"", **question("x")})
        server.wait_for(r'status=404 .*error="There is no model \\"a\\x0ab=')
        server.end()
        self.assertNotIn("private", " ".join(line for line in server.lines if line))

    def test_a_custom_kind_comes_from_a_plugin(self):
        self.write("endless.toml", ENDLESS)
        self.assertIn('"silent"', self.refused("endless.toml"))
        server = self.serve("endless.toml", "chain.toml", "--plugin", FAULTY_AGENTS)
        _, _, answer = server.request("/v1/chat/completions", question("x", model="endless"))
        self.assertEqual(answer["choices"][0]["message"]["content"], "fine")

    def test_the_unit_of_systemd_is_one(self):
        if not shutil.which("systemd-analyze"):
            self.skipTest("there is no systemd-analyze")
        unit = (SOURCE / "examples/serve/avp-serve.service").read_text()
        self.write("avp-serve.service", unit.replace("/usr/local/bin/avp-serve", os.environ["AVP_SERVE"]))
        subprocess.run(["systemd-analyze", "verify", "./avp-serve.service"], cwd=self.folder, check=True)


class Endings(ServeTest):
    def setUp(self):
        super().setUp()
        self.write("endless.toml", ENDLESS)

    def running(self, *arguments):
        server = self.serve("endless.toml", "chain.toml", "--plugin", FAULTY_AGENTS, *arguments)
        client = socket.create_connection(server.url[7:].split(":"))
        self.addCleanup(client.close)
        body = json.dumps(question("x", model="endless", stream=True, avp={"id": "bad"})).encode()
        client.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        self.assertIn(b"200 OK", client.recv(4096))
        return server, client

    def test_an_idle_server_ends_at_once(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            server = self.serve("chain.toml")
            self.assertEqual(server.end(number, timeout=10), 0)

    def test_what_is_under_way_is_answered_first(self):
        server = self.serve("chain.toml", "--concurrency", "2")
        with concurrent.futures.ThreadPoolExecutor(32) as pool:
            answers = [pool.submit(server.request, "/v1/chat/completions", question(str(i), max_tokens=300))
                       for i in range(32)]
            while server.process.poll() is None and not any(answer.done() for answer in answers):
                time.sleep(0.005)
            self.assertEqual(server.end(), 0)
            outcomes = [answer.result() for answer in answers]
        self.assertEqual({status for status, _, _ in outcomes}, {200})
        server.wait_for("SIGTERM: answering what is under way; once more to stop at once")

    def test_what_is_new_is_refused_and_the_second_signal_ends(self):
        server, client = self.running()
        server.process.send_signal(signal.SIGTERM)
        server.wait_for("SIGTERM: answering")
        deadline = time.monotonic() + 10
        while (status := server.request("/v1/chat/completions", question("x", model="chain"))[0]) == 200:
            self.assertLess(time.monotonic(), deadline)
        self.assertEqual(status, 503)
        time.sleep(3)  # there is no deadline
        self.assertIsNone(server.process.poll())
        self.assertEqual(server.end(), 130)
        client.settimeout(10)
        while client.recv(4096):
            pass

    def test_a_client_that_leaves_lets_it_end(self):
        server, client = self.running()
        server.process.send_signal(signal.SIGTERM)
        server.wait_for("SIGTERM: answering")
        client.close()
        server.wait_for(r'status=499 .* model=endless stream=true .*error="the client went away"')
        self.assertEqual(server.status(), 0)


class Nodes(NodeTest):
    def serve(self, file):
        server = Server(self.folder, file, "--port", "0")
        self.addCleanup(server.kill)
        return server

    def test_a_pipeline_over_nodes_answers_as_one_on_this_machine(self):
        b, c = self.nodes("b", "c")
        self.place_agents([b, c], planner="b", judge="c")
        self.write("alone.toml", command.PIPELINE)
        alone, spread = self.serve("alone.toml"), self.serve("pipeline.toml")
        for body in (question("Why?"), question("Why?", max_tokens=3, seed=9, temperature=0.5, avp={"steps": 5})):
            _, _, expected = alone.request("/v1/chat/completions", body)
            _, _, answer = spread.request("/v1/chat/completions", body)
            self.assertEqual(answer["choices"], expected["choices"])
            self.assertEqual(answer["usage"]["completion_tokens"], expected["usage"]["completion_tokens"])
            self.assertEqual([agent["node"] for agent in answer["avp"]["agents"]], ["b", "local", "c"])
        b.kill()
        b.restart()
        self.assertEqual(spread.request("/v1/chat/completions", question("Why?"))[2]["choices"],
                         alone.request("/v1/chat/completions", question("Why?"))[2]["choices"])
        self.assertEqual(spread.end(), 0)


if __name__ == "__main__":
    unittest.main()
