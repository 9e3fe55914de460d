"""Headless Chromium by its debugging pipe: only Python's standard library is needed.

The protocol: https://chromedevtools.github.io/devtools-protocol/. With --remote-debugging-pipe the browser reads
messages on file descriptor 3 and writes them on 4, each ended by a zero byte.
"""
import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time


def find():
    """The browser's path, or None."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


class Browser:
    """One page. `problems` collects what its console says and every exception."""

    def __init__(self, width=1100, height=900):
        self.problems = []
        self.number = 0
        self.buffer = b""
        self.events = []
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.process = self.start(find(), width, height)
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = None
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.resize(width, height)

    session = None

    def start(self, path, width, height):
        to_browser, self.writing = os.pipe()
        self.reading, from_browser = os.pipe()

        def give_pipes():
            # First out of the way, since 3 and 4 may be among them.
            reads, writes = os.dup2(to_browser, 30), os.dup2(from_browser, 31)
            os.dup2(reads, 3)
            os.dup2(writes, 4)

        process = subprocess.Popen(
            [path, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
             "--no-first-run", "--disable-extensions", "--disable-background-networking", "--remote-debugging-pipe",
             f"--user-data-dir={self.profile.name}", f"--window-size={width},{height}", "about:blank"],
            preexec_fn=give_pipes, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(from_browser)
        return process

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.writing)
        os.close(self.reading)
        self.profile.cleanup()

    def message(self, seconds):
        deadline = time.monotonic() + seconds
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.reading], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError("the browser says nothing")
            data = os.read(self.reading, 1 << 20)
            if not data:
                raise EOFError("the browser has ended")
            self.buffer += data
        text, _, self.buffer = self.buffer.partition(b"\0")
        return json.loads(text)

    def note(self, message):
        method, values = message.get("method", ""), message.get("params", {})
        if method == "Runtime.exceptionThrown":
            self.problems.append(json.dumps(values["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled":
            self.problems.append(json.dumps(values["args"]))
        elif method == "Log.entryAdded":
            self.problems.append(values["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            self.events.append(values["request"]["url"])
        elif method == "Page.loadEventFired":
            self.loaded = True

    def call(self, method, **values):
        self.number += 1
        call = {"id": self.number, "method": method, "params": values}
        if self.session:
            call["sessionId"] = self.session
        os.write(self.writing, json.dumps(call).encode() + b"\0")
        while True:
            message = self.message(60)
            if message.get("id") == self.number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return message["result"]
            self.note(message)

    def resize(self, width, height, mobile=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile)

    def prefer(self, scheme):
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def open(self, file):
        self.loaded = False
        self.events.clear()
        self.call("Page.navigate", url=file.resolve().as_uri())
        while not self.loaded:
            self.note(self.message(60))

    def run(self, script):
        """The value of a JavaScript expression; promises are waited for."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{script}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def screenshot(self, selector=None):
        """The whole page, or one element, as PNG."""
        box = self.run("""(selector => {
            const box = selector ? document.querySelector(selector).getBoundingClientRect()
                                 : document.documentElement.getBoundingClientRect();
            return {x: box.x + scrollX, y: box.y + scrollY, width: box.width, height: box.height, scale: 1};
        })(%s)""" % json.dumps(selector))
        return base64.b64decode(self.call("Page.captureScreenshot", clip=box, captureBeyondViewport=True)["data"])

    def pdf(self):
        """The page as it is printed on A4."""
        return base64.b64decode(self.call("Page.printToPDF", paperWidth=8.27, paperHeight=11.69, marginTop=0.5,
                                          marginBottom=0.5, marginLeft=0.5, marginRight=0.5)["data"])
