# SPDX-License-Identifier: GPL-2.0
"""What is noticed before anything is done. Each test is a function of a Migration."""

import os
import shlex
import shutil

import criucmd
from criucmd import Failed
from hosts import HERE
from migration import CTL


def wrong_usage(m):
    m.start_process()
    rsh = ["--rsh", "x", "--address", "y"]
    for args, says in (([], "-t PID"), (["-t", "1"], "--to HOST"), (["-t", "1", "-c", "x", *rsh], "-t PID"),
                       (["-t", "x", *rsh], "not a pid"), (["-t", "1", "--rsh", "x"], "--address"),
                       (["-t", "1", *rsh, "--downtime", "0"], "not a number"), (["-t", "1", *rsh, "word"], "after --"),
                       (["-t", "1", "--to", "-oX"], "not a host"), (["-t", "1", "--to", ""], "empty")):
        status, text = m.a.run(CTL, "migrate", *args, check=False)
        m.check_output(status, text, 2, says)
    m.stays()


def wrong_target(m):
    m.start_process()
    mine, m.pid = m.pid, 30000
    m.migrate(expected=1, says="there is no process 30000")
    m.pid = mine
    m.container = "none-such"
    m.migrate(expected=1, says="none-such")
    m.container = None
    m.stays()


def wrong_host(m):
    m.start_process()
    m.migrate(expected=1, rsh="%s/none-such x" % m.dir, says="can't run")
    m.migrate(expected=1, rsh=os.path.join(HERE, "rsh") + " /none/such", says="can't be reached")
    m.migrate("--remote-uffd-wpctl", "/none/such", expected=1, says="--remote-uffd-wpctl")
    m.migrate("--remote-uffd-wpctl", "/bin/false", expected=1, says="can't be reached")
    m.migrate("--address", "10.99.99.99", expected=1, says="can't listen on 10.99.99.99")
    m.stays()


def no_plugin_there(m):
    m.start_process()
    bare = m.make_dir("bare/sbin")
    shutil.copy2(os.path.join(criucmd.USR, "sbin", "criu"), bare)
    m.migrate("--remote-criu", bare + "/criu", expected=1, says=["can't track memory", "install criu-uffd-wp there"])
    m.stays()


def pid_in_use(m):
    m.start_process()
    m.b.run("sh", "-c", "echo %d >/proc/sys/kernel/ns_last_pid; sleep 1000 </dev/null >/dev/null 2>&1 &" % (m.pid - 1))
    if "sleep" not in m.b.run("cat", "/proc/%d/comm" % m.pid):
        raise Failed("the pid is not in use there")
    m.migrate(expected=1, says="the pid %d is in use there" % m.pid)
    m.b.run("pkill", "-x", "sleep")
    m.stays()


def other_file_there(m):
    copy = os.path.join(m.dir, "bin")
    os.makedirs(copy)
    shutil.copy2(m.program, os.path.join(copy, "subject"))
    m.program = os.path.join(copy, "subject")
    m.start_process()
    m.b.run("mount", "-t", "tmpfs", "none", copy)
    m.migrate(expected=1, says=m.program + " is not there")
    m.b.run("sh", "-c", "echo x >" + m.program)
    m.migrate(expected=1, says="another file there")
    m.stays()


def no_bundle_there(m):
    m.start_container()
    m.b.run("mount", "-t", "tmpfs", "none", os.path.join(m.dir, "bundle"))
    m.migrate(expected=1, says="the bundle has to be on both hosts")
    m.stays()


def cannot_write_images(m):
    m.start_process()
    good = m.here, m.there
    m.here = "/proc/none"
    m.migrate(expected=1, says=["/proc/none", "choose another with -D"])
    m.here, m.there = good[0], "/none/such"
    m.migrate(expected=1, says=["/none/such", "--remote-dir"])
    m.here, m.there = good
    m.stays()


def disk_is_full(m):
    m.start_process()
    m.b.run("mount", "-t", "tmpfs", "-o", "size=16m", "none", m.there)
    m.migrate(expected=1, says=["MiB are needed", "--remote-dir"])
    m.stays()


def not_itself(m):
    """The subject is the shell that starts it."""
    m.start_process()
    argv = shlex.join(m.argv()).replace("-t %d" % m.pid, "-t $$")
    status, text = m.a.run("sh", "-c", argv + "; exit $?", check=False)
    m.check_output(status, text, 1, "start it elsewhere")
    m.stays()


def firewall(m):
    m.start_process()
    m.b.run("nft", "add table inet wall; add chain inet wall in { type filter hook input priority 0; }; "
            "add rule inet wall in iifname eth0 meta l4proto tcp reject with tcp reset")
    m.migrate(expected=1, says=["the page server there failed", "firewall"])
    m.b.run("nft", "delete table inet wall")
    m.stays()
