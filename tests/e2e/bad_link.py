"""TCP links that a test can make slow, lossy, silent, or cut: a proxy in front of a port.

It works on a TCP stream and not on packets. So a lost segment is what TCP makes of it: what was read at one go, and all behind it, comes
later by the time after which TCP sends again. A link that is down takes bytes and gives none; unlike a real one it still lets
connections be opened, which then hear nothing.
"""
import asyncio
import random
import threading

CHUNK = 16384                 # bytes read at one go, of which a share counts as lost
RESEND_SECONDS = (0.2, 0.4)   # until TCP sends a lost segment again
RECORDED_BYTES = 1 << 20      # of each connection


class BadLink:
    """A port of this machine that leads to another one. Its methods can be called from any thread."""

    def __init__(self, network, target):
        self.network, self.target = network, target
        self.delay, self.loss, self.is_cut = 0.0, 0.0, False
        self.writers = set()
        self.recordings = []  # of each connection, what was said to the other port
        self.passes = asyncio.Event()
        self.passes.set()
        server = network.call(asyncio.start_server(self.serve, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]

    def slow(self, delay, loss):
        """Seconds that everything takes in each direction, and the share of chunks that have to be sent again."""
        self.delay, self.loss = delay, loss

    def silence(self):
        """Nothing arrives any more, and nobody is told."""
        self.network.do(self.passes.clear)

    def cut(self):
        """Connections are reset, and new ones at once."""
        def reset():
            self.is_cut = True
            for writer in self.writers:
                writer.transport.abort()
        self.network.do(reset)

    def heal(self):
        def mend():
            self.is_cut, self.delay, self.loss = False, 0.0, 0.0
            self.passes.set()
        self.network.do(mend)

    async def serve(self, reader, writer):
        if self.is_cut:
            return writer.transport.abort()
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            return writer.transport.abort()
        both = {writer, far_writer}
        self.writers |= both
        self.recordings.append(bytearray())
        tasks = [asyncio.create_task(self.pump(reader, far_writer, self.recordings[-1])),
                 asyncio.create_task(self.pump(far_reader, writer, bytearray()))]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        self.writers -= both
        for end in (*tasks, *(one.transport for one in both)):
            (end.cancel if isinstance(end, asyncio.Task) else end.abort)()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def pump(self, reader, writer, recording):
        """One direction, until either side ends it."""
        under_way = asyncio.Queue(64)

        async def arrive():
            while True:
                due, data = await under_way.get()
                await asyncio.sleep(max(0.0, due - self.network.loop.time()))
                await self.passes.wait()
                if not data:
                    return
                writer.write(data)
                await writer.drain()

        async def depart():
            due, data = 0.0, b"first"
            while data:
                data = await reader.read(CHUNK)
                if len(recording) < RECORDED_BYTES:
                    recording.extend(data)
                lost = random.uniform(*RESEND_SECONDS) if random.random() < self.loss else 0.0
                due = max(due, self.network.loop.time() + self.delay + lost)
                await under_way.put((due, data))

        try:
            await asyncio.gather(arrive(), depart())
        except OSError:
            pass


class Network:
    """The thread that moves the bytes of all links."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    def call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result()

    def do(self, work):
        self.loop.call_soon_threadsafe(work)

    def link(self, target):
        return BadLink(self, target)
