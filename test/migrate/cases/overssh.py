# SPDX-License-Identifier: GPL-2.0
"""Over a real sshd. Each test is a function of a Migration."""

import os

import sshd
from criucmd import Failed, wait_until
from migration import CTL, PATH
from scripts import make_script, stages


def by_ssh(m):
    words, wrong = sshd.start(m)
    m.start_process()
    m.migrate(expected=1, rsh=" ".join(wrong), says=["Permission denied", "can't be reached"])
    m.migrate(expected=1, rsh=" ".join(w.replace(m.b.address, m.a.address) for w in words), says="can't be reached")
    m.migrate(rsh=" ".join(words), says="Moved")
    m.runs_only_on("b")
    m.b.run("pkill", "-x", "sshd")
    m.nothing_left()
    m.ends_well(m.b)


def by_name_of_host(m):
    """--to, with ssh's own configuration, which is found through HOME."""
    words, _wrong = sshd.start(m)
    m.start_process()
    bin_dir = m.make_dir("ssh-bin")
    with open(os.path.join(bin_dir, "ssh"), "w") as f:
        f.write('#!/bin/sh\necho "$@" >%s/ssh.words\nwhile [ "$1" != -- ]; do shift; done\nshift 2\nexec %s "$@"\n'
                % (m.dir, " ".join(words)))
    os.chmod(f.name, 0o700)
    argv = [CTL, "migrate", "-t", str(m.pid), "-D", m.here, "--remote-dir", m.there, "--to"]
    status, text = m.a.run(*argv, "root@" + m.b.address, check=False, PATH=bin_dir + ":" + PATH)
    m.check_output(status, text, 0, "Moved to root@" + m.b.address)
    with open(os.path.join(m.dir, "ssh.words")) as f:
        used = f.read()
    if "-oBatchMode=yes" not in used or "-- root@%s %s migrate-agent" % (m.b.address, CTL) not in used:
        raise Failed("ssh was called with " + used)
    m.runs_only_on("b")
    m.ends_well(m.b)


def start_and_wait_for_restore(m, seconds):
    """The script then waits on the other side, before criu is started there."""
    words, _wrong = sshd.start(m)
    m.start_process()
    script = make_script(m, "[ $1 != target-restore ] || sleep %d" % seconds)
    m.start_migrate("--script", script, rsh=" ".join(words))
    wait_until(lambda: os.path.exists(m.dir + "/stages") and "b target-restore" in stages(m), 90, "restore")


def ssh_is_killed_in_restore(m):
    """The connection ends, and so does the agent."""
    start_and_wait_for_restore(m, 2)
    m.a.run("pkill", "-KILL", "-x", "ssh")
    m.wait(1, says=["connection to the other side is lost", "runs on here"])
    m.runs_only_on("a")
    m.b.run("pkill", "-x", "sshd")
    m.nothing_left()
    m.ends_well(m.a)


def link_goes_down_in_restore(m):
    """Nobody says so, on neither side: one hears nothing of the other."""
    start_and_wait_for_restore(m, 20)
    m.b.set_link("down")
    m.wait(1, says=["connection to the other side is lost", "waiting", "runs on here"])
    if "b target-undo" not in stages(m) or "b target-run" in stages(m):
        raise Failed("stages were %s" % stages(m))
    m.runs_only_on("a")
    m.b.run("pkill", "-x", "sshd")
    m.nothing_left()
    m.ends_well(m.a)
