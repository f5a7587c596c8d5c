# SPDX-License-Identifier: GPL-2.0
"""Hosts for tests: each has a network, a mount and a pid namespace and a /run of its own, and an end of a bridge.

They share the file system. Everything ends with the namespace that this is
used in (sandbox.run()).
"""

import array
import glob
import json
import os
import signal
import socket
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lib"))

from criucmd import Failed, wait_until  # noqa: E402

COMMAND_SECONDS = 60
PREFIX = "10.231.7"
# In the environment: names the test, for what is not in its namespaces.
TEST_ID = "UFFD_WP_TEST_ID"


def sh(*argv, check=True, seconds=COMMAND_SECONDS):
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=seconds, universal_newlines=True, errors="replace")
    if check and done.returncode:
        raise Failed("%s: exit status %d\n%s" % (" ".join(argv), done.returncode, done.stdout))
    return done.stdout


def cgroup_prefix(test_id):
    top = sh("findmnt", "-n", "-f", "-t", "cgroup2", "-o", "TARGET").strip()
    return os.path.join(top, "uffd-wp-test-%s-" % test_id)


def _rmdir(path):
    try:
        os.rmdir(path)
    except FileNotFoundError:
        pass
    except OSError:
        return False
    return True


def remove_cgroups(prefix):
    """Of all hosts of a test that has ended. Starts no program: after sandbox.run() none can be."""
    for top in glob.glob(prefix + "*"):
        for path, _dirs, _files in os.walk(top, topdown=False):
            wait_until(lambda: _rmdir(path), 20, "end of the processes in " + path)


class Bridge:
    """In a network namespace of its own, so that nothing of the machine's is touched."""

    def __init__(self):
        self.process = subprocess.Popen(["unshare", "-n", "--kill-child", "-f", "sleep", "infinity"],
                                        stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: self._is_new(), 10, "network namespace of the bridge")
        self.sh("ip", "link", "add", "br0", "type", "bridge", "forward_delay", "0", "stp_state", "0")
        self.sh("ip", "link", "set", "br0", "up")

    def _is_new(self):
        own = os.readlink("/proc/self/ns/net")
        try:
            return os.readlink("/proc/%d/ns/net" % self.process.pid) != own
        except OSError:
            return False

    def sh(self, *argv):
        return sh("nsenter", "-t", str(self.process.pid), "-n", "--", *argv)

    def plug(self, pid, number):
        """Gives the network namespace of a process an eth0."""
        port = "p%d" % number
        self.sh("ip", "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", str(pid))
        self.sh("ip", "link", "set", port, "master", "br0", "up")

    def set_link(self, number, state):
        self.sh("ip", "link", "set", "p%d" % number, state)


class Host:
    def __init__(self, name, number, bridge, directory):
        self.name = name
        self.number = number
        self.bridge = bridge
        self.address = "%s.%d" % (PREFIX, number)
        self.directory = os.path.join(directory, name)
        self.socket = os.path.join(directory, name + ".sock")
        os.makedirs(self.directory, exist_ok=True)
        self.cgroup = self._make_cgroup()
        script = """mount -t tmpfs -o mode=755 run /run
            echo 0 >'%s/cgroup.procs'
            exec unshare -C sh -ec 'mount -t cgroup2 cgroup2 /sys/fs/cgroup; exec "$0" "$@"' "$0" "$@"
            """ % self.cgroup
        self.process = subprocess.Popen(
            ["unshare", "-n", "-m", "-p", "-f", "--mount-proc", "--kill-child", "sh", "-ec", script,
             os.path.join(HERE, "host-init"), name, self.socket],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=open(self.socket + ".err", "w"),
            start_new_session=True)
        if self.process.stdout.readline() != b"ready\n":
            raise Failed("the host %s does not start" % name)
        self.pid = int(sh("pgrep", "-P", str(self.process.pid)).split()[0])
        bridge.plug(self.pid, number)
        # Processes keep their pids: those of one host are not to be in use on the other.
        self.run("sh", "-c", "echo %d >/proc/sys/kernel/ns_last_pid" % (number * 1000))
        for words in (["addr", "add", self.address + "/24", "dev", "eth0"], ["link", "set", "eth0", "up"],
                      ["link", "set", "lo", "up"]):
            self.run("ip", *words)

    def _make_cgroup(self):
        """Containers have cgroups, and both hosts may have one of the same name. Needs no controllers."""
        path = cgroup_prefix(os.environ[TEST_ID]) + self.name
        os.mkdir(path)
        return path

    def start(self, *argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **env):
        """Starts a command there. Returns the connection to wait for its end with."""
        opened = [open(os.devnull, "r+") if f == subprocess.DEVNULL else f for f in (stdin, stdout, stderr)]
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        connection.connect(self.socket)
        request = json.dumps({"argv": argv, "env": env}).encode()
        connection.sendmsg([request], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                                        array.array("i", [f.fileno() for f in opened]))])
        return connection

    @staticmethod
    def wait(connection, seconds=COMMAND_SECONDS):
        """Exit status of what was started."""
        connection.settimeout(seconds)
        try:
            status = connection.recv(16)
        except socket.timeout:
            raise Failed("no end after %d s" % seconds)
        connection.close()
        return int(status) if status else 255

    def run(self, *argv, check=True, seconds=COMMAND_SECONDS, **env):
        """Output of a command there, with its exit status if check is False."""
        with open(os.path.join(self.directory, "output"), "w+") as out:
            status = self.wait(self.start(*argv, stdout=out, stderr=out, **env), seconds)
            out.seek(0)
            text = out.read()
        if check and status:
            raise Failed("%s on %s: exit status %d\n%s" % (" ".join(argv), self.name, status, text))
        return text if check else (status, text)

    def set_link(self, state):
        self.bridge.set_link(self.number, state)

    def kill(self):
        """As if the power went."""
        if self.process.poll() is None:
            os.kill(self.pid, signal.SIGKILL)
            self.process.wait(20)
