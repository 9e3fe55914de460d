"""Strangers at the ports of a cluster while a run goes on: each is refused, the logs stay short, and the run's texts are right.

AVP_RUN, AVP_NODE and AVP_KEY are the commands' paths. Certificates that have expired are made with openssl where it is there.
"""
import json
import os
import pathlib
import random
import resource
import shutil
import socket
import ssl
import struct
import subprocess
import threading
import time
import unittest

from bad_link import Network
from command import records
from nodes import KEY, Node, NodeTest

PATIENCE = 10  # seconds in which a stranger has to be turned away
CROWD = 1000
USUAL_FILES = 1024  # the limit of open files that a process has unless somebody raised it
MOST_LINES = 5  # in a node's log for all that one kind of stranger does

# What a ZeroMQ peer says first (ZMTP 3.0): signature, version, mechanism, as-server, filler.
def zmtp_greeting(mechanism):
    return b"\xff" + bytes(8) + b"\x7f\x03\x00" + mechanism.ljust(20, b"\0") + bytes(32)


def port_of(address):
    return int(address.rsplit(":", 1)[1])


def connect(port):
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)


def tls(folder=None):
    """A TLS client that believes every server; with the certificate of a folder of keys, or none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if folder:
        context.load_cert_chain(folder / "node.pem", folder / "node-key.pem")
    return context


def heard(port, client):
    """What a node says to a TLS client: nothing where it turns it away."""
    try:
        with client.wrap_socket(connect(port)) as link:
            return link.recv(4096)
    except (ssl.SSLError, ConnectionError):
        return b""


def ends(link):
    """Whether the other side closes a connection; what it says before does not matter."""
    try:
        while link.recv(4096):
            pass
    except ConnectionError:
        pass
    except TimeoutError:
        return False
    return True


def memory_of(process):
    """Bytes of memory that a process holds."""
    fields = pathlib.Path(f"/proc/{process.pid}/statm").read_text(encoding="ascii").split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")


def expired_keys(folder, out):
    """Copies the keys of a cluster with an authority and certificates of its own; those of `stranger` are valid no more."""
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=out, check=True, capture_output=True)

    shutil.copytree(folder, out)
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=authority",
            "-keyout", "authority-key.pem", "-out", "authority.pem", "-days", "30")
    (out / "index").touch()
    (out / "ca.cnf").write_text("[ca]\ndefault_ca = ca_default\n[ca_default]\ndatabase = index\nrand_serial = yes\nnew_certs_dir = .\n"
                                "default_md = sha256\npolicy = any\nunique_subject = no\n[any]\ncommonName = supplied\n", encoding="ascii")
    for name in ("local", "b", "c", "stranger"):
        (out / name).mkdir(exist_ok=True)
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                "-keyout", f"{name}/node-key.pem", "-out", "request.pem")
        dates = ("20200101000000Z", "20200201000000Z") if name == "stranger" else ("20200101000000Z", "21200101000000Z")
        openssl("ca", "-batch", "-config", "ca.cnf", "-cert", "authority.pem", "-keyfile", "authority-key.pem", "-in", "request.pem",
                "-out", f"{name}/node.pem", "-notext", "-startdate", dates[0], "-enddate", dates[1])
        shutil.copy(out / "authority.pem", out / name / "authority.pem")


class RecordedNode(Node):
    """A node of whose data port a stranger records everything."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.link = Network().link(port_of(self.data))

    def table(self):
        return super().table().replace(self.data, f"tcp://127.0.0.1:{self.link.port}")


class Strangers(NodeTest):
    def make_keys(self, folder="keys"):
        subprocess.run([KEY, "cluster", "--nodes", "local,b,c", "--out", folder], cwd=self.folder, check=True,
                       stdout=subprocess.DEVNULL)
        return self.folder / folder

    def run_among(self, strangers, keys="keys", kind=Node):
        """A run over b, this machine and c that is fed tasks for as long as strangers(b, c) takes; its texts must be right."""
        b, c = (kind(self, name, f'keys = "{keys}/{name}"').start() for name in ("b", "c"))
        self.place_agents([b, c], top=f'keys = "{keys}/local"', planner="b", judge="c")
        lines = records(5000).splitlines(keepends=True)
        fed, over = [], threading.Event()

        def feed(to):
            while not over.is_set() or len(fed) < 20:
                fed.append(lines[len(fed)])
                to.write(fed[-1].encode())
                to.flush()
                time.sleep(0.02)
            to.close()

        with open(self.folder / "out", "wb") as out, open(self.folder / "err", "wb") as err:
            process = self.start("--json", "--input", "-", stdout=out, stderr=err)
        feeder = threading.Thread(target=feed, args=(process.stdin,))
        feeder.start()
        try:
            self.wait_for_results(process)
            strangers(b, c)
        finally:
            over.set()
            feeder.join()
        process.stdin = None  # closed, so that nobody flushes it again
        status = process.wait(timeout=60)
        printed = (self.folder / "err").read_text(encoding="utf-8", errors="replace")
        self.assertEqual(status, 0, printed)
        self.assertNotIn("is lost", printed)
        results = [json.loads(line) for line in (self.folder / "out").read_text(encoding="utf-8").split("\n")[:-1]]
        self.write("questions.jsonl", "".join(fed))
        self.assertEqual(self.answers(results), self.expected())
        self.assertEqual([agent["retries"] for result in results for agent in result["agents"]], [0] * 3 * len(fed))

    def wait_for_results(self, process, count=5):
        for _ in range(600):
            if (self.folder / "out").read_bytes().count(b"\n") >= count:
                return
            self.assertIsNone(process.poll(), (self.folder / "err").read_text(encoding="utf-8"))
            time.sleep(0.05)
        self.fail("the run has no results")

    def expect_log(self, node, strangers, *wanted):
        """What a node logs of strangers: each of the texts once, and few lines in all."""
        before = len(node.log().splitlines())
        strangers()
        time.sleep(0.5)
        told = node.log().splitlines()[before:]
        self.assertLessEqual(len(told), MOST_LINES, "\n".join(told))
        for text in wanted:
            self.assertEqual(sum(text in line for line in told), 1, "\n".join(told))

    def expect_refused(self, node, client, right):
        """That a TLS client gets nothing at the control port, however often it comes, and that one with right keys does."""
        def come():
            for _ in range(20):
                self.assertEqual(heard(port_of(node.control), client), b"")

        self.expect_log(node, come, "is turned away at the control port")
        self.assertNotEqual(heard(port_of(node.control), tls(right)), b"")

    def test_no_certificate(self):
        keys = self.make_keys()
        self.run_among(lambda b, c: self.expect_refused(b, tls(), keys / "local"))

    def test_the_certificate_of_another_cluster(self):
        keys, others = self.make_keys(), self.make_keys("others")
        self.run_among(lambda b, c: self.expect_refused(b, tls(others / "local"), keys / "local"))

    @unittest.skipUnless(shutil.which("openssl"), "openssl is not installed")
    def test_a_certificate_that_has_expired(self):
        keys = self.folder / "dated"
        expired_keys(self.make_keys(), keys)
        self.run_among(lambda b, c: self.expect_refused(b, tls(keys / "stranger"), keys / "local"), keys="dated")

    def test_a_run_with_the_certificates_but_other_curve_keys(self):
        keys, others = self.make_keys(), self.make_keys("others")
        mixed = self.folder / "mixed"
        shutil.copytree(keys / "local", mixed)
        shutil.copy(others / "local/curve.key", mixed)

        def stranger(b, c):
            text = (self.folder / "pipeline.toml").read_text(encoding="utf-8")
            self.write("stranger.toml", text.replace('"keys/local"', '"mixed"').replace("node_wait = 20.0", "node_wait = 1.0"))
            self.run_command("--json", "--out", "stranger", pipeline="stranger.toml")
            self.assertEqual(c.log().count("is turned away"), 1, c.log())

        self.run_among(stranger)

    def test_a_run_with_keys_of_another_cluster(self):
        self.make_keys()
        self.make_keys("others")

        def stranger(b, c):
            text = (self.folder / "pipeline.toml").read_text(encoding="utf-8")
            self.write("stranger.toml", text.replace('"keys/local"', '"others/local"'))
            outcome = self.run_command("--json", "--out", "stranger", pipeline="stranger.toml")
            self.expect(outcome, 2, f"{b.control} does not let this process in")
            self.assertEqual(outcome.out, "")

        self.run_among(stranger)

    def test_somebody_who_only_looks(self):
        self.make_keys()

        def look(b, c):
            for _ in range(10):
                shown = subprocess.run(b.command("--status"), cwd=self.folder, capture_output=True, text=True)
                self.assertEqual(shown.returncode, 0, shown.stderr)

        self.run_among(look)

    def test_another_run_of_the_cluster(self):
        self.make_keys()
        self.run_among(lambda b, c: [self.run_json("--limit", "2", "--out", f"other-{i}") for i in range(3)])

    def test_what_was_said_once_is_said_again(self):
        self.make_keys()

        def say_again(b, c):
            said = [bytes(recording) for recording in c.link.recordings]
            self.assertGreater(sum(map(len, said)), 10000)
            for recording in said * 3:
                with connect(port_of(c.data)) as link:
                    try:
                        link.sendall(recording)
                        link.shutdown(socket.SHUT_WR)
                    except OSError:
                        continue  # turned away already
                    self.assertTrue(ends(link))

        self.run_among(lambda b, c: self.expect_log(c, lambda: say_again(b, c)), kind=RecordedNode)

    def test_bytes_that_mean_nothing(self):
        self.make_keys()
        draw = random.Random(1)

        def strangers(b, c):
            for port in (port_of(b.control), port_of(b.data)):
                for _ in range(20):
                    with connect(port) as link:
                        try:
                            link.sendall(b"\x16\x03\x01" + draw.randbytes(4096) if draw.random() < 0.5 else draw.randbytes(4096))
                            link.shutdown(socket.SHUT_WR)  # else it may wait for the rest of what looks like a record
                        except OSError:
                            continue  # turned away already
                        self.assertTrue(ends(link), port)

        self.run_among(lambda b, c: self.expect_log(b, lambda: strangers(b, c)))

    def test_claims_of_4_gib(self):
        self.make_keys()
        claim = struct.pack(">Q", 1 << 32)
        at_data_port = {
            "without a mechanism": zmtp_greeting(b"NULL") + b"\x04\x19\x05READY\x0bSocket-Type\0\0\0\x06DEALER" + b"\x02" + claim,
            "in a handshake": zmtp_greeting(b"CURVE") + b"\x06" + claim + b"\x05HELLO",
            "in place of a handshake": zmtp_greeting(b"CURVE") + b"\x02" + claim,
            "in version 2": b"\xff" + bytes(7) + b"\x01\x7f" + b"\x01\x05\0\0" + b"\x02" + claim,
            "in version 1": b"\xff" + struct.pack(">Q", 1 << 32) + b"\0",
        }

        def strangers(b, c):
            before = memory_of(b.process)
            for what, said in at_data_port.items():
                with self.subTest(what), connect(port_of(b.data)) as link:
                    link.sendall(said)
                    for _ in range(16):
                        try:
                            link.sendall(bytes(1 << 16))
                        except ConnectionError:
                            break
                    self.assertTrue(ends(link))
            with connect(port_of(b.control)) as link:
                link.sendall(b"\x16\x03\x03\xff\xff" + bytes(1 << 12))
                self.assertTrue(ends(link))
            self.assertLess(memory_of(b.process) - before, 64 << 20)

        self.run_among(lambda b, c: self.expect_log(b, lambda: strangers(b, c)))

    def test_a_claim_of_4_gib_from_a_node_of_the_cluster(self):
        keys = self.make_keys()

        def strangers(b, c):
            before = memory_of(b.process)
            with tls(keys / "c").wrap_socket(connect(port_of(b.control))) as link:
                link.recv(4096)
                # A header of CAF's BASP: direct message, no flags, length of what follows, message id, sender, receiver.
                link.sendall(struct.pack(">B3xIQQQ", 2, 0xFFFFFFFF, 0, 0, 1))
                time.sleep(1)
                self.assertLess(memory_of(b.process) - before, 64 << 20)

        self.run_among(lambda b, c: self.expect_log(b, lambda: strangers(b, c)))

    def test_a_thousand_connections(self):
        self.make_keys()
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (USUAL_FILES, before[1]))  # which the nodes inherit
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, before)

        def strangers(b, c):
            resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
            crowd = [connect(port_of(address)) for address in (b.control, b.data) for _ in range(CROWD)]
            time.sleep(3)
            for one in crowd:
                one.close()

        def come(b, c):
            self.expect_log(b, lambda: strangers(b, c))
            shown = subprocess.run(b.command("--status"), cwd=self.folder, capture_output=True, text=True)
            self.assertEqual(shown.returncode, 0, shown.stderr)

        self.run_among(come)


if __name__ == "__main__":
    unittest.main()
