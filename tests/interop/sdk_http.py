"""The SDK's client against our server, and our client against the SDK's server."""

import asyncio
import os
import socket
import subprocess
import threading
import time
import zlib

import httpx
import uvicorn
from avp import codec
from avp.errors import HandshakeError, TransportError
from avp.fallback import JSONMessage
from avp.kv_cache import KVCacheHeader
from avp.transport import AVPClient, create_app
from avp.types import AVPMetadata, CompressionLevel, DataType, ModelIdentity, PayloadType

from sdk import BIN, check, peer, write

IDENTITY = ModelIdentity(model_family="llama", model_id="sdk", model_hash="ff", hidden_dim=576, num_layers=30)


def kv_message_64_mib():
    tokens = (64 << 20) // (2 * 30 * 3 * 64 * 2)
    header = KVCacheHeader(num_layers=30, num_kv_heads=3, head_dim=64, seq_len=tokens, dtype="bfloat16")
    body = header.to_bytes() + os.urandom(2 * 30 * 3 * 64 * 2 * tokens)
    meta = AVPMetadata(payload_type=PayloadType.KV_CACHE, dtype=DataType.BFLOAT16, num_layers=30, extra={"k": "é"})
    return body, meta


class OurServer:
    def __init__(self, *args):
        self.process = subprocess.Popen([os.path.join(BIN, "interop_peer"), "serve", *args], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"

    def __enter__(self):
        return self.url

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(10)


def sdk_client_to_us():
    with OurServer() as url, AVPClient(url, "sdk", IDENTITY) as client:
        session = client.handshake()
        check("path", session.resolution_path, "structural_match")
        check("session", session.session_id, "00112233445566778899aabbccddeeff")
        body, meta = kv_message_64_mib()
        for level in (CompressionLevel.NONE, CompressionLevel.FAST):
            answer = client.transmit(body, meta, level).json()
            check("transmit", answer, {"success": True, "payload_bytes": len(body), "crc": zlib.crc32(body),
                                       "agent": "sdk", "extra": {"k": "é"}})
        answer = client.send_text(JSONMessage(content="héllo", extra={"a": 1})).json()
        check("text", answer, {"success": True, "content": "héllo", "extra_text": '{"a":1}'})
        bad = httpx.post(url + "/avp/v2/transmit", content=b"rubbish, rubbish")
        check("bad message", (bad.status_code, bad.json()["success"]), (400, False))
        check("health", httpx.get(url + "/health").json(), {"status": "ok"})


def sdk_client_and_our_token():
    with OurServer("secret") as url:
        with AVPClient(url, "sdk", IDENTITY, token="secret") as client:
            client.handshake()
            client.transmit(b"abcd", AVPMetadata())
        with AVPClient(url, "sdk", IDENTITY, token="wrong") as client:
            try:
                client.transmit(b"x" * 5_000_000, AVPMetadata())
                raise SystemExit("a wrong token was accepted")
            except TransportError as refused:
                check("status", refused.status_code, 401)
            try:
                client.handshake()
                raise SystemExit("a wrong token was accepted")
            except HandshakeError as refused:
                assert "401" in str(refused)


class SdkServer:
    def __init__(self):
        self.received = []

        async def handler(message):
            self.received.append(message)
            return {"bytes": len(message.payload), "crc": zlib.crc32(message.payload)}

        async def text(message):
            return {"content": message.content, "extra": message.extra}

        sock = socket.socket()
        sock.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{sock.getsockname()[1]}"
        self.server = uvicorn.Server(uvicorn.Config(create_app(handler, text), log_level="error"))
        self.thread = threading.Thread(target=lambda: asyncio.run(self.server.serve([sock])))

    def __enter__(self):
        self.thread.start()
        while not self.server.started:
            time.sleep(0.01)
        return self

    def __exit__(self, *_):
        self.server.should_exit = True
        self.thread.join()


def us_to_sdk_server():
    with SdkServer() as server:
        hello = peer("hello", server.url)
        check("hello", (hello["path"], hello["peer"], len(hello["id"])), ("hash_match", "interop", 32))
        body, meta = kv_message_64_mib()
        answer = peer("send", server.url, write("kv", codec.encode(body, meta)))
        check("transmit", answer, {"success": True, "bytes": len(body), "crc": zlib.crc32(body)})
        got = server.received[0].metadata
        check("metadata", (got.payload_type, got.dtype, got.extra), (meta.payload_type, meta.dtype, meta.extra))
        bad = peer("send", server.url, write("bad", b"rubbish, rubbish"), "raw")
        check("bad message", (bad["error"], "400" in bad["message"]), ("rejected", True))
        check("text", peer("text", server.url, "héllo"),
              {"success": True, "content": "héllo", "extra": {"k": [1, "é"]}})


sdk_client_to_us()
sdk_client_and_our_token()
us_to_sdk_server()
