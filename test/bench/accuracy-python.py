# SPDX-License-Identifier: GPL-2.0
"""What test/bench/accuracy stops at random moments: an interpreter whose objects come, go and change.

usage: accuracy-python.py SEED READYFILE
"""

import collections
import gc
import json
import random
import sys
import time

NR_ACCOUNTS = 40000
CHANGES = 40  # between two pauses
PAUSE = 0.01


def account(rng, i):
    return {"id": i, "name": "account %d" % i, "balance": rng.random(), "tags": [str(rng.getrandbits(40))]}


def change(rng, accounts, history):
    """Some objects are changed in place, some replaced, some become text and are parsed again."""
    i = rng.randrange(NR_ACCOUNTS)
    kind = rng.randrange(4)
    if kind == 0:
        accounts[i] = account(rng, i)
    elif kind == 1:
        accounts[i]["balance"] += rng.random()
    elif kind == 2:
        tags = accounts[i]["tags"]
        tags.append("%x" % rng.getrandbits(200))
        del tags[:-20]
    else:
        text = json.dumps(accounts[i])
        history.append(text)
        accounts[i] = json.loads(text)


def main():
    rng = random.Random(int(sys.argv[1]))
    accounts = {i: account(rng, i) for i in range(NR_ACCOUNTS)}
    history = collections.deque(maxlen=2000)
    open(sys.argv[2], "w").close()
    while True:
        for _ in range(CHANGES):
            change(rng, accounts, history)
        if rng.randrange(200) == 0:
            gc.collect()
        time.sleep(PAUSE)


main()
