# SPDX-License-Identifier: GPL-2.0
"""A client of redis on a host of its own: redis-client, and what it counts."""

import json
import os
import sys

from criucmd import Failed
from hosts import HERE


class Client:
    def __init__(self, host, address, keys, rate):
        asked, self.ask = os.pipe()
        answers, answer = os.pipe()
        with os.fdopen(asked) as stdin, os.fdopen(answer, "w") as stdout:
            self.connection = host.start(os.path.join(HERE, "redis-client"), address, str(keys), str(rate), stdin=stdin,
                                         stdout=stdout, stderr=sys.stderr)
        self.answers = os.fdopen(answers)

    def since_last(self):
        os.write(self.ask, b"\n")
        line = self.answers.readline()
        if not line:
            raise Failed("the client has ended: its connection did not survive")
        return json.loads(line)

    def end(self):
        os.close(self.ask)
        self.answers.close()
