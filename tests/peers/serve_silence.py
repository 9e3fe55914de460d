#!/usr/bin/env python3
"""A pipeline that thinks for more than two minutes: LangChain, which gives a silent stream up after 120 s, waits for it.

usage: serve_silence.py [-v]; AVP_SERVE and AVP_FAULTY_AGENTS are the paths of the server and the plugin.
"""
import asyncio
import os
import pathlib
import sys
import unittest

from langchain_openai import ChatOpenAI

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
from serve_command import ServeTest

SILENT = """\
name = "silent"
flow = ["a"]
[agent.a]
kind = "silent"
prompt = "{{question}}"
"""
SECONDS = 135


class Silence(ServeTest):
    def test_a_stream_that_is_silent_for_long(self):
        self.write("silent.toml", SILENT)
        server = self.serve("silent.toml", "--plugin", os.environ["AVP_FAULTY_AGENTS"])
        chat = ChatOpenAI(base_url=server.url + "/v1", api_key="none", model="silent", max_retries=0,
                          extra_body={"avp": {"id": "bad"}})  # the plugin is silent for such ones

        async def listen():
            pieces = []

            async def read():
                async for piece in chat.astream("Why?"):
                    pieces.append(piece.content)

            reading = asyncio.create_task(read())
            done, _ = await asyncio.wait([reading], timeout=SECONDS)
            self.assertFalse(done, f"it gave up: {reading.exception() if done else None}")
            reading.cancel()
            return pieces

        pieces = asyncio.run(listen())
        self.assertGreaterEqual(len(pieces), 3)  # who speaks, and twice that it goes on
        self.assertEqual("".join(pieces), "")
        server.wait_for("status=499")


if __name__ == "__main__":
    unittest.main()
