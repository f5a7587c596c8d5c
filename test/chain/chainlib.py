# SPDX-License-Identifier: GPL-2.0
"""One subject, one chain of images: start, step, pre-dump, dump, restore, check.

Runs as pid 1 of a pid namespace of its own (see ./run), which is why it may
reap whatever ends here, and why nothing of a test outlives it.
"""

import argparse
import contextlib
import glob
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

# Of a machine that is slower than most: what time limits are multiplied by.
TIME_FACTOR = float(os.environ.get("TEST_TIME_FACTOR", "1"))
COMMAND_SECONDS = 60 * TIME_FACTOR
ACK_SECONDS = 30

PE_PARENT = 1  # criu/include/pagemap.h
PE_LAZY = 2
PE_PRESENT = 4

# What notices a page that was lost, in the order in which it would: the subject's rules for the page map of each
# dump (and the statistics), --mem-tracker-verify, memsnap's comparison of all memory, the subject's own model of it.
CHECKS = ("rules", "verify", "memory", "model")


class Failed(Exception):
    """The test failed; log (may be None) is the file that says more."""

    def __init__(self, reason, log=None):
        super().__init__(reason)
        self.log = log


class Skipped(Exception):
    pass


def wait_until(condition, seconds, what):
    end = time.monotonic() + seconds * TIME_FACTOR
    while not condition():
        if time.monotonic() > end:
            raise Failed("timed out after %d s: %s" % (seconds, what))
        time.sleep(0.002)


def read_text(path):
    with open(path) as f:
        return f.read()


def tail(path, lines=25):
    try:
        with open(path, errors="replace") as f:
            return "".join(f.readlines()[-lines:])
    except OSError as e:
        return "%s\n" % e


def private_run():
    """An empty /run: a keeper and a kernel probe cache of our own."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "chain-test", "/run"], check=True, timeout=10)


def pids_of_tree(root):
    """The task and its descendants, parents first."""
    children = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            stat = read_text("/proc/%s/stat" % entry)
        except OSError:
            continue
        ppid = int(stat[stat.rindex(")") + 2:].split()[1])
        children.setdefault(ppid, []).append(int(entry))
    tree = [root]
    for pid in tree:
        tree += sorted(children.get(pid, []))
    return tree


def states_of_threads(pid):
    states = []
    for path in glob.glob("/proc/%d/task/*/stat" % pid):
        stat = read_text(path)
        states.append(stat[stat.rindex(")") + 2])
    return states


def reap():
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def argument_parser():
    """For what ./run passes to every test."""
    parser = argparse.ArgumentParser()
    for name in ("--criu", "--plugins", "--tracker", "--pycriu", "--obj", "--dir", "--uffd-wpctl"):
        parser.add_argument(name, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--stock", action="store_true")
    parser.add_argument("--uid", type=int, default=0)
    parser.add_argument("--checks", default=",".join(CHECKS))
    return parser


def run_and_report(test, *args):
    """Prints the verdict of test(*args) the way ./run wants it."""
    # Pid 1 has no default action for signals: let SIGTERM end the namespace.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(1))
    try:
        private_run()
        test(*args)
    except Skipped as e:
        print("skip %s" % e)
    except Failed as e:
        print("fail %s" % e)
        if e.log:
            print("--- end of %s" % e.log)
            print(tail(e.log), end="")
    else:
        print("pass")


class Chain:
    def __init__(self, options, subject, mode):
        self.options = options
        self.subject = subject
        self.mode = mode
        self.dir = options.dir
        self.work = os.path.join(self.dir, "work")
        self.level = -1  # last image directory written
        self.tracked_level = -1  # last level that may serve as parent, -1: none
        self.step_nr = 0
        self.pid = 0
        self.use_page_server = False
        self.lazy = "no"
        self.need_lazy_pages = True
        self.lazy_shared = 0
        self.checks = options.checks.split(",")
        shutil.rmtree(self.dir, ignore_errors=True)
        os.makedirs(self.work)

    # The subject

    def start(self):
        path = os.path.join(self.options.obj, "subjects", self.subject)
        null = open(os.devnull, "r+")
        how = "stock" if self.options.stock else "track"
        # setsid: CRIU refuses a tree whose session leader is not in it.
        argv = [path, self.work, str(self.options.seed), how]
        if self.options.uid:
            user = str(self.options.uid)
            os.chown(self.work, self.options.uid, self.options.uid)
            argv = ["setpriv", "--reuid", user, "--regid", user, "--clear-groups", "--", *argv]
        self.pid = subprocess.Popen(argv, stdin=null, stdout=null, stderr=null, start_new_session=True).pid
        self.wait_ack("setup", 0)

    def wait_ack(self, command, n):
        ack = os.path.join(self.work, "ack")
        wait_until(lambda: os.path.exists(ack) or self.is_gone(), ACK_SECONDS, "%s %d of the subject" % (command, n))
        if not os.path.exists(ack):
            raise Failed("the subject died in %s %d" % (command, n))
        text = read_text(ack)
        if text.startswith("skip "):
            raise Skipped(text[5:])
        if text.startswith("fail "):
            raise Failed("%s %d: %s" % (command, n, text[5:]))

    def is_gone(self):
        reap()
        return not os.path.exists("/proc/%d" % self.pid)

    def command(self, command, n):
        ack = os.path.join(self.work, "ack")
        if os.path.exists(ack):
            os.unlink(ack)
        with open(os.path.join(self.work, "cmd"), "w") as f:
            f.write("%s %d\n" % (command, n))
        os.kill(self.pid, signal.SIGUSR1)
        self.wait_ack(command, n)

    def step(self):
        self.step_nr += 1
        # Also those of processes that have nothing to do in this step.
        for path in glob.glob(os.path.join(self.work, "rules.*")):
            os.unlink(path)
        self.command("step", self.step_nr)

    def check(self):
        if "model" in self.checks:
            self.command("check", self.step_nr)

    def stop(self):
        """Stops the tree, so that nothing changes between memsnap and the dump."""
        tree = pids_of_tree(self.pid)
        for pid in tree:
            os.kill(pid, signal.SIGSTOP)
        for pid in tree:
            wait_until(lambda: set(states_of_threads(pid)) <= set("Tt"), 10, "SIGSTOP of pid %d" % pid)
        return tree

    def resume(self, tree):
        for pid in tree:
            os.kill(pid, signal.SIGCONT)

    # CRIU

    def images(self, level):
        return os.path.join(self.dir, "img-%d" % level)

    def criu_log(self, action):
        return os.path.join(self.dir, "%s-%d.log" % (action, self.level))

    def run(self, argv, log, what, pass_fds=()):
        """Runs a command; its output goes to the file log."""
        with open(log, "a") as out:
            try:
                ret = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, pass_fds=pass_fds,
                                     timeout=COMMAND_SECONDS).returncode
            except subprocess.TimeoutExpired:
                raise Failed("%s: no end after %d s" % (what, COMMAND_SECONDS), log)
        if ret:
            raise Failed("%s: exit status %d" % (what, ret), log)

    def criu(self, action, *args, pass_fds=()):
        log = self.criu_log(action)
        argv = [self.options.criu, action, "-D", self.images(self.level), "-v4", "-o", log]
        try:
            self.run(argv + list(args), log + ".out", "criu " + action, pass_fds)
        except Failed as e:
            raise Failed(str(e), log if os.path.exists(log) else e.log)

    @contextlib.contextmanager
    def page_server(self):
        """Serves one dump, into the directory where its other images go; yields what criu needs to know of it."""
        log = os.path.join(self.dir, "page-server-%d.log" % self.level)
        ours, theirs = socket.socketpair()
        argv = [self.options.criu, "page-server", "-D", self.images(self.level), "-v4", "-o", log]
        argv += ["--ps-socket", str(theirs.fileno())]
        if self.tracked_level >= 0:
            argv += ["--prev-images-dir", "../img-%d" % self.tracked_level]
        server = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                  pass_fds=[theirs.fileno()])
        theirs.close()
        try:
            yield ours.fileno()
            ours.close()
            if server.wait(COMMAND_SECONDS):
                raise Failed("criu page-server: exit status %d" % server.returncode, log)
        finally:
            ours.close()
            server.kill()
            server.wait()

    def send_memory(self, action, *args):
        """A pre-dump or dump, through a page server where the test wants that."""
        if not self.use_page_server:
            self.criu(action, "-t", str(self.pid), *args)
            return
        with self.page_server() as fd:
            self.criu(action, "-t", str(self.pid), "--page-server", "--ps-socket", str(fd), *args, pass_fds=[fd])

    def tracking_args(self):
        args = ["-L", self.options.plugins, "--mem-tracker", self.options.tracker]
        if self.tracked_level >= 0:
            args += ["--prev-images-dir", "../img-%d" % self.tracked_level]
        return args

    def next_level(self):
        self.level += 1
        os.mkdir(self.images(self.level))

    def pre_dump(self, *args):
        self.next_level()
        tree = pids_of_tree(self.pid)
        self.send_memory("pre-dump", "--pre-dump-mode", self.mode, *self.tracking_args(), *args)
        self.check_rules(tree, "pre-dump", live=self.mode == "live")
        self.tracked_level = self.level

    def failing_pre_dump(self):
        """The images before it stay the parent of those after it."""
        try:
            self.next_level()
            self.criu("pre-dump", "-t", str(self.pid), "--timeout", "2", *self.tracking_args())
        except Failed:
            return
        raise Failed("a pre-dump succeeded that cannot")

    def full_dump(self, *args):
        self.next_level()
        tree = pids_of_tree(self.pid)
        if not self.options.stock:
            # The parent's pages are not on the dumping side of a page server: nothing there to compare with.
            verify = ["--mem-tracker-verify"] if "verify" in self.checks and not self.use_page_server else []
            args = ["--track-mem", *verify, *self.tracking_args(), *args]
        self.send_memory("dump", *args)
        self.check_rules(tree, "last")
        return tree

    def check_workers(self):
        """The last dump had processes that compared shared memory, unless there is one processor only."""
        log = self.criu_log("dump")
        if len(os.sched_getaffinity(0)) > 1 and "processes compare shared memory" not in read_text(log):
            raise Failed("criu dump compared shared memory alone", log)

    def dump_and_go_on(self, *args):
        """Everything is dumped, the tree runs on, and the images are a parent like any other."""
        self.full_dump("--leave-running", *args)
        self.tracked_level = self.level

    def dump(self, *args, fault=""):
        """Final dump: the tree is gone afterwards. fault: one of CRIU's injected ones, that it has to cope with."""
        if fault:
            os.environ["CRIU_FAULT"] = fault
        tree = self.full_dump(*args)
        os.environ.pop("CRIU_FAULT", None)
        for pid in tree:
            wait_until(lambda: reap() or not os.path.exists("/proc/%d" % pid), 10, "end of pid %d after the dump" % pid)

    @contextlib.contextmanager
    def lazy_pages(self):
        """Restores in here are lazy ones; in the end all pages are there."""
        images = self.images(self.level)
        log = os.path.join(self.dir, "lazy-pages-%d.log" % self.level)
        argv = [self.options.criu, "lazy-pages", "-D", images, "-v4", "-o", log]
        daemon = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_until(lambda: os.path.exists(os.path.join(images, "lazy-pages.socket")), 10, "criu lazy-pages")
            yield
            try:
                ret = daemon.wait(COMMAND_SECONDS)
            except subprocess.TimeoutExpired:
                raise Failed("criu lazy-pages: no end after %d s" % COMMAND_SECONDS, log)
            if ret:
                raise Failed("criu lazy-pages: exit status %d" % ret, log)
            self.check_lazy_pages(log)
        finally:
            daemon.kill()
            daemon.wait()

    def check_lazy_shared(self, log):
        """As check_lazy_pages(), for each shared memory object that is left to the daemon."""
        objects = re.findall(r"(\d+) of \d+ pages of shared memory (0x[0-9a-f]+) are to come", read_text(log))
        for found, shmid in objects:
            path = os.path.join(self.images(self.level), "pagemap-shmem-%d.img" % int(shmid, 16))
            expected = sum(e["nr_pages"] for e in load_image(self.options, path)[1:]
                           if not e.get("flags", 0) & PE_PARENT or self.lazy == "parents")
            if int(found) != expected or not expected:
                raise Failed("criu lazy-pages: %d pages of %s, %s were left to it" % (expected, shmid, found), log)
        if len(objects) != self.lazy_shared:
            raise Failed("criu lazy-pages: %d shared memory objects" % len(objects), log)

    def check_lazy_pages(self, log):
        """What was left to the daemon is what the last level has, or that and what its parents have."""
        self.check_lazy_shared(log)
        expected = 0
        for path in glob.glob(os.path.join(self.images(self.level), "pagemap-[0-9]*.img")):
            for e in load_image(self.options, path)[1:]:
                flags = e.get("flags", 0)
                if flags & PE_LAZY and (not flags & PE_PARENT or self.lazy == "parents"):
                    expected += e["nr_pages"]
        text = read_text(log)
        found = sum(int(nr) for nr in re.findall(r"Found (\d+) pages to be handled by UFFD", text))
        if found != expected or (expected and "uffd_copy" not in text) or (self.need_lazy_pages and not expected):
            raise Failed("criu lazy-pages: %d pages to be restored lazily, %d were" % (expected, found), log)

    def restore(self, *args):
        if self.lazy == "no":
            self.criu("restore", "-d", *args)
            return
        if self.lazy == "parents":
            args = ["--lazy-parents", *args]
        with self.lazy_pages():
            self.criu("restore", "-d", "--lazy-pages", *args)

    # What the images and the memory must look like

    def check_rules(self, tree, when, live=False):
        """when: "pre-dump" or "last", that is what rules may be restricted to."""
        if "rules" not in self.checks:
            return
        check_stats(self.options, self.images(self.level))
        for pid in tree:
            path = os.path.join(self.work, "rules.%d" % pid)
            if os.path.exists(path):
                check_rules(rules_for(when, live, self.options.tracker, read_text(path)),
                            PageMap(self.options, self.images(self.level), pid, live), self.parent_pages(pid), live)

    def parent_pages(self, pid):
        """What a dump may be expected to leave to the parent images. After live pre-dumps that is what they have."""
        if self.tracked_level < 0:
            return None
        if self.mode != "live":
            return EVERYTHING
        parent = PageMap(self.options, self.images(self.tracked_level), pid, True)
        return parent.present | parent.parent

    def memsnap_save(self, tree):
        for pid in tree:
            log = os.path.join(self.dir, "memsnap-%d.log" % pid)
            self.run([os.path.join(self.options.obj, "memsnap"), "save", str(pid), self.snap_file(pid)], log,
                     "memsnap save of pid %d" % pid)

    def memsnap_compare(self, tree):
        if "memory" not in self.checks:
            return
        for pid in tree:
            log = os.path.join(self.dir, "memsnap-%d.log" % pid)
            volatile = os.path.join(self.work, "volatile.%d" % pid)
            argv = [os.path.join(self.options.obj, "memsnap"), "compare", str(pid), self.snap_file(pid)]
            if os.path.exists(volatile):
                argv.append(volatile)
            self.run(argv, log, "memory of pid %d before the dump and after the restore" % pid)

    def snap_file(self, pid):
        return os.path.join(self.dir, "snapshot-%d" % pid)


class Everything:
    def __contains__(self, page):
        return True


EVERYTHING = Everything()


class PageMap:
    """The page map of one task in one image directory. A live pre-dump may leave the whole task out."""

    def __init__(self, options, images, pid, live):
        self.page = os.sysconf("SC_PAGESIZE")
        self.options = options
        self.images = images
        path = os.path.join(images, "pagemap-%d.img" % pid)
        entries = [] if live and not os.path.exists(path) else load_image(options, path)[1:]
        self.stats = load_image(options, os.path.join(images, "stats-dump"))[0]["dump"]
        self.present, self.parent = set(), set()  # addresses of pages
        for e in entries:
            flags = e.get("flags", PE_PARENT if e.get("in_parent") else PE_PRESENT)
            pages = range(e["vaddr"], e["vaddr"] + (e.get("nr_pages") or e["compat_nr_pages"]) * self.page, self.page)
            if flags & PE_PARENT:
                self.parent.update(pages)
            elif flags & PE_PRESENT:
                self.present.update(pages)

    @staticmethod
    def count(pages, start, length):
        """How many of the pages are in [start, start + length)."""
        return sum(start <= address < start + length for address in pages)

    def shared_images(self):
        return glob.glob(os.path.join(self.images, "pagemap-shmem-*.img"))

    def first_not_here(self, start, length):
        """First page of the range that is not in this image, or None."""
        return next((a for a in range(start, start + length, self.page) if a not in self.present), None)


def load_image(options, path):
    """The entries of an image file, as crit shows them."""
    if options.pycriu not in sys.path:
        sys.path.insert(0, options.pycriu)
    import pycriu

    with open(path, "rb") as f:
        return pycriu.images.load(f)["entries"]


def check_stats(options, images):
    """The tracker's figures must agree with themselves and with CRIU's, which count whole VMAs in addition."""
    stats = load_image(options, os.path.join(images, "stats-dump"))[0]["dump"]
    tracker = stats.get("mem_tracker")
    if not tracker:
        return
    if tracker["name"] != options.tracker:
        raise Failed("stats-dump: tracked by %s, not %s: %s" % (tracker["name"], options.tracker, images))
    if tracker["name"] == "soft-dirty":  # CRIU's own counts nothing
        return
    scanned, dirty, in_parent = (tracker[f] for f in ("pages_scanned", "pages_dirty", "pages_in_parent"))
    if scanned != dirty + in_parent or scanned > stats["pages_scanned"]:
        raise Failed("stats-dump: the tracker scanned %d pages, %d dirty, %d in the parent; CRIU %d: %s" % (
            scanned, dirty, in_parent, stats["pages_scanned"], images))


def check_written(pagemap, start, length, where, live):
    """A live pre-dump may leave mappings that are new to a later dump, but no written page to an earlier one."""
    if live:
        if pagemap.count(pagemap.parent, start, length):
            raise Failed("left to the parent, but was written: " + where)
        return
    missing = pagemap.first_not_here(start, length)
    if missing is not None:
        raise Failed("page %#x was written but is not in the image: %s" % (missing, where))


def check_shared(changed, pagemap):
    """What is in the image of shared memory, all objects together, is what changed."""
    pages = [e for path in pagemap.shared_images() for e in load_image(pagemap.options, path)[1:]]
    stored = sum(e["nr_pages"] for e in pages if e["flags"] & PE_PRESENT)
    if stored != changed:
        raise Failed("%d pages of shared memory dumped, %d changed: %s" % (stored, changed, pagemap.images))


def rules_for(when, live, tracker, text):
    """
    The lines of subject.h's expect_*() that are meant for this kind of dump. "stopped": all but live pre-dumps.
    "plugin": not those by soft-dirty.
    """
    meant_for = {"pre-dump": when == "pre-dump", "last": when == "last", "stopped": not live,
                 "plugin": tracker != "soft-dirty"}
    lines = []
    for line in text.splitlines():
        words = line.split()
        if all(meant_for.get(word, True) for word in words):
            lines.append(" ".join(word for word in words if word not in meant_for))
    return lines


def check_rules(rules, pagemap, in_parent, live):
    """rules: see rules_for(). in_parent: pages the parent images have; None: there are none."""
    has_parent = in_parent is not None
    parent_wanted = False
    for line in rules:
        kind, start, length, *limit = line.split()
        start, length = int(start, 16), int(length)
        where = "[%#x, %#x) in %s" % (start, start + length, pagemap.images)
        if kind == "full":
            if pagemap.count(pagemap.parent, start, length):
                raise Failed("left to the parent, but must be dumped in full: " + where)
        elif kind == "absent":
            if pagemap.count(pagemap.present | pagemap.parent, start, length):
                raise Failed("in a pre-dump, but must be left to the last dump: " + where)
        elif kind == "gone":
            if pagemap.count(pagemap.present | pagemap.parent, start, length):
                raise Failed("in the image or left to the parent, but there is nothing: " + where)
        elif kind == "written":
            check_written(pagemap, start, length, where, live)
        elif kind == "atmost" and has_parent:
            nr = pagemap.count((a for a in pagemap.present if a in in_parent), start, length)
            if nr > int(limit[0]):
                raise Failed("%d pages dumped, at most %s changed: %s" % (nr, limit[0], where))
        elif kind == "shared":
            check_shared(int(limit[0]), pagemap)
        elif kind == "parent" and has_parent:
            nr = pagemap.count(pagemap.parent, start, length)
            parent_wanted = parent_wanted or int(limit[0]) > 0
            if nr < int(limit[0]):
                raise Failed("%d pages left to the parent, at least %s are clean: %s" % (nr, limit[0], where))
    if not has_parent and pagemap.parent:
        raise Failed("pages left to a parent that does not exist: " + pagemap.images)
    if parent_wanted and not pagemap.stats["pages_skipped_parent"]:
        raise Failed("stats-dump: pages_skipped_parent is 0: " + pagemap.images)
