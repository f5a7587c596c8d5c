#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""stranger.py SOCKET UID LOG: listens at the socket as another user would who got hold of it.

Writes a line "listening" to LOG when it does, and one for every message that
somebody sends.
"""

import os
import socket
import sys


def main():
    path, uid, log = sys.argv[1], int(sys.argv[2]), open(sys.argv[3], "w", buffering=1)
    server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    os.umask(0o177)
    server.bind(path)
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    # SO_PEERCRED names who called listen().
    server.listen()
    print("listening", file=log)
    while True:
        client, _ = server.accept()
        message, fds, _, _ = socket.recv_fds(client, 65536, 16)
        if message:
            print("message with %d descriptors" % len(fds), file=log)
        client.close()


main()
