# SPDX-License-Identifier: GPL-2.0
"""What ./compare found out, kept from one call to the next, and what it says about a test."""

import functools
import hashlib
import json
import os


@functools.lru_cache(maxsize=None)
def digest_of_file(path):
    try:
        with open(path, "rb") as f:
            return hashlib.sha256(f.read()).digest()
    except FileNotFoundError:
        return b"none"


def hash_of(files, *texts):
    """Of what a result depends on; files that do not exist count as such. Each is read once."""
    h = hashlib.sha256(repr(texts).encode())
    for path in files:
        h.update(digest_of_file(path))
    return h.hexdigest()


class Runs:
    """The runs of one test in one flavor and one setup. They count as long as nothing changes that they depend on."""

    def __init__(self, path, key):
        self.path, self.key = path, key
        self.runs = []
        try:
            with open(path) as f:
                stored = json.load(f)
            if stored["key"] == key:
                self.runs = stored["runs"]
        except (FileNotFoundError, ValueError, KeyError):
            pass

    def add(self, verdict, reason, seconds):
        self.runs.append({"verdict": verdict, "reason": reason, "seconds": round(seconds, 1)})
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        with open(self.path + ".new", "w") as f:
            json.dump({"key": self.key, "runs": self.runs}, f)
        os.rename(self.path + ".new", self.path)

    def __len__(self):
        return len(self.runs)

    @property
    def passed(self):
        return sum(r["verdict"] == "pass" for r in self.runs)

    @property
    def failed(self):
        """A test that is skipped was not passed either."""
        return len(self.runs) - self.passed

    @property
    def reason(self):
        return next((r["reason"] for r in reversed(self.runs) if r["verdict"] != "pass"), "")

    def __str__(self):
        if not self.runs:
            return "-"
        if not self.failed:
            return "pass" if len(self.runs) == 1 else "pass %d" % self.passed
        if len(self.runs) == 1:
            return self.runs[0]["verdict"]
        return "%d of %d passed" % (self.passed, len(self.runs))


def compare(base, other):
    """"same", "worse", "flaky" (the base is, too), "gained", "neither", or "open": runs are missing."""
    if not len(base) or not len(other):
        return "open"
    if not base.passed:
        return "gained" if other.passed and not other.failed else "neither"
    if not other.failed:
        return "same"
    return "flaky" if base.failed and other.passed else "worse"
