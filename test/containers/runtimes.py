# SPDX-License-Identifier: GPL-2.0
"""Container runtimes: how each one starts, pre-dumps, dumps and restores a container.

A container is made with a name, a directory of its own and the command to run in DIRECTORY/rootfs. Images of the
dumps 1, 2, ... are in the directories that images() names. Nothing is told to a runtime but what its users tell it:
criu is found where it is installed.
"""

import json
import os

import host
from criucmd import Failed, wait_until

RUNTIME_SECONDS = 60


class Container:
    """What the runtimes have in common."""

    packages = ()  # of test/containers/fetch
    options = ()  # of the program
    cgroups = host.CGROUP_V2

    def __init__(self, name, directory, argv, cwd="/"):
        self.name = name
        self.directory = directory
        self.root = os.path.join(directory, "rootfs")
        self.argv = argv
        self.cwd = cwd

    def images(self, number):
        return os.path.join(self.directory, str(number))

    def stats(self, number):
        """Where criu leaves its statistics."""
        return self.images(number)

    def has_parent(self, number):
        return number > 1

    def call(self, *args, **options):
        return host.run([self.program, *self.options, *args], RUNTIME_SECONDS, **options)

    def call_detached(self, *args):
        """What it starts may keep its output: not through a pipe, or we would wait for the container's end."""
        host.run_detached([self.program, *self.options, *args], RUNTIME_SECONDS, self.log())

    def log(self):
        return os.path.join(self.directory, "runtime.log")


class Oci(Container):
    """runc and crun: a bundle with a config.json, made as with their "spec"."""

    def prepare(self, edit=None):
        """edit: a function that changes the configuration."""
        self.call("spec", cwd=self.directory)
        path = os.path.join(self.directory, "config.json")
        with open(path) as f:
            config = json.load(f)
        config["process"].update(terminal=False, args=self.argv, cwd=self.cwd)
        config["root"] = {"path": "rootfs", "readonly": False}
        config["linux"]["cgroupsPath"] = "/%s/%s" % (host.CGROUP, self.name)
        if edit:
            edit(config)
        with open(path, "w") as f:
            json.dump(config, f, indent=1)

    def start(self):
        self.call_detached("run", "-d", "--bundle", self.directory, self.name)

    def call_detached(self, *args):
        # The container keeps its standard output, and a file out here could not be dumped.
        host.run_detached([self.program, "--log", self.log(), *args], RUNTIME_SECONDS, self.log(), "/dev/null")

    def pid(self):
        state = json.loads(self.call("state", self.name))
        if state["status"] != "running":
            raise Failed("%s is %s" % (self.name, state["status"]))
        return state["pid"]

    def checkpoint(self, number, *args):
        images = self.images(number)
        os.makedirs(images)
        parent = ("--parent-path", "../%d" % (number - 1)) if number > 1 else ()
        return self.call("checkpoint", *args, "--image-path", images, "--work-path", images, *parent, self.name)

    def pre_dump(self, number):
        return self.checkpoint(number, "--pre-dump")

    def dump(self, number, *args):
        self.checkpoint(number, *args)

    def restore(self, number):
        images = self.images(number)
        self.call_detached("restore", "-d", "--bundle", self.directory, "--image-path", images, "--work-path", images,
                           self.name)

    def remove(self):
        self.call("delete", "--force", self.name)


class Runc(Oci):
    program = "runc"
    packages = ("runc",)
    cgroups = host.CGROUP_V1

    def checkpoint(self, *args):
        self.options = ("--debug",)  # to tell what it learnt from criu
        try:
            return super().checkpoint(*args)
        finally:
            self.options = ()


class Crun(Oci):
    program = "crun"
    packages = ("crun",)


class Podman(Container):
    """Pre-dumps have no parent: each one replaces the one before, and the last dump is made on top of the last."""

    program = "podman"
    packages = ("podman", "runc")
    cgroups = host.CGROUP_V1
    runtime = "runc"
    limits = ()
    last = None  # number of the last dump

    def prepare(self, edit=None):
        self.options = ("--root", os.path.join(self.directory, "podman"), "--runroot", "/run/podman",
                        "--cgroup-manager", "cgroupfs", "--events-backend", "file", "--runtime", self.runtime)

    def start(self):
        self.call_detached("run", "--detach", "--name", self.name, "--network", "none", "--cgroup-parent",
                           "/" + host.CGROUP, *self.limits, "--workdir", self.cwd, "--rootfs",
                  self.root, *self.argv)

    def inspect(self, field):
        return self.call("inspect", "--format", "{{.%s}}" % field, self.name).splitlines()[-1]

    def pid(self):
        return int(self.inspect("State.Pid"))

    def images(self, number):
        return os.path.join(self.inspect("StaticDir"), "checkpoint" if number == self.last else "pre-checkpoint")

    def stats(self, number):
        return self.inspect("StaticDir")

    def has_parent(self, number):
        return number == self.last

    def pre_dump(self, number):
        self.call("container", "checkpoint", "--pre-checkpoint", self.name)

    def dump(self, number, *args):
        self.last = number
        self.call("container", "checkpoint", "--keep", "--with-previous", *args, self.name)

    def restore(self, number):
        self.call_detached("container", "restore", "--keep", self.name)

    def remove(self):
        self.call("rm", "--force", "--time", "0", self.name)


class Lxc(Container):
    program = "lxc-start"
    packages = ("lxc",)

    def prepare(self, edit=None):
        config = {
            "lxc.uts.name": self.name,
            "lxc.rootfs.path": "dir:" + self.root,
            "lxc.net.0.type": "empty",
            "lxc.console.path": "none",
            "lxc.tty.max": "0",
            "lxc.mount.auto": "proc:rw sys:ro",
            "lxc.init.cwd": self.cwd,
            "lxc.cgroup.dir": host.CGROUP,
        }
        self.lxcpath = os.path.join(self.directory, "lxc")
        os.makedirs(os.path.join(self.lxcpath, self.name))
        with open(os.path.join(self.lxcpath, self.name, "config"), "w") as f:
            f.write("".join("%s = %s\n" % item for item in config.items()))

    def lxc(self, program, *args):
        host.run_detached([program, "-P", self.lxcpath, "-n", self.name, *args], RUNTIME_SECONDS, self.log())

    def start(self):
        # Its init gets /dev/null of the host, which could not be dumped; a real one opens its own.
        self.lxc("lxc-start", "-d", "--", "/bin/sh", "-c", 'exec "$0" "$@" </dev/null >/dev/null 2>&1', *self.argv)

    def pid(self):
        return int(host.run(["lxc-info", "-P", self.lxcpath, "-n", self.name, "-p", "-H"]))

    def checkpoint(self, number, *args):
        os.makedirs(self.images(number), exist_ok=True)
        parent = ["--predump-dir=../%d" % (number - 1)] if number > 1 else []
        self.lxc("lxc-checkpoint", *args, "-D", self.images(number), *parent)

    def pre_dump(self, number):
        self.checkpoint(number, "--pre-dump")

    def dump(self, number):
        pid = self.pid()
        self.checkpoint(number, "--stop")
        wait_until(lambda: not os.path.exists("/proc/%d" % pid), 10, "end of the container")

    def restore(self, number):
        self.lxc("lxc-checkpoint", "-r", "-d", "-D", self.images(number))

    def remove(self):
        self.lxc("lxc-stop", "-k")


class PodmanCrun(Podman):
    packages = ("podman", "crun")
    cgroups = host.CGROUP_V2
    runtime = "crun"
    # On a machine with cgroups of both versions, this controller may be one of version 1.
    limits = ("--pids-limit", "-1")
