# SPDX-License-Identifier: GPL-2.0
"""The tests. Each is a function that gets a directory; it returns what was measured, or raises Failed."""

import concurrent.futures
import contextlib
import errno
import glob
import mmap
import os
import shutil
import signal
import subprocess
import time

import criurpc
import host
import rootfs
import runtimes
import subjects
import systemd
from criucmd import TOP, Failed, dump_stats, end_of, image_bytes, wait_until

PRE_DUMPS = 3
CROWD = 20
CROWD_MB = 50


class Skip(Exception):
    """What the test needs is not there; the text says what."""


def make(runtime, directory, subject, name="subject", edit=None, **options):
    """A running container with its subject."""
    directory = os.path.join(directory, name)
    os.makedirs(directory)
    program = subject(rootfs.make(os.path.join(directory, "rootfs")), **options)
    container = runtime(name, directory, program.argv, getattr(program, "cwd", "/"))
    container.prepare(edit)
    container.start()
    program.start(container)
    return container, program


def size_of(images):
    """Bytes of a level, with its final pass."""
    final_pass = os.path.join(images, "final-pass")
    return image_bytes(images) + (image_bytes(final_pass) if os.path.isdir(final_pass) else 0)


def check_stats(container, number, live=False):
    stats = dump_stats(container.stats(number))
    if stats.get("mem_tracker", {}).get("name") != "uffd-wp":
        raise Failed("dump %d was not tracked by uffd-wp" % number)
    if container.has_parent(number) and not int(stats["pages_skipped_parent"]):
        raise Failed("dump %d left nothing to its parent" % number)
    # All tasks of the first are stopped for a moment to become tracked; others list none.
    if live != bool(stats.get("tasks_stopped")) and number == 1:
        raise Failed("dump 1 was %s" % ("not live" if live else "live"))


def chain(runtime, subject, directory, live=False, edit=None, inspect=lambda container: None):
    """Pre-dumps, the last dump, a restore, and the subject is as it must be. Returns what the images take.

    edit: changes the configuration; inspect: looks at the container, before the dumps and after the restore.
    """
    container, program = make(runtime, directory, subject, edit=edit)
    inspect(container)
    sizes = []
    for number in range(1, PRE_DUMPS + 2):
        program.change()
        if number <= PRE_DUMPS:
            container.pre_dump(number)
        else:
            container.dump(number)
        check_stats(container, number, live)
        sizes.append(size_of(container.images(number)))
    final_pass = os.path.join(container.images(number), "final-pass")
    if live != os.path.isdir(final_pass):
        raise Failed("the last dump has %s final pass" % ("no" if live else "a"))
    if program.share and sizes[-1] > sizes[0] * program.share:
        raise Failed("the last dump is not small: %s bytes" % sizes)
    container.restore(number)
    program.check(container)
    inspect(container)
    container.remove()
    return "images: " + ", ".join("%.1f" % (n / 2**20) for n in sizes) + " MiB"


# Live mode, by one line of configuration

def live_by(name, runtime, subject, directory):
    host.configure(name, "pre-dump-mode live")
    return chain(runtime, subject, directory, live=True)


# The keeper

def _pre_dumped(directory):
    container, program = make(runtimes.Runc, directory, subjects.Blocks)
    container.pre_dump(1)
    return container, program, _the_keeper()


def _the_keeper():
    found = host.keepers()
    if len(found) != 1:
        raise Failed("there are %d keepers" % len(found))
    return found[0]


def _namespaces(pid):
    return {os.path.basename(p): os.readlink(p) for p in glob.glob("/proc/%d/ns/*" % pid)}


def keeper_only_for_pre_dumps(directory):
    """Questions start no keeper, nor does a checkpoint without a parent; the first pre-dump starts one."""
    container, program = make(runtimes.Runc, directory, subjects.Blocks)
    host.run(["criu", "check", "--feature", "mem_dirty_track"])
    host.run(["criu", "check"])
    criurpc.version()
    if not criurpc.feature_check().mem_track:
        raise Failed("criu swrk says that there is no mem_track")
    if host.keepers():
        raise Failed("a question started a keeper")
    container.dump(0, "--leave-running")
    if host.keepers():
        raise Failed("a full checkpoint started a keeper")
    text = container.pre_dump(1)
    if "mem_track:true" not in text.replace("MemTrack", "mem_track"):
        raise Failed("the feature check of runc does not say mem_track:\n" + text)
    _the_keeper()
    program.check(container)


def keeper_lets_go(directory):
    """The caller's pipes are at their end when it exits, and the keeper outlives caller and process group."""
    container, program = make(runtimes.Runc, directory, subjects.Blocks)
    # run() reads both streams to their end.
    start = time.monotonic()
    container.pre_dump(1)
    seconds = time.monotonic() - start
    keeper = _the_keeper()
    for fd in glob.glob("/proc/%d/fd/*" % keeper):
        target = os.readlink(fd)
        if target.startswith("pipe:") or directory in target:
            raise Failed("the keeper has %s open" % target)
    if os.getsid(keeper) == os.getsid(0) or os.getpgid(keeper) == os.getpgid(0):
        raise Failed("the keeper is in its caller's session or group")
    container.pre_dump(2)
    if _the_keeper() != keeper:
        raise Failed("the keeper did not survive the runtime")
    check_stats(container, 2)
    return "%.2f s" % seconds


def keeper_cgroup(directory):
    """It is neither in its caller's cgroup nor in the container's: both can be killed and removed."""
    group = os.path.join("/sys/fs/cgroup", "freezer" if host.has_cgroup_v1() else "", host.CGROUP, "caller")
    os.makedirs(group)
    container, _ = make(runtimes.Runc, directory, subjects.Blocks)

    def enter():
        with open(group + "/cgroup.procs", "w") as f:
            f.write("0")

    images = container.images(1)
    os.makedirs(images)
    host.run(["runc", "checkpoint", "--pre-dump", "--image-path", images, "--work-path", images, container.name],
             preexec=enter)
    keeper = _the_keeper()
    with open(group + "/cgroup.procs") as f:
        left = f.read().split()
    if left:
        raise Failed("in the cgroup of the caller there is still %s, the keeper is %d" % (left, keeper))
    os.rmdir(group)
    with open("/proc/%d/cgroup" % keeper) as f:
        ours = f.read().split()
    if any(host.CGROUP in line for line in ours):
        raise Failed("the keeper is in a cgroup of caller or container: %s" % ours)
    container.remove()
    wait_until(lambda: not os.path.exists("/proc/%d" % keeper), 15, "the keeper, with nothing to hold, to end")


def keeper_namespaces(directory):
    """It has all namespaces of its caller and none of the container; nothing of a container that is gone stays."""
    container, _, keeper = _pre_dumped(directory)
    ours, its, theirs = _namespaces(os.getpid()), _namespaces(keeper), _namespaces(container.pid())
    if its != ours:
        raise Failed("the keeper's namespaces: %s, its caller's: %s" % (its, ours))
    for kind in ("mnt", "pid", "net", "ipc", "uts"):
        if theirs[kind] in its.values():
            raise Failed("the keeper is in the %s namespace of the container" % kind)
    with open("/proc/%d/maps" % keeper) as f:
        if directory in f.read():
            raise Failed("the keeper has a file of the container mapped")
    other, _ = make(runtimes.Runc, directory, subjects.Counter, name="other")
    other.pre_dump(1)  # keeps the keeper
    container.remove()
    wait_until(lambda: not _mentions(theirs["net"]), 10, "the container's network namespace to go")


def keeper_killed(directory):
    """Between two pre-dumps: the next one is full, those after it are not, and the container is as it must be."""
    container, program, keeper = _pre_dumped(directory)
    os.kill(keeper, signal.SIGKILL)
    wait_until(lambda: not host.keepers(), 10, "the end of the keeper")
    program.change()
    container.pre_dump(2)
    if int(dump_stats(container.stats(2))["pages_skipped_parent"]):
        raise Failed("pages were left to the parent without a keeper")
    program.change()
    container.dump(3)
    check_stats(container, 3)
    container.restore(3)
    program.check(container)


def keeper_of_other_mounts(directory):
    """Runtimes with a mount namespace of their own and those without share a keeper as long as they share /run."""
    container, _ = make(runtimes.Runc, directory, subjects.Blocks)
    images = container.images(1)
    os.makedirs(images)
    host.run(["unshare", "--mount", "runc", "checkpoint", "--pre-dump", "--image-path", images, "--work-path", images,
              container.name])
    keeper = _the_keeper()
    container.pre_dump(2)
    if _the_keeper() != keeper:
        raise Failed("it is another keeper")
    check_stats(container, 2)


def _mentions(namespace):
    """Whether a process is in that namespace, or holds it open."""
    for link in glob.glob("/proc/[0-9]*/ns/net") + glob.glob("/proc/[0-9]*/fd/*"):
        try:
            if os.readlink(link) == namespace:
                return True
        except OSError:
            pass
    return False


# Confinement

def under_seccomp(action, directory):
    """A filter forbids userfaultfd to the container. CRIU opens one in it all the same, and the filter stays."""

    def forbid(config):
        config["linux"]["seccomp"] = {
            "defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"],
            "syscalls": [{"names": ["userfaultfd"], "action": action}],
        }

    def is_forbidden(container):
        status = {"SCMP_ACT_ERRNO": errno.EPERM, "SCMP_ACT_KILL_PROCESS": 128 + signal.SIGSYS}[action]
        container.call("exec", container.name, "/bin/blocks", "userfaultfd", status=status)

    return chain(runtimes.Runc, subjects.Blocks, directory, edit=forbid, inspect=is_forbidden)


def under_podmans_seccomp(directory):
    """As above, with the filter that podman and docker use unless told otherwise."""

    def is_forbidden(container):
        container.call("exec", container.name, "/bin/blocks", "userfaultfd", status=errno.EPERM)

    return chain(runtimes.Podman, subjects.Blocks, directory, inspect=is_forbidden)


def user_namespace(config):
    linux = config["linux"]
    linux["namespaces"].append({"type": "user"})
    linux["uidMappings"] = linux["gidMappings"] = [{"containerID": 0, "hostID": 100000, "size": 65536}]


def in_user_namespace(directory):
    def give(config):
        user_namespace(config)
        rootfs.give_to(os.path.join(directory, "subject", "rootfs"), 100000)

    return chain(runtimes.Runc, subjects.Blocks, directory, edit=give)


# What it takes

class Usage:
    """Of a command and all that it started and waited for."""

    def __init__(self, what, argv):
        start = time.monotonic()
        pid = os.posix_spawnp(argv[0], argv, os.environ)
        _, status, usage = os.wait4(pid, 0)
        if status:
            raise Failed("%s: %s" % (" ".join(argv), os.waitstatus_to_exitcode(status)))
        self.text = "%s: %.1f s, CPU %.1f s, largest process %.0f MiB" % (
            what, time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def resources(directory, megabytes, live=False):
    """Of runc with everything below it. Not a test: it only fails if something does not work."""
    if live:
        host.configure("runc.conf", "pre-dump-mode live")
    container, program = make(runtimes.Runc, directory, subjects.Blocks, megabytes=megabytes)
    lines = []
    for number in range(1, 4):
        images = container.images(number)
        os.makedirs(images)
        program.change()
        argv = ["runc", "checkpoint", "--image-path", images, "--work-path", images]
        argv += ["--parent-path", "../%d" % (number - 1)] if number > 1 else []
        argv += ["--pre-dump"] if number < 3 else []
        used = Usage("pre-dump %d" % number if number < 3 else "dump", [*argv, container.name])
        stats = dump_stats(images)
        stored = stats["pages_written"] * mmap.PAGESIZE
        final = os.path.join(images, "final-pass")
        if os.path.isdir(final):
            stored += dump_stats(final)["pages_written"] * mmap.PAGESIZE
        lines.append("%s, %.1f MiB of pages, stopped %.0f ms" % (used.text, stored / 2**20, stats["frozen_time"] / 1000))
    with open("/proc/%d/status" % _the_keeper()) as f:
        keeper = next(line.split()[1] for line in f if line.startswith("VmRSS"))
    return "\n    " + "\n    ".join([*lines, "keeper: %s KiB" % keeper])


# Many at once

def _count_fds(pid):
    return len(os.listdir("/proc/%d/fd" % pid))


def crowd(directory, live=False):
    """Containers pre-dumped and dumped all at once: each one gets its own pages back, and the keeper forgets them."""
    if live:
        host.configure("runc.conf", "pre-dump-mode live")
    # One that is tracked all the time, so that it is one keeper from beginning to end.
    first, _, keeper = _pre_dumped(os.path.join(directory, "first"))
    fds = _count_fds(keeper)
    made = [make(runtimes.Runc, directory, subjects.Blocks, name="c%02d" % i, megabytes=CROWD_MB, seed=1000 + i)
            for i in range(CROWD)]
    seconds = []
    with concurrent.futures.ThreadPoolExecutor(CROWD) as pool:
        def all_at_once(what):
            start = time.monotonic()
            for _ in pool.map(lambda pair: what(*pair), made):
                pass
            seconds.append(time.monotonic() - start)

        for number in range(1, PRE_DUMPS + 1):
            all_at_once(lambda container, program: container.pre_dump(number))
        most = _count_fds(keeper)
        all_at_once(lambda container, program: container.dump(PRE_DUMPS + 1))
        for container, _ in made:
            for number in range(1, PRE_DUMPS + 2):
                check_stats(container, number, live)
        if _the_keeper() != keeper:
            raise Failed("it is another keeper")
        wait_until(lambda: _count_fds(keeper) == fds, 10, "the keeper to forget: it had %d descriptors, at most %d, "
                   "now %d" % (fds, most, _count_fds(keeper)))
        all_at_once(lambda container, program: container.restore(PRE_DUMPS + 1))
        all_at_once(lambda container, program: program.check(container))
    with open("/proc/%d/status" % keeper) as f:
        rss = next(line.split()[1] for line in f if line.startswith("VmRSS"))
    if most < fds + 2 * CROWD:
        raise Failed("the keeper had %d descriptors for %d containers" % (most, CROWD))
    first_bytes = sum(size_of(c.images(1)) for c, _ in made)
    last_bytes = sum(size_of(c.images(PRE_DUMPS + 1)) for c, _ in made)
    if last_bytes > first_bytes / 2:
        raise Failed("the last dumps are not small: %d of %d bytes" % (last_bytes, first_bytes))
    for container, _ in made:
        container.remove()
        shutil.rmtree(container.directory)
    return "seconds: pre-dumps %s, dumps %.1f, restores %.1f; first images %.0f MiB, last %.0f; keeper %s KiB" % (
        ", ".join("%.1f" % s for s in seconds[:PRE_DUMPS]), *seconds[PRE_DUMPS:PRE_DUMPS + 2], first_bytes / 2**20,
        last_bytes / 2**20, rss)


# The guide

def _commands(lines, start, end):
    """The indented lines from one heading to another."""
    i = next(n for n, line in enumerate(lines) if line.startswith(start))
    j = next((n for n, line in enumerate(lines) if n > i and line.startswith(end)), len(lines))
    return [line[4:] for line in lines[i:j] if line.startswith("    ") or not line.strip()]


def guide(name, directory):
    """What docs/containers.md tells to type does what it says: the counter goes on from where it was."""
    with open(os.path.join(TOP, "docs/containers.md")) as f:
        lines = f.read().splitlines()
    script = os.path.join(directory, "commands")
    with open(script, "w") as f:
        f.write("\n".join(["set -ex", *_commands(lines, "# ", "## "), *_commands(lines, "## " + name, "## ")]) + "\n")
    subprocess.run(["mount", "-t", "tmpfs", "guide", "/srv"], check=True, timeout=10)
    log = os.path.join(directory, "log")
    host.run_detached(["bash", script], 60, log)
    if not host.keepers():
        raise Failed("nothing was tracked")
    with open(log) as f:
        counts = [int(line) for line in f.read().splitlines() if line.isdigit()]
    if len(counts) != 2 or not 0 < counts[0] < counts[1] < counts[0] + 100:
        raise Failed("the counter was at %s\n%s" % (counts, end_of(log)))
    return "%d, %d" % tuple(counts)


# A real systemd

SERVICE = "uffd-wp-keeper.service"


class Supervised:
    """blocks, where systemd is pid 1; criu is called there, without a container runtime."""

    def __init__(self, manager, directory):
        self.manager = manager
        self.directory = directory
        os.makedirs(os.path.join(directory, "bin"))
        os.makedirs(os.path.join(directory, "data"))
        self.program = subjects.Blocks(directory)
        script = "cd %s/data; echo $$ >../pid; exec ../bin/blocks 50 1 </dev/null >/dev/null 2>&1" % directory
        self.process = subprocess.Popen([*manager.inside(), "setsid", "sh", "-c", script], stdin=subprocess.DEVNULL)
        self.program.start(None)
        with open(os.path.join(directory, "pid")) as f:
            self.inner_pid = f.read().strip()

    def criu(self, action, number, *args):
        images = os.path.join(self.directory, str(number))
        if action != "restore":
            os.makedirs(images)
            args = (*args, "-t", self.inner_pid)
            args += ("--prev-images-dir", "../%d" % (number - 1)) if number > 1 else ()
        self.manager.run("criu", action, "-D", images, "-o", action + ".log", *args)
        return None if action == "restore" else int(dump_stats(images)["pages_skipped_parent"])

    def pid(self):
        """As we see it."""
        for status in glob.glob("/proc/[0-9]*/status"):
            with contextlib.suppress(OSError), open(status) as f:
                text = f.read()
                if text.startswith("Name:\tblocks\n"):
                    return int(status.split("/")[2])
        raise Failed("blocks does not run")


def supervised_keeper(directory):
    """The units in a real systemd: started by the first pre-dump, killed and restarted, and tracking goes on."""
    if not os.path.exists(systemd.PROGRAM):
        raise Skip("there is no systemd")
    manager = systemd.Systemd(directory, "uffd-wp-keeper.socket")
    try:
        subject = Supervised(manager, os.path.join(directory, "subject"))
        if host.keepers():
            raise Failed("a keeper runs before the first pre-dump")
        subject.criu("pre-dump", 1)
        first = manager.show(SERVICE, "MainPID")
        if not int(first):
            raise Failed("the keeper is not that of systemd: %s" % host.keepers())
        for number, restart in ((2, ["systemctl", "kill", "--signal=KILL", SERVICE]),
                                (3, ["systemctl", "restart", SERVICE])):
            stored = int(manager.show(SERVICE, "NFileDescriptorStore"))
            if stored != 3:
                raise Failed("systemd stores %d descriptors for one task" % stored)
            subject.program.change()
            manager.run(*restart)
            wait_until(lambda: manager.show(SERVICE, "ActiveState") == "active" and
                       manager.show(SERVICE, "MainPID") not in ("0", first), 10, "another keeper")
            first = manager.show(SERVICE, "MainPID")
            if not subject.criu("pre-dump", number):
                raise Failed("pre-dump %d is a full one" % number)
        if not subject.criu("dump", 4, "--track-mem"):
            raise Failed("the dump is a full one")
        subject.process.wait(10)
        wait_until(lambda: manager.show(SERVICE, "ActiveState") == "inactive", 15, "the end of the idle keeper")
        if manager.show(SERVICE, "NFileDescriptorStore") != "0" or manager.show(SERVICE, "Result") != "success":
            raise Failed(manager.run("systemctl", "show", SERVICE))
        subject.criu("restore", 4, "-d")
        subject.program.check(subject)
    finally:
        manager.end()
