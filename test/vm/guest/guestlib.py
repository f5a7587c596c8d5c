# SPDX-License-Identifier: GPL-2.0
"""For scripts here that need more of a chain test (test/chain) than its runner offers."""

import os
import random
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
USR = os.path.join(TOP, "build", "root", "usr")
NAMESPACES = ["unshare", "--pid", "--fork", "--kill-child", "--mount", "--mount-proc"]

sys.path[:0] = [os.path.join(TOP, "test", "chain"), os.path.join(TOP, "test", "lib")]
from chainlib import Chain, Failed, Skipped, argument_parser, private_run, tail  # noqa: E402


def options(name, *more):
    """What test/chain/run would pass to a test."""
    values = {
        "criu": os.path.join(USR, "sbin", "criu"),
        "plugins": os.path.join(USR, "lib", "criu"),
        "pycriu": os.path.join(USR, "lib", "python3", "dist-packages"),
        "uffd-wpctl": os.path.join(USR, "bin", "uffd-wpctl"),
        "tracker": "uffd-wp",
        "obj": os.path.join(TOP, "build", "obj", "test-chain"),
        "dir": os.path.join(TOP, "build", "test", "guest", name),
        "seed": os.environ.get("SEED") or random.randrange(1, 1 << 31),
    }
    return argument_parser().parse_args(["--%s=%s" % item for item in values.items()] + list(more))


def main(test, subject, *more):
    """Runs test(chain) in namespaces of its own. Exit status: 0 pass, 77 skip, 1 fail, with the reason on stdout."""
    if os.getpid() != 1:
        os.execvp(NAMESPACES[0], NAMESPACES + [os.path.abspath(sys.argv[0])])
    os.closerange(3, 1 << 16)
    opts = options("%s-%s" % (os.path.basename(sys.argv[0]), subject), *more)
    print("seed %d" % opts.seed)
    try:
        private_run()
        test(Chain(opts, subject, "splice"))
    except Skipped as e:
        print("skip: %s" % e)
        return 77
    except Failed as e:
        print("fail: %s" % e)
        if e.log:
            print("--- end of %s\n%s" % (e.log, tail(e.log)))
        return 1
    return 0
