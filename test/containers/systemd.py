# SPDX-License-Identifier: GPL-2.0
"""A systemd of its own, pid 1 of a pid namespace in a cgroup namespace, with nothing to start but what is asked for."""

import os
import signal
import subprocess

import host
from criucmd import Failed, wait_until

PROGRAM = "/lib/systemd/systemd"
# Nothing that the machine is configured for is started, and no file system of it mounted or mounted again.
START = """
set -e
mount --make-rprivate /
umount -l /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t tmpfs -o mode=755 run /run
mkdir -p /run/systemd/system
for hidden in /usr/lib/systemd/system/*.wants /usr/lib/systemd/system-generators /etc/systemd/system; do
	mount -t tmpfs hidden "$hidden"
done
ln -s /dev/null /run/systemd/system/systemd-remount-fs.service
printf '[Unit]\\nWants=%s\\n' "$1" >/run/systemd/system/test.target
export container=test
exec {} --system --unit=test.target --log-target=console --show-status=no --crash-reboot=no
""".format(PROGRAM)


class Systemd:
    def __init__(self, directory, unit):
        self.log = open(os.path.join(directory, "systemd.log"), "w")
        group = os.path.join("/sys/fs/cgroup", host.CGROUP, "systemd")
        os.makedirs(group)

        def enter():
            with open(group + "/cgroup.procs", "w") as f:
                f.write("0")

        self.process = subprocess.Popen(
            ["unshare", "--pid", "--fork", "--kill-child", "--mount", "--mount-proc", "--cgroup", "--ipc", "--uts",
             "bash", "-c", START, "bash", unit], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            preexec_fn=enter)
        wait_until(self._is_up, 30, "systemd")

    def _is_up(self):
        if self.process.poll() is not None:
            raise Failed("systemd ended, see " + self.log.name)
        with open("/proc/%d/task/%d/children" % (self.process.pid, self.process.pid)) as f:
            children = f.read().split()
        if not children:
            return False
        self.pid = int(children[0])
        return subprocess.run([*self.inside(), "systemctl", "is-active", "-q", "test.target"], timeout=20,
                              stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0

    def inside(self):
        """What runs a command where systemd is pid 1."""
        return ["nsenter", "-t", str(self.pid), "--pid", "--mount", "--cgroup", "--ipc", "--uts"]

    def run(self, *argv):
        return host.run([*self.inside(), *argv])

    def show(self, unit, name):
        return self.run("systemctl", "show", "--value", "-p", name, unit).strip()

    def end(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(20)
        self.log.close()
