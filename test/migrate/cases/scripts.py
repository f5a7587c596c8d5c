# SPDX-License-Identifier: GPL-2.0
"""The user's script and check. Each test is a function of a Migration."""

import os

from criucmd import Failed


def check_fails(m):
    m.start_process()
    m.migrate("--check", "echo it is not well; false", expected=1, says=["it is not well", "runs on here"])
    m.runs_on("a")
    m.nothing_left()
    m.ends_well(m.a)


def check_passes(m):
    m.start_process()
    m.migrate("--check", "kill -0 $MIGRATE_PID")
    m.arrived()


def make_script(m, text):
    path = os.path.join(m.dir, "script")
    with open(path, "w") as f:
        f.write("#!/bin/sh\necho $(cat /run/host) $1 >>%s/stages\n%s\n" % (m.dir, text))
    os.chmod(path, 0o700)
    return path


def stages(migration):
    with open(os.path.join(migration.dir, "stages")) as f:
        return f.read().split("\n")[:-1]


def script_stages(m):
    m.start_process()
    m.migrate("--script", make_script(m, ""))
    expected = ["a source-stop", "b target-restore", "b target-run", "a source-gone"]
    if stages(m) != expected:
        raise Failed("stages were %s" % stages(m))
    m.arrived()


def script_fails(stage, expected):
    def test(m):
        m.start_process()
        m.migrate("--script", make_script(m, "[ $1 != %s ]" % stage), expected=1, says=["script", "runs on here"])
        if stages(m) != expected:
            raise Failed("stages were %s" % stages(m))
        m.stays()
    return test


script_fails_here = script_fails("source-stop", ["a source-stop", "a source-resume"])
script_fails_there = script_fails("target-restore",
                                  ["a source-stop", "b target-restore", "b target-undo", "a source-resume"])
script_fails_at_last = script_fails("target-run", ["a source-stop", "b target-restore", "b target-run",
                                                   "b target-undo", "a source-resume"])
