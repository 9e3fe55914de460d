#!/usr/bin/env python3
"""avp-serve asked by the clients that people have: the package openai (sync and async), LangChain, curl.

usage: serve_clients.py [-v]; AVP_SERVE is the server's path.
"""
import asyncio
import json
import pathlib
import subprocess
import sys
import unittest

import openai

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
from serve_command import ServeTest

QUESTION = [{"role": "user", "content": "Why?"}]


class ClientTest(ServeTest):
    def setUp(self):
        super().setUp()
        self.server = self.serve("chain.toml")
        self.url = self.server.url + "/v1"
        self.client = openai.OpenAI(base_url=self.url, api_key="none")
        self.addCleanup(self.client.close)


class OpenAI(ClientTest):
    def test_models(self):
        models = self.client.models.list().data
        self.assertEqual([model.id for model in models], ["chain"])
        self.assertEqual(self.client.models.retrieve("chain").owned_by, "avp")
        with self.assertRaises(openai.NotFoundError) as refused:
            self.client.models.retrieve("gpt-4")
        self.assertEqual(refused.exception.code, "model_not_found")

    def test_whole(self):
        answer = self.client.chat.completions.create(model="chain", messages=QUESTION)
        self.assertEqual(answer.object, "chat.completion")
        self.assertEqual(answer.choices[0].finish_reason, "length")
        self.assertEqual(answer.choices[0].message.role, "assistant")
        self.assertEqual(answer.usage.completion_tokens, 12)
        self.assertEqual(answer.usage.total_tokens, answer.usage.prompt_tokens + 12)
        self.assertEqual(answer.avp["mode"], "latent")

    def test_stream(self):
        whole = self.client.chat.completions.create(model="chain", messages=QUESTION)
        stream = self.client.chat.completions.create(model="chain", messages=QUESTION, stream=True,
                                                     stream_options={"include_usage": True})
        chunks = list(stream)
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
        self.assertEqual(text, whole.choices[0].message.content)
        self.assertEqual(chunks[0].choices[0].delta.role, "assistant")
        self.assertEqual(chunks[-2].choices[0].finish_reason, "length")
        self.assertEqual(chunks[-1].usage, whole.usage)

    def test_stream_helper(self):
        """The helper that puts a completion together from chunks."""
        whole = self.client.chat.completions.create(model="chain", messages=QUESTION)
        with self.client.chat.completions.stream(model="chain", messages=QUESTION) as stream:
            done = [event.content for event in stream if event.type == "content.done"]
        self.assertEqual(done, [whole.choices[0].message.content])

    def test_own_settings(self):
        answer = self.client.chat.completions.create(
            model="chain", messages=QUESTION, max_completion_tokens=3, n=2, seed=7, stop=["\0\0"], user="me",
            extra_body={"avp": {"mode": "text", "steps": 5}})
        self.assertEqual(len(answer.choices), 2)
        self.assertEqual(answer.avp["mode"], "text")
        self.assertEqual([agent["completion_tokens"] for agent in answer.avp["agents"] if agent["name"] == "judge"],
                         [3, 3])

    def test_completions(self):
        answer = self.client.completions.create(model="chain", prompt=["Why?", "How?"], max_tokens=4)
        self.assertEqual([choice.index for choice in answer.choices], [0, 1])
        streamed = self.client.completions.create(model="chain", prompt="Why?", max_tokens=4, stream=True)
        self.assertEqual("".join(chunk.choices[0].text for chunk in streamed), answer.choices[0].text)

    def test_refusals(self):
        with self.assertRaises(openai.BadRequestError) as refused:
            self.client.chat.completions.create(model="chain", messages=QUESTION, logprobs=True)
        self.assertEqual(refused.exception.param, "logprobs")
        with self.assertRaises(openai.BadRequestError) as refused:
            self.client.chat.completions.create(model="chain", messages=[{"role": "user", "content": "x" * 5000}])
        self.assertEqual(refused.exception.code, "context_length_exceeded")

    def test_async(self):
        async def ask_all():
            async with openai.AsyncOpenAI(base_url=self.url, api_key="none") as client:
                async def whole(text):
                    answer = await client.chat.completions.create(
                        model="chain", messages=[{"role": "user", "content": text}])
                    return answer.choices[0].message.content

                async def streamed(text):
                    stream = await client.chat.completions.create(
                        model="chain", messages=[{"role": "user", "content": text}], stream=True)
                    return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

                texts = [str(i) for i in range(24)]
                return (await asyncio.gather(*map(whole, texts)), await asyncio.gather(*map(streamed, texts)))

        whole, streamed = asyncio.run(ask_all())
        self.assertEqual(whole, streamed)
        self.assertGreater(len(set(whole)), 20)

    def test_a_client_that_gives_up(self):
        impatient = self.client.with_options(timeout=0.05, max_retries=0)
        with self.assertRaises(openai.APITimeoutError):
            impatient.chat.completions.create(model="chain", messages=QUESTION, max_tokens=380, n=64)
        self.server.wait_for("status=499")

    def test_keys(self):
        self.write("keys", "secret\n")
        (self.folder / "keys").chmod(0o600)
        server = self.serve("chain.toml", "--api-keys", "keys")
        with openai.OpenAI(base_url=server.url + "/v1", api_key="wrong") as client:
            self.assertRaises(openai.AuthenticationError, client.models.list)
        with openai.OpenAI(base_url=server.url + "/v1", api_key="secret") as client:
            self.assertEqual(len(client.models.list().data), 1)


class LangChain(ClientTest):
    def setUp(self):
        super().setUp()
        from langchain_openai import ChatOpenAI

        self.chat = ChatOpenAI(base_url=self.url, api_key="none", model="chain", max_tokens=8)

    def test_invoke_and_stream(self):
        whole = self.chat.invoke("Why?")
        self.assertEqual(whole.response_metadata["finish_reason"], "length")
        self.assertEqual(whole.usage_metadata["output_tokens"], 8)
        pieces = list(self.chat.stream("Why?"))
        self.assertEqual("".join(piece.content for piece in pieces), whole.content)
        self.assertTrue(all(piece.id == pieces[0].id for piece in pieces))

    def test_async_and_conversations(self):
        messages = [("system", "Be kind."), ("human", "Who?"), ("ai", "I."), ("human", "Why?")]

        async def streamed():
            return "".join([piece.content async for piece in self.chat.astream(messages)])

        self.assertEqual(asyncio.run(streamed()), self.chat.invoke(messages).content)
        self.assertEqual(len(self.chat.batch(["a", "b", "c"])), 3)

    def test_own_fields(self):
        with self.assertRaises(openai.BadRequestError) as refused:
            self.chat.bind(extra_body={"avp": {"mode": "sideways"}}).invoke("Why?")
        self.assertEqual(refused.exception.param, "avp.mode")
        direct = self.chat.bind(extra_body={"avp": {"mode": "direct"}}).invoke("Why?")
        self.assertLess(direct.usage_metadata["input_tokens"], self.chat.invoke("Why?").usage_metadata["input_tokens"])


class Curl(ClientTest):
    def curl(self, *arguments):
        return subprocess.run(["curl", "-sS", "--no-buffer", *arguments], check=True, text=True, capture_output=True,
                              timeout=60).stdout

    def test_whole_and_streamed(self):
        body = {"messages": QUESTION}
        whole = json.loads(self.curl(self.url + "/chat/completions", "-d", json.dumps(body)))
        stream = self.curl(self.url + "/chat/completions", "-d", json.dumps({**body, "stream": True}))
        self.assertTrue(stream.endswith("data: [DONE]\n\n"), stream)
        events = [json.loads(event[6:]) for event in stream.split("\n\n")[:-2]]
        self.assertEqual("".join(event["choices"][0]["delta"].get("content", "") for event in events),
                         whole["choices"][0]["message"]["content"])

    def test_bodies_that_wait_to_be_asked_for(self):
        body = {"messages": [{"role": "user", "content": "Why?"}], "metadata": {"filler": "x" * 2_000_000}}
        self.write("body.json", json.dumps(body))
        answer = self.curl(self.url + "/chat/completions", "--data-binary", f"@{self.folder / 'body.json'}",
                           "-H", "Expect: 100-continue")
        self.assertIn("choices", json.loads(answer))


if __name__ == "__main__":
    unittest.main()
