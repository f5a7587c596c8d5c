# SPDX-License-Identifier: GPL-2.0
"""An sshd of a host of a test: its own keys, its own port, nothing of the machine's configuration."""

import os
import shutil
import subprocess

from criucmd import wait_until

PORT = 2222


def _key(path):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True, timeout=20)


def start(m):
    """On host b. Returns the words of an ssh that gets in there, and of one whose key is not known there."""
    directory = m.make_dir("ssh")
    os.chmod(directory, 0o700)
    key, other, server = (os.path.join(directory, name) for name in ("key", "other", "server"))
    for path in (key, other, server):
        _key(path)
    authorized = os.path.join(directory, "authorized_keys")
    shutil.copy(key + ".pub", authorized)
    config = os.path.join(directory, "sshd_config")
    with open(config, "w") as f:
        f.write("Port %d\nListenAddress %s\nHostKey %s\nAuthorizedKeysFile %s\nPidFile none\nUsePAM no\n"
                "PermitRootLogin prohibit-password\nPasswordAuthentication no\nStrictModes no\n"
                % (PORT, m.b.address, server, authorized))
    m.b.run("mkdir", "-p", "/run/sshd")
    m.b.start("/usr/sbin/sshd", "-D", "-f", config)
    wait_until(lambda: "sshd" in m.b.run("ps", "-e", "-o", "comm="), 10, "start of sshd")
    known = os.path.join(directory, "known_hosts")
    with open(server + ".pub") as f, open(known, "w") as out:
        out.write("[%s]:%d %s" % (m.b.address, PORT, f.read()))
    words = [shutil.which("ssh"), "-F", "none", "-T", "-p", str(PORT), "-oUserKnownHostsFile=" + known, "-oBatchMode=yes",
             "-oIdentitiesOnly=yes", "-i"]
    return words + [key, m.b.address], words + [other, m.b.address]
