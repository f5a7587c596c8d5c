# SPDX-License-Identifier: GPL-2.0
"""A redis-server of our own, and the few words of its protocol that the demo needs."""

import os
import shutil
import socket
import subprocess
import tempfile

from criucmd import Failed, wait_until

ANSWER_SECONDS = 60


def _apt(*args):
    env = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    return subprocess.run(["apt-get", "-qq", *args], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          timeout=600).returncode == 0


def install(say):
    """Makes sure that there is a redis-server program, and starts nothing.

    Debian's package redis-server starts a service and enables it at boot. The
    program itself is in redis-tools, under the name redis-check-rdb: it looks
    at the name it is called by.
    """
    if shutil.which("redis-server") or shutil.which("redis-check-rdb"):
        return
    if not shutil.which("apt-get"):
        raise Failed("there is no redis-server here, and no apt-get to install it")
    say("installing redis-tools")
    if not _apt("install", "-y", "--no-install-recommends", "redis-tools"):
        _apt("update")
        if not _apt("install", "-y", "--no-install-recommends", "redis-tools"):
            raise Failed("can't install redis-tools; install redis-server and try again")


def _program():
    return shutil.which("redis-server") or shutil.which("redis-check-rdb")


def version():
    with tempfile.TemporaryFile() as out:
        subprocess.run(["redis-server", "--version"], executable=_program(), stdin=subprocess.DEVNULL, stdout=out,
                       timeout=10)
        out.seek(0)
        words = out.read().decode(errors="replace").split()
    if words[:2] != ["Redis", "server"]:
        raise Failed("%s is not a redis-server" % _program())
    return words[2][2:]  # v=7.0.15


class Server:
    """Without persistence, network, or anything outside its directory."""

    def __init__(self, directory):
        self.socket = os.path.join(directory, "redis.sock")
        log = os.path.join(directory, "redis.log")
        argv = ["redis-server", "--port", "0", "--unixsocket", self.socket, "--save", "", "--appendonly", "no",
                "--daemonize", "no", "--dir", directory, "--logfile", log]
        self.process = subprocess.Popen(argv, executable=_program(), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        self.pid = self.process.pid
        wait_until(lambda: os.path.exists(self.socket) or self.process.poll() is not None, 20, "start of redis-server")
        if self.process.poll() is not None:
            raise Failed("redis-server does not start, see %s" % log)

    def wait_gone(self):
        """After the final dump: the pid must be free before it is restored."""
        self.process.wait(timeout=20)


class Client:
    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(ANSWER_SECONDS)
        self.sock.connect(path)
        self.answers = self.sock.makefile("rb")

    def close(self):
        self.answers.close()
        self.sock.close()

    def call(self, commands):
        """Sends commands (lists of bytes) at once and returns their answers."""
        self.sock.sendall(b"".join(map(_encode, commands)))
        return [self._answer() for _ in commands]

    def _answer(self):
        line = self.answers.readline()
        if not line.endswith(b"\r\n"):
            raise Failed("redis closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"$":
            return self.answers.read(int(rest) + 2)[:-2] if rest != b"-1" else None
        if kind == b"*":
            return [self._answer() for _ in range(int(rest))]
        if kind == b":":
            return int(rest)
        if kind == b"+":
            return rest
        raise Failed("redis answers %s" % line.decode(errors="replace"))


def _encode(words):
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words)
