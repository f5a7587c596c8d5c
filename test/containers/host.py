# SPDX-License-Identifier: GPL-2.0
"""What a test sees of the host: this CRIU and a container runtime installed, /etc and cgroups of its own.

Everything is in the mount namespace of the sandbox (test/lib/sandbox.py) and goes with it. Nothing of the
machine is written.
"""

import glob
import os
import signal
import subprocess
import sys

from criucmd import TOP, USR, Failed, end_of

PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
UNPACKED = os.path.join(TOP, "build", "containers")
CGROUP_V1, CGROUP_V2 = "v1", "v2"
CGROUP = "uffd-wp-containers"  # that of all containers, in each hierarchy

always = {}  # what this machine needs in a file of /etc/criu, by its name


def _mount(*args):
    subprocess.run(["mount", *args], check=True, timeout=10)


def _overlay(where, *layers, changes=None):
    """What is in the layers appears in a directory, on top of what is there. changes: where they go, None: nowhere."""
    options = "lowerdir=" + ":".join([*layers, where])
    if changes:
        os.makedirs(changes + "/upper")
        os.makedirs(changes + "/work")
        options += ",upperdir=%s/upper,workdir=%s/work" % (changes, changes)
    _mount("-t", "overlay", "-o", options, "overlay", where)


def install(*packages):
    """This CRIU as "make install" puts it into /usr, and what test/containers/fetch unpacked, by its names.

    /etc and /var/lib can be written: changes are in memory.
    """
    trees = [os.path.join(UNPACKED, name) for name in packages]
    _overlay("/usr", USR, *(t + "/usr" for t in trees if os.path.isdir(t + "/usr")))
    _overlay("/etc", *(t + "/etc" for t in trees if os.path.isdir(t + "/etc")), changes="/run/changes/etc")
    _overlay("/var/lib", changes="/run/changes/var-lib")
    # podman can't put an overlay of its own on top of one.
    os.makedirs("/var/lib/containers", exist_ok=True)
    _mount("-t", "tmpfs", "containers", "/var/lib/containers")
    # Settings of the machine are none of ours.
    for name in ("default.conf", "runc.conf", "crun.conf"):
        configure(name, None)
    os.environ.clear()
    os.environ.update(PATH=PATH, LC_ALL="C", HOME="/root")


def configure(name, line):
    """One line in /etc/criu/NAME; None: no such file."""
    path = os.path.join("/etc/criu", name)
    text = always.get(name, "") + (line + "\n" if line else "")
    if not text:
        if os.path.exists(path):
            os.unlink(path)
        return
    os.makedirs("/etc/criu", exist_ok=True)
    with open(path, "w") as f:
        f.write(text)


def _mount_points(below):
    with open("/proc/self/mounts") as f:
        points = [line.split()[1] for line in f]
    return [p for p in points if p == below or p.startswith(below + "/")]


def choose_cgroups(version):
    """Shows one kind of cgroups, as container runtimes want it; machines may have both."""
    top = "/sys/fs/cgroup"
    if version == CGROUP_V1:
        for point in _mount_points(top + "/unified"):
            subprocess.run(["umount", "-l", point], check=True, timeout=10)
        return
    if [top] == _mount_points(top) and os.path.exists(top + "/cgroup.procs"):
        return
    # CRIU sees in /proc/self/cgroup what is hidden from the runtime, and would restore properties of it, which fails
    # below the first level.
    always["default.conf"] = "cgroup-dump-controller none\n"
    configure("default.conf", None)
    for point in reversed(_mount_points(top)):
        subprocess.run(["umount", "-l", point], check=True, timeout=10)
    _mount("-t", "cgroup2", "cgroup2", top)


def cgroups():
    """Those of the tests, in all hierarchies of the machine, and those that runtimes make if nothing is said."""
    names = (CGROUP, "counter", "libpod_parent", "lxc.pivot", "lxc.monitor.counter*", "lxc.payload.counter*")
    with open("/proc/self/mounts") as f:
        mounts = [line.split() for line in f]
    points = {m[1] for m in mounts if m[2] in ("cgroup", "cgroup2")}
    return {path for point in points for name in names for path in glob.glob(os.path.join(point, name))}


def remove_cgroups(paths):
    """When all that was in them is gone: they are the machine's, not the sandbox's."""
    for path in paths:
        for directory, _, _ in os.walk(path, topdown=False):
            os.rmdir(directory)


def has_cgroup_v1():
    return os.path.isdir("/sys/fs/cgroup/freezer")


def as_init(main):
    """Runs main() in a child and reaps whatever is left to us meanwhile; returns its exit status.

    Container runtimes leave what they start to pid 1, which we are.
    """
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = main()
        except BaseException:  # the traceback is all that the caller gets to see
            sys.excepthook(*sys.exc_info())
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    # It is for the child to end.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    while True:
        pid, status = os.wait()
        if pid == child:
            return os.waitstatus_to_exitcode(status)


def run(argv, seconds=60, status=0, cwd=None, env=None, preexec=None):
    """Runs a command and returns its output, both streams; raises Failed unless it ends with that status in time.

    The output is read to its end: a child that keeps the pipe open makes this time out.
    """
    argv = [str(a) for a in argv]
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=seconds, cwd=cwd, errors="replace", env=env, preexec_fn=preexec)
    except subprocess.TimeoutExpired as e:
        raise Failed("%s: no end after %d s\n%s" % (" ".join(argv), seconds, e.stdout))
    if done.returncode != status:
        raise Failed("%s: exit status %d\n%s" % (" ".join(argv), done.returncode, done.stdout))
    return done.stdout


def run_detached(argv, seconds, log, output=None):
    """As run(), of a command that leaves something running with its descriptors: the output goes to a file.

    output: another file than the one with the messages.
    """
    argv = [str(a) for a in argv]
    with open(output or log, "w") as out:
        try:
            done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, timeout=seconds)
        except subprocess.TimeoutExpired:
            raise Failed("%s: no end after %d s\n%s" % (" ".join(argv), seconds, end_of(log)))
    if done.returncode:
        raise Failed("%s: exit status %d\n%s" % (" ".join(argv), done.returncode, end_of(log)))


def keepers():
    """The pids of the keepers in this sandbox."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.path.basename(os.readlink("/proc/%s/exe" % pid)) == "uffd-wp-keeper":
                found.append(int(pid))
        except OSError:
            pass
    return found


def end_containers():
    """Kills what is left, so that cgroups can go: they are not part of the sandbox."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        if int(pid) not in (1, os.getpid()):
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                pass
