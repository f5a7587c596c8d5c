# SPDX-License-Identifier: GPL-2.0
"""What container managers ask criu, through "criu swrk"."""

import os
import socket
import subprocess
import sys

from criucmd import USR, Failed

SECONDS = 20
PACKET_BYTES = 1 << 16


def _ask(request):
    sys.path.append(os.path.join(USR, "lib/python3/dist-packages"))
    import pycriu

    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.settimeout(SECONDS)
    process = subprocess.Popen(["criu", "swrk", str(theirs.fileno())], pass_fds=[theirs.fileno()],
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    theirs.close()
    try:
        ours.send(request(pycriu.rpc).SerializeToString())
        answer = pycriu.rpc.criu_resp()
        answer.ParseFromString(ours.recv(PACKET_BYTES))
    finally:
        ours.close()
        process.wait(SECONDS)
    if not answer.success:
        raise Failed("criu refuses a request: %s" % answer)
    return answer


def version():
    return _ask(lambda rpc: rpc.criu_req(type=rpc.VERSION)).version


def feature_check():
    return _ask(lambda rpc: rpc.criu_req(type=rpc.FEATURE_CHECK, features=rpc.criu_features(mem_track=True))).features
