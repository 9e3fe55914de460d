#!/usr/bin/env python3
"""avp-serve under load: thousands of requests of which many are given up, and a thousand silent streams.

usage: serve_soak.py [-v]; AVP_SERVE and AVP_FAULTY_AGENTS are the paths of the server and the plugin, AVP_REQUESTS says
how many (10000).
"""
import asyncio
import json
import os
import random
import re
import time
import unittest
import urllib.request

from serve_command import ServeTest, question

REQUESTS = int(os.environ.get("AVP_REQUESTS", "10000"))
CLIENTS, QUESTIONS, STREAMS = 48, 20, 1000

SILENT = """\
name = "silent"
flow = ["a"]
[agent.a]
kind = "silent"
prompt = "{{question}}"
"""


def request_of(body):
    data = json.dumps(body).encode()
    return b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(data) + data


def text_of(answer):
    """The text of an answer, whole or streamed, which must be complete."""
    head, _, body = answer.decode().partition("\r\n\r\n")
    if " 200 OK" not in head:
        raise AssertionError(answer[:300])
    if "text/event-stream" not in head:
        return json.loads(body)["choices"][0]["message"]["content"]
    if "data: [DONE]\n\n" not in body:
        raise AssertionError(f"a stream without an end: {body[-300:]}")
    deltas = [json.loads(data)["choices"][0]["delta"] for data in re.findall(r"data: (\{.*\})", body)]
    return "".join(delta.get("content", "") for delta in deltas)


class Soak(ServeTest):
    def memory(self):
        """Of the server's process, in MiB."""
        with open(f"/proc/{self.server.process.pid}/status", encoding="utf-8") as file:
            return int(re.search(r"VmRSS:\s*(\d+)", file.read())[1]) / 1024

    def connect(self):
        host, port = self.server.url[7:].split(":")
        return asyncio.open_connection(host, int(port))

    async def ask(self, body, patience=None):
        """The whole answer; None where the client left before it."""
        reader, writer = await self.connect()
        writer.write(request_of(body))
        try:
            return await asyncio.wait_for(reader.read(), patience)
        except TimeoutError:
            return None
        finally:
            if random.random() < 0.5:
                writer.transport.abort()  # a reset
            else:
                writer.close()

    def metric(self, sample):
        with urllib.request.urlopen(self.server.url + "/metrics", timeout=30) as answer:
            found = re.search(rf"(?m)^{re.escape(sample)} (\S+)$", answer.read().decode())
        return float(found[1])

    def wait_until_idle(self):
        deadline = time.monotonic() + 30
        while self.metric('avp_tasks{state="running"}') + self.metric('avp_tasks{state="waiting"}') > 0:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)

    def test_requests_that_are_given_up_at_random(self):
        random.seed(7)
        self.server = self.serve("chain.toml", "--concurrency", "16", "--queue", "1000")
        expected, left, answered = {}, 0, 0

        def body_of(i, streamed=False):
            return question(str(i), stream=streamed, max_tokens=40, seed=i)

        async def client(numbers):
            nonlocal left, answered
            for number in numbers:
                i = number % QUESTIONS
                patience = random.uniform(0, 0.1) if random.random() < 0.5 else None
                answer = await self.ask(body_of(i, random.random() < 0.5), patience)
                if answer is None:
                    left += 1
                else:
                    answered += 1
                    self.assertEqual(text_of(answer), expected[i])

        async def run(count):
            numbers = iter(range(count))
            await asyncio.gather(*(client(numbers) for _ in range(CLIENTS)))

        async def learn():
            for i in range(QUESTIONS):
                expected[i] = text_of(await self.ask(body_of(i)))

        asyncio.run(learn())
        asyncio.run(run(REQUESTS // 5))
        self.wait_until_idle()
        before = self.memory()
        asyncio.run(run(REQUESTS - REQUESTS // 5))
        self.wait_until_idle()
        after = self.memory()
        asyncio.run(learn())  # the device tells of its memory when it works
        used = self.metric('avp_kv_blocks{device="cpu",state="used"}')
        print(f"\n{answered} answered, {left} left; {before:.0f} MiB after a fifth of them, {after:.0f} MiB at the end; "
              f"{used:.0f} blocks in use")
        self.assertGreater(left, REQUESTS // 10)
        self.assertLess(after - before, 32)
        self.assertLess(used, 20)

    def test_a_thousand_silent_streams(self):
        self.write("silent.toml", SILENT)
        faulty = os.environ["AVP_FAULTY_AGENTS"]
        self.server = self.serve("silent.toml", "chain.toml", "--plugin", faulty, "--concurrency", "2000")
        before = self.memory()

        async def run():
            streams = []
            for _ in range(STREAMS):
                reader, writer = await self.connect()
                writer.write(request_of(question("x", model="silent", stream=True, avp={"id": "bad"})))
                streams.append((reader, writer))
            for reader, _ in streams:
                await reader.readuntil(b"assistant")
            with open(f"/proc/{self.server.process.pid}/status", encoding="utf-8") as file:
                threads = int(re.search(r"Threads:\s*(\d+)", file.read())[1])
            each = (self.memory() - before) * 1024 / STREAMS
            text = text_of(await self.ask(question("x", model="chain")))
            for _, writer in streams:
                writer.close()
            return threads, each, text

        threads, each, text = asyncio.run(run())
        print(f"\n{STREAMS} open streams: {each:.0f} KiB each, {threads} threads in all")
        self.assertLess(each, 64)
        self.assertLess(threads, 64)
        self.assertTrue(text)
        self.wait_until_idle()


if __name__ == "__main__":
    unittest.main()
