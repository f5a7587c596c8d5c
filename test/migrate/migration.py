# SPDX-License-Identifier: GPL-2.0
"""Two hosts, a subject on one of them, and what has to hold before, after and without its move."""

import contextlib
import os
import select
import signal
import tempfile

import bundle
import criucmd
from criucmd import Failed, wait_until
from hosts import Bridge, Host

HERE = os.path.dirname(os.path.abspath(__file__))
CTL = os.path.join(criucmd.USR, "bin", "uffd-wpctl")
FACTOR = float(os.environ.get("TEST_TIME_FACTOR", "1"))
MIGRATE_SECONDS = 150 * FACTOR
MEBIBYTES = 48
NAME = "subject"
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


class Migration:
    """In a sandbox (test/lib/sandbox.py); with statement."""

    def __init__(self, obj):
        self.program = os.path.join(obj, "subject")
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        self.dir = self.stack.enter_context(tempfile.TemporaryDirectory(prefix="uffd-wp-test.", dir="/tmp"))
        self.share = self.make_dir("share")
        self.log = os.path.join(self.share, "log")
        self.at_dir = self.make_dir("at")
        self.here, self.there = self.make_dir("images-a"), self.make_dir("images-b")
        self.bridge = Bridge()
        self.a, self.b = (self.add_host(name, i + 1, self.bridge) for i, name in enumerate(("a", "b")))
        self.container = None
        return self

    def __exit__(self, *_):
        self.stack.close()

    def make_dir(self, name):
        path = os.path.join(self.dir, name)
        os.makedirs(path, exist_ok=True)
        return path

    def add_host(self, name, number, bridge):
        host = Host(name, number, bridge, self.dir)
        self.stack.callback(host.kill)
        return host

    # The subject

    def start_process(self, mebibytes=MEBIBYTES):
        pid = self.a.run("sh", "-c", "setsid '%s' %d '%s' </dev/null >/dev/null 2>&1 & echo $!"
                         % (self.program, mebibytes, self.log))
        self.pid = int(pid)
        self.wait_rounds(20)

    def start_container(self):
        self.container = NAME
        path = os.path.join(self.dir, "bundle")
        bundle.make(path, ["/subject", str(MEBIBYTES), self.log], self.program, [self.share])
        self.a.run("sh", "-c", "runc run -d --bundle '%s' %s </dev/null >/dev/null 2>&1" % (path, NAME),
                   PATH=PATH)
        self.wait_rounds(20)

    def rounds(self):
        """[(number, host)] of what the subject did, all of it right."""
        found = []
        try:
            with open(self.log) as f:
                lines = f.read().splitlines()
        except FileNotFoundError:
            lines = []
        for line in lines:
            number, host, wrong = line.split()
            if wrong != "0":
                raise Failed("memory is wrong in round %s on %s" % (number, host))
            found.append((int(number), host))
        return found

    def wait_rounds(self, more):
        start = len(self.rounds())
        wait_until(lambda: len(self.rounds()) >= start + more, 60 * FACTOR, "rounds of the subject")

    def runs_on(self, name):
        """Now; whether both hosts had it for a while is not asked."""
        self.wait_rounds(20)
        host = self.rounds()[-1][1]
        if host != name:
            raise Failed("it runs on %s, not on %s" % (host, name))

    def runs_only_on(self, name):
        """And it always ran on one host only, without losing or repeating a round."""
        self.runs_on(name)
        rounds = self.rounds()
        hosts = [host for _number, host in rounds]
        moves = sum(one != other for one, other in zip(hosts, hosts[1:]))
        if moves != (name != "a"):
            raise Failed("it went to and fro %d times" % moves)
        if [number for number, _host in rounds] != list(range(1, len(rounds) + 1)):
            raise Failed("rounds were lost or repeated")

    def ends_well(self, host):
        """All of its memory is right."""
        host.run("pkill", "-USR1", "-x", "subject")
        wait_until(lambda: "all" in open(self.log).read(), 60 * FACTOR, "end of the subject")

    # Moving it

    def argv(self, *args, rsh=None):
        what = ["-c", self.container] if self.container else ["-t", str(self.pid)]
        rsh = rsh or "%s %s" % (os.path.join(HERE, "rsh"), self.b.socket)
        return [CTL, "migrate", *what, "--rsh", rsh, "--address", self.b.address, "-D", self.here, "--remote-dir",
                self.there, *args]

    def migrate(self, *args, expected=0, says=(), rsh=None, **env):
        status, text = self.a.run(*self.argv(*args, rsh=rsh), check=False, seconds=MIGRATE_SECONDS, PATH=PATH, **env)
        self.check_output(status, text, expected, says)
        return text

    @staticmethod
    def check_output(status, text, expected, says):
        if status != expected:
            raise Failed("exit status %d, not %d:\n%s" % (status, expected, text))
        for words in [says] if isinstance(says, str) else says:
            if words not in text:
                raise Failed("it does not say %r, but:\n%s" % (words, text))

    def slow(self):
        """For the environment: pre-dumps take their time."""
        path = os.path.join(self.dir, "slow.conf")
        with open(path, "w") as f:
            f.write("pre-dump-rate 16M\n")
        return {"CRIU_CONFIG_FILE": path}

    def start_migrate(self, *args, rsh, **env):
        """Starts a migration, for wait()."""
        self.output = open(os.path.join(self.dir, "migrate.out"), "w+")
        self.running = self.a.start(*self.argv(*args, rsh=rsh), stdout=self.output, stderr=self.output, PATH=PATH,
                                    **env)

    def start(self, at, *args, **env):
        """Starts a migration that stops at a point, see rsh-at, and waits until it is there."""
        with open(os.path.join(self.at_dir, "at"), "w") as f:
            print(at, file=f)
        self.start_migrate(*args, rsh="%s %s %s" % (os.path.join(HERE, "rsh-at"), self.at_dir, self.b.socket), **env)
        wait_until(lambda: self.is_at_point() or self.has_ended(), 90 * FACTOR, "the point " + at)
        if not self.is_at_point():
            self.wait(None)

    def is_at_point(self):
        return os.path.exists(os.path.join(self.at_dir, "reached"))

    def has_ended(self):
        return bool(select.select([self.running], [], [], 0)[0])

    def go_on(self, how=""):
        with open(os.path.join(self.at_dir, "go.new"), "w") as f:
            f.write(how)
        os.rename(f.name, os.path.join(self.at_dir, "go"))

    def wait(self, expected, says=()):
        status = Host.wait(self.running, MIGRATE_SECONDS)
        self.output.seek(0)
        text = self.output.read()
        self.output.close()
        self.check_output(status, text, expected, says)
        return text

    def signal_migrate(self, number=signal.SIGINT):
        self.a.run("pkill", "-%d" % number, "-x", "uffd-wpctl")

    def wait_pages(self, host_dir):
        """Until pages of the first pre-dump have come."""
        def there():
            for path, _dirs, files in os.walk(host_dir):
                if any(f.startswith("pages-") and os.path.getsize(os.path.join(path, f)) for f in files):
                    return True
            return False
        wait_until(there, 60 * FACTOR, "pages of a pre-dump")

    # What is left

    def nothing_left(self, b_alive=True):
        for path in (self.here, self.there) if b_alive else (self.here,):
            if os.listdir(path):
                raise Failed("left behind in %s: %s" % (path, os.listdir(path)))
        for host in (self.a, self.b) if b_alive else (self.a,):
            wait_until(lambda: not self.strangers(host), 40 * FACTOR, "only processes that belong on %s; there are %s"
                       % (host.name, self.strangers(host)))
            rules = host.run("nft", "list", "ruleset")
            if rules.strip():
                raise Failed("rules are left on %s:\n%s" % (host.name, rules))
        tracked = self.a.run(CTL, "list")
        if "subject" in tracked:
            raise Failed("it is still tracked: " + tracked)

    @staticmethod
    def strangers(host):
        lines = host.run("ps", "-e", "-o", "pid=,stat=,args=").splitlines()
        return [line.strip() for line in lines if not any(w in line for w in ("host-init", "subject ", "ps -e"))
                and line.split()[1][0] != "Z"]

    def stays(self, b_alive=True):
        """It was not moved: runs where it was, and has not noticed; and can be moved after that."""
        self.runs_only_on("a")
        self.nothing_left(b_alive)
        self.ends_well(self.a)

    def arrived(self):
        self.runs_only_on("b")
        self.nothing_left()
        self.ends_well(self.b)

