#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0
"""Plays systemd for keeper-managed.sh: manager.py KEEPER SOCKET

Listens on the socket and starts the keeper when somebody connects, and again when it was killed; stores descriptors
for it (FDSTORE in sd_notify(3)).
"""

import fcntl
import os
import select
import socket
import sys

KEEPER, PATH = sys.argv[1:]
NOTIFY = "/run/notify"


def bind(path, kind):
    sk = socket.socket(socket.AF_UNIX, kind)
    os.umask(0o177)
    sk.bind(path)
    os.umask(0o022)
    return sk


def handle(message, fds, stored):
    lines = dict(line.split("=", 1) for line in message.decode().splitlines())
    name = lines.get("FDNAME")
    if "FDSTOREREMOVE" in lines:
        for entry in [e for e in stored if e[1] == name]:
            os.close(entry[0])
            stored.remove(entry)
    elif "FDSTORE" in lines:
        stored += [(fd, name) for fd in fds]


def start(listener, stored):
    pid = os.fork()
    if pid:
        return pid
    # Out of the way of those that are to be.
    fds = [fcntl.fcntl(fd, fcntl.F_DUPFD, 200) for fd in [listener.fileno(), *(fd for fd, _ in stored)]]
    for i, fd in enumerate(fds):
        os.dup2(fd, 3 + i)
    os.closerange(3 + len(fds), 1000)
    names = ":".join(["uffd-wp-keeper.socket", *(name for _, name in stored)])
    os.execve(KEEPER, [KEEPER, "--foreground"], {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": str(len(fds)),
                                                 "LISTEN_FDNAMES": names, "NOTIFY_SOCKET": NOTIFY})


def main():
    os.makedirs(os.path.dirname(PATH), 0o700, exist_ok=True)
    listener, notify = bind(PATH, socket.SOCK_SEQPACKET), bind(NOTIFY, socket.SOCK_DGRAM)
    listener.listen()
    stored = []
    while True:
        select.select([listener], [], [])
        pid = start(listener, stored)
        pidfd = os.pidfd_open(pid)
        # What it sent before its end counts.
        while notify in (ready := select.select([notify, pidfd], [], [])[0]) or pidfd not in ready:
            message, fds, _, _ = socket.recv_fds(notify, 4096, 16)
            handle(message, fds, stored)
        os.close(pidfd)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if status == 0:
            # The unit is inactive now.
            for fd, _ in stored:
                os.close(fd)
            stored.clear()


main()
