"""Network namespaces that stand for machines: each is joined to a bridge of this one by a pair of veth devices. Needs root."""
import pathlib
import random
import subprocess


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True)


class Namespaces:
    """A network 10.X.Y.0/24 of namespaces; this machine is .1 in it. Used with `with`, which takes all of it away in the end."""

    def __init__(self, names):
        number = random.SystemRandom().randrange(65536)  # never again the same: the kernel takes them away some time after it was asked to
        self.prefix = f"10.{number // 256}.{number % 256}"
        self.bridge = f"avp{number}"
        self.names = {name: f"avp{number}{name}" for name in names}
        self.addresses = {name: f"{self.prefix}.{2 + place}" for place, name in enumerate(names)}

    def __enter__(self):
        try:
            ip("link", "add", self.bridge, "type", "bridge")
            ip("addr", "add", f"{self.prefix}.1/24", "dev", self.bridge)
            ip("link", "set", self.bridge, "up")
            for name, space in self.names.items():
                ip("netns", "add", space)
                ip("link", "add", space, "type", "veth", "peer", "name", "eth0", "netns", space)
                ip("link", "set", space, "master", self.bridge, "up")
                ip("-n", space, "addr", "add", f"{self.addresses[name]}/24", "dev", "eth0")
                ip("-n", space, "link", "set", "eth0", "up")
                ip("-n", space, "link", "set", "lo", "up")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for space in self.names.values():
            subprocess.run(["ip", "link", "del", space], stderr=subprocess.DEVNULL)
            subprocess.run(["ip", "netns", "del", space], stderr=subprocess.DEVNULL)
        subprocess.run(["ip", "link", "del", self.bridge], stderr=subprocess.DEVNULL)

    def command(self, name):
        """What stands before a command that is to run in a namespace."""
        return ["ip", "netns", "exec", self.names[name]]

    def set_link(self, name, state):
        """Takes the cable of a namespace out ("down") or puts it back in ("up")."""
        ip("link", "set", self.names[name], state)

    def sent_bytes(self):
        """Bytes that all namespaces together have sent, headers of Ethernet, IP and TCP included."""
        return sum(int(pathlib.Path(f"/sys/class/net/{space}/statistics/rx_bytes").read_text(encoding="ascii"))
                   for space in self.names.values())
