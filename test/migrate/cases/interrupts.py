# SPDX-License-Identifier: GPL-2.0
"""Whoever takes part is interrupted, killed or cut off. Each test is a function of a Migration."""

import os
import signal
import time

from criucmd import wait_until


def agent_ends(number):
    def test(m):
        m.start_process()
        m.start("after restore")
        m.b.run("pkill", "-%d" % number, "-x", "uffd-wpctl", check=False)
        m.go_on()
        m.wait(1)
        m.runs_on("a")
        m.nothing_left()
        m.ends_well(m.a)
    return test


agent_is_terminated = agent_ends(signal.SIGTERM)


def interrupted_in_an_iteration(m):
    m.start_process()
    m.start("after serve 1", **m.slow())
    m.go_on()
    m.wait_pages(m.there)
    m.signal_migrate(signal.SIGTERM)
    m.wait(1, says="interrupted")
    m.stays()


def interrupted_in_restore(m):
    m.start_process()
    m.start("before restore")
    m.signal_migrate(signal.SIGTERM)
    time.sleep(0.5)
    m.go_on()
    m.wait(1, says=["interrupted", "runs on here"])
    m.stays()


def killed_in_restore(m):
    """Nobody is there to answer criu: it lets the process run after a time."""
    m.start_process()
    m.start("before restore")
    m.signal_migrate(signal.SIGKILL)
    m.go_on()
    m.runs_on("a")
    wait_until(lambda: not os.listdir(m.there), 20, "the other side to notice")
    m.ends_well(m.a)


def lost_before_keep(m):
    """The other side does not hear of it, and undoes all."""
    m.start_process()
    m.start("before keep")
    m.go_on("cut")
    m.wait(1, says=["not known whether it runs", "runs on here"])
    m.runs_on("a")
    m.nothing_left()
    m.ends_well(m.a)


def lost_after_keep(m):
    """It is kept there, and only the answer is lost."""
    m.start_process()
    m.start("answer keep")
    m.go_on("cut")
    m.wait(0, says=["not known whether it runs", "Moved"])
    m.arrived()
