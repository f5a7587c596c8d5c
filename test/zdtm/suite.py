# SPDX-License-Identifier: GPL-2.0
"""A copy of CRIU's own test suite, in which zdtm.py runs single tests."""

import contextlib
import fcntl
import os
import re
import shutil
import subprocess
from glob import glob

# Of a machine that is slower than most: what time limits are multiplied by.
TIME_FACTOR = float(os.environ.get("TEST_TIME_FACTOR", "1"))
TEST_SECONDS = 90 * TIME_FACTOR
FLAVORS = ("uns", "ns", "h")  # in the order in which they run
HUGEPAGES = "/proc/sys/vm/nr_hugepages"
NR_HUGEPAGES = 20
USE_HUGEPAGES = ("zdtm/static/maps09", "zdtm/static/maps10", "zdtm/static/memfd02-hugetlb", "zdtm/static/shm-hugetlb")
# zdtm.py starts "python3", which may be one without protobuf elsewhere in PATH.
ENV = dict(os.environ, PATH="/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL="C")

# Without CAP_SYS_RESOURCE only tasks of root itself can be dumped outside of a user namespace.
ROOT_IN_H = (
    "if not test_flag(self.__desc, 'suid'):\n            # Numbers should match those in criu",
    "if self.__flavor.ns and not test_flag(self.__desc, 'suid'):",
)
EDITS = (
    # A setting of the whole host, which every run of zdtm.py changes and puts back; see hugepages().
    ("    orig_hugepages = set_nr_hugepages(20)\n", ""),
    ("    set_nr_hugepages(orig_hugepages)\n", ""),
)

# With an empty /run the test has a keeper of its own, which ends with the namespace, and that with the caller.
SANDBOX = ["setpriv", "--pdeathsig", "KILL", "unshare", "--pid", "--fork", "--kill-child", "--mount", "--mount-proc",
           "sh", "-c", 'mount -t tmpfs -o mode=755 zdtm /run && exec "$@"', "sh"]

TRACKING_WRAPPER = """#!/bin/sh
# What zdtm runs as criu.
action=$1
shift
case $action in
check) set -- --libdir '{plugins}' "$@" ;;
pre-dump) set -- --libdir '{plugins}' --mem-tracker {tracker} "$@" ;;
dump) set -- --libdir '{plugins}' --mem-tracker {tracker} --mem-tracker-verify "$@" ;;
esac
exec '{criu}' "$action" "$@"
"""


class Failed(Exception):
    pass


class Skipped(Exception):
    pass


def find_pycriu(usr, source):
    found = glob(os.path.join(usr, "lib*", "python3*", "*-packages", "pycriu"))
    return os.path.dirname(found[0]) if found else os.path.join(source, "lib")


def write_if_changed(path, text, mode):
    if os.path.exists(path):
        with open(path) as f:
            if f.read() == text:
                return
    with open(path, "w") as f:
        f.write(text)
    os.chmod(path, mode)


def write_wrapper(path, criu, plugins=None, tracker=None):
    """What to give to zdtm.py as criu; without a tracker it adds nothing."""
    if tracker:
        text = TRACKING_WRAPPER.format(criu=criu, plugins=plugins, tracker=tracker)
    else:
        text = "#!/bin/sh\nexec '%s' \"$@\"\n" % criu
    write_if_changed(path, text, 0o755)


def has_cap_sys_resource():
    with open("/proc/self/status") as f:
        return bool(int(re.search(r"^CapEff:\s*(\w+)", f.read(), re.M).group(1), 16) & 1 << 24)


def read_desc(source, name):
    """The .desc file of a test, as "static/maps00"; zdtm.py evaluates it, too."""
    path = os.path.join(source, "test", "zdtm", name + ".desc")
    if not os.path.exists(path):
        return {}
    with open(path) as f:
        return eval(f.read())


def flavors_of(desc):
    allowed = desc.get("flavor", "h ns uns").split()
    return [f for f in FLAVORS if f in allowed]


def make(directory, *targets, keep_going=False):
    """keep_going: builds what can be built, without an error."""
    argv = ["make", "-s", "-j2", "-C", directory, *(["-k"] if keep_going else []), *targets]
    subprocess.run(argv, check=not keep_going, timeout=1800 if keep_going else 600, env=ENV,
                   stdin=subprocess.DEVNULL, stdout=2)


def read_stats(path):
    """pycriu has to be in sys.path."""
    from pycriu import images

    with open(path, "rb") as f:
        return images.load(f)["entries"][0]["dump"]


def stats_of_rounds(directory, nr, tracker):
    """The statistics of the dumps whose images are in the directory: nr of them, all tracked by the tracker."""
    rounds = sorted(glob(os.path.join(directory, "*", "*", "stats-dump")))
    if len(rounds) != nr:
        raise Failed("%d rounds of dumps instead of %d" % (len(rounds), nr))
    stats = [read_stats(path) for path in rounds]
    for n, s in enumerate(stats):
        used = s.get("mem_tracker", {}).get("name")
        if used != tracker:
            raise Failed("dump %d was tracked by %s, not %s" % (n + 1, used, tracker))
    return stats


@contextlib.contextmanager
def hugepages():
    """Raises the number of huge pages of the host to what the suite needs. Yields if it worked."""
    with open(HUGEPAGES) as f:
        before = f.read()
    try:
        with open(HUGEPAGES, "w") as f:
            f.write(str(max(int(before), NR_HUGEPAGES)))
        with open(HUGEPAGES) as f:
            enough = int(f.read()) >= NR_HUGEPAGES
        yield enough
    finally:
        with open(HUGEPAGES, "w") as f:
            f.write(before)


@contextlib.contextmanager
def cgroup_hierarchies(directory):
    """Keeps zdtm's two named hierarchies from the first test to the last. Each zdtm.py makes them as well, if there are
    none, and takes its own down at its end; the criu of a test next to it can then fail to mount them, with EBUSY."""
    def zdtm(script):
        subprocess.run(["flock", "zdtm_mount_cgroups.lock", "./" + script, "run.%d" % os.getpid()], check=True,
                       cwd=directory, env=ENV, timeout=60 * TIME_FACTOR)

    zdtm("zdtm_mount_cgroups")
    try:
        yield
    finally:
        zdtm("zdtm_umount_cgroups")


class Suite:
    """zdtm writes all over its directory, so it works in a copy of it."""

    def __init__(self, source, obj, pycriu):
        self.source = source  # CRIU's, with test/
        self.obj = obj
        self.dir = os.path.join(obj, "test")
        self.pycriu = pycriu
        self.running = set()  # a process for each test under way

    def lock(self):
        """Makes a second run wait: zdtm keeps its state next to the tests."""
        os.makedirs(self.obj, exist_ok=True)
        lock = os.open(os.path.join(self.obj, "lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
        fcntl.flock(lock, fcntl.LOCK_EX)

    def copy(self):
        os.makedirs(self.dir, exist_ok=True)
        subprocess.run(["cp", "-a", "-u", "--no-target-directory", os.path.join(self.source, "test"), self.dir],
                       check=True, timeout=60)

    def build_helpers(self):
        self.copy()
        make(self.dir, "umount2", "zdtm_ct")
        make(os.path.join(self.dir, "zdtm", "lib"))

    def edit(self):
        with open(os.path.join(self.source, "test", "zdtm.py")) as f:
            text = f.read()
        for old, new in EDITS if has_cap_sys_resource() else (ROOT_IN_H, *EDITS):
            if text.count(old) != 1:
                raise SystemExit("test/zdtm does not know this zdtm.py, which lacks %r" % old)
            text = text.replace(old, new)
        write_if_changed(os.path.join(self.dir, "zdtm.py"), text, 0o755)

    def command(self, path, flavor, criu, options):
        argv = ["/usr/bin/python3", "zdtm.py", "run", "-t", path, "-f", flavor, "-k", "always",
                "--criu-bin", criu, "--pycriu-search-path", self.pycriu, *options]
        return SANDBOX + argv

    def run_zdtm(self, path, flavor, criu, options, log):
        """Exit status of zdtm.py."""
        with open(log, "w") as out:
            proc = subprocess.Popen(self.command(path, flavor, criu, options), stdin=subprocess.DEVNULL, stdout=out,
                                    stderr=out, close_fds=True, start_new_session=True, cwd=self.dir, env=ENV)
            self.running.add(proc)
            try:
                return proc.wait(TEST_SECONDS)
            except subprocess.TimeoutExpired:
                raise Failed("no end after %d s" % TEST_SECONDS)
            finally:
                self.running.discard(proc)
                if proc.poll() is None:
                    proc.kill()  # --kill-child: and everything in the namespace
                    proc.wait()

    def stop(self):
        """Ends the tests under way."""
        for proc in list(self.running):
            proc.kill()

    def keep_dumps(self, path, kept):
        """Moves the images out of the suite, to the path kept."""
        made = os.path.join(self.dir, "dump", path)
        shutil.rmtree(kept, ignore_errors=True)
        if os.path.exists(made):
            shutil.move(made, kept)

    def run(self, path, flavor, criu, options, log):
        """
        One test, as "zdtm/static/maps00". Raises Failed, or Skipped with zdtm's reason. The images go to the path of
        the log, without ".log".
        """
        # zdtm counts on from what an earlier run left behind.
        shutil.rmtree(os.path.join(self.dir, "dump", path), ignore_errors=True)
        try:
            status = self.run_zdtm(path, flavor, criu, options, log)
        finally:
            self.keep_dumps(path, log[:-len(".log")])
        with open(log, errors="replace") as f:
            text = f.read()
        skipped = re.search(r"^Skipping %s \((.*)\)$" % re.escape(path), text, re.M)
        if skipped:
            raise Skipped(skipped.group(1))
        if status:
            raise Failed("zdtm: exit status %d" % status)
        if not re.search(r"= Test %s PASS =" % re.escape(path), text):
            raise Failed("zdtm does not say PASS")
