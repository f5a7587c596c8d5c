# SPDX-License-Identifier: GPL-2.0
"""Boots a kernel with nothing but some static programs, runs them, and looks at what they and the kernel say."""

import importlib.machinery
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import namedtuple

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
LOGS = os.path.join(TOP, "build", "test", "kernel")
BUILD_SECONDS = 6000
BOOT_SECONDS = 120
SWAP_BYTES = 512 << 20  # sparse

# name: one word; file: a static program; seconds: its time limit; arguments: words
Program = namedtuple("Program", "name file seconds arguments")


def load_vm_run():
    """test/vm/run is a program, but has what a machine of ours needs to be like the others."""
    loader = importlib.machinery.SourceFileLoader("vm_run", os.path.join(TOP, "test", "vm", "run"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("vm_run", loader))
    loader.exec_module(module)
    return module


sys.dont_write_bytecode = True
vm = load_vm_run()


def read_table(path):
    """[[word, ...], ...]"""
    with open(path) as f:
        return [line.split() for line in f if line.strip() and not line.startswith("#")]


def series_names():
    return [line[0] for line in read_table(os.path.join(TOP, "kernel-patches", "kernels"))]


def kernel_name(series, patched, debug):
    return "%s-%s%s" % (series, "patched" if patched else "unpatched", "-debug" * debug)


def build_kernel(kernel):
    subprocess.run([os.path.join(TOP, "test", "vm", "build-kernel"), kernel], check=True, timeout=BUILD_SECONDS)


def prepare():
    """What all machines need."""
    os.makedirs(LOGS, exist_ok=True)
    subprocess.run([os.path.join(TOP, "test", "vm", "fetch-qemu")], check=True, timeout=600)


class Machine:
    """One boot of a kernel."""

    def __init__(self, kernel, programs, log, parameters="", memory="4G"):
        """log: name of the files for what is said; parameters: more of them for the kernel; memory: as for QEMU."""
        self.kernel, self.programs, self.parameters, self.memory = kernel, programs, parameters, memory
        self.results = {}  # name: (exit status, what it printed)
        self.problems = []
        self.log = os.path.join(LOGS, log)
        self.machine, self.images, self.directory = vm.places(kernel)

    def initramfs(self, work):
        root = os.path.join(work, "root")
        os.makedirs(os.path.join(root, "bin"))
        os.makedirs(os.path.join(root, "tests"))
        shutil.copy(shutil.which("busybox", path=os.environ["PATH"] + ":/usr/sbin:/sbin"), os.path.join(root, "bin"))
        shutil.copy(os.path.join(HERE, "init"), root)
        for file in {program.file for program in self.programs}:
            shutil.copy(file, os.path.join(root, "tests"))
        with open(os.path.join(root, "order"), "w") as f:
            f.writelines("%s %d %s %s\n" % (p.name, p.seconds, os.path.basename(p.file), p.arguments)
                         for p in self.programs)
        image = os.path.join(work, "initramfs")
        with open(image, "wb") as out:
            subprocess.run("find . -print0 | cpio --null --quiet -o -H newc -R 0:0", shell=True, cwd=root, stdout=out,
                           check=True, timeout=60)
        return image

    def command(self, work):
        options, tty = vm.MACHINES[self.machine]
        swap = os.path.join(work, "swap")
        with open(swap, "wb") as f:
            f.truncate(SWAP_BYTES)
        return ["nice", "-n", "5", os.path.join(self.images, "qemu", "qemu-system-" + self.machine),
                "-accel", "tcg,thread=multi", *options, "-smp", "2", "-m", self.memory, "-nodefaults", "-no-reboot",
                "-display", "none", "-nic", "none", "-kernel", os.path.join(self.directory, "vmlinuz"),
                "-initrd", self.initramfs(work),
                "-drive", "if=virtio,format=raw,cache=unsafe,file=" + swap,
                "-append", " ".join(("console=%s0" % tty, vm.KERNEL_PARAMETERS, "rdinit=/init", self.parameters)),
                "-serial", "file:" + self.log + ".kernel", "-serial", "file:" + self.log + ".log"]

    def run(self):
        limit = BOOT_SECONDS + sum(program.seconds for program in self.programs)
        for suffix in (".kernel", ".log"):
            # What another run left must not be taken for ours.
            open(self.log + suffix, "w").close()
        with tempfile.TemporaryDirectory(dir=self.images, prefix="check-") as work:
            try:
                subprocess.run(self.command(work), stdin=subprocess.DEVNULL, stdout=sys.stderr, timeout=limit)
            except subprocess.TimeoutExpired:
                self.problems.append("the machine did not end within %d s" % limit)
        with open(self.log + ".log", errors="replace", newline="") as f:
            self.read(f.read().replace("\r", ""))

    def read(self, text):
        for program in self.programs:
            name = re.escape(program.name)
            found = re.search(r"^start %s\n(.*?)^end %s (\d+)$" % (name, name), text, re.M | re.S)
            if found:
                self.results[program.name] = int(found.group(2)), found.group(1).strip()
            else:
                self.problems.append("%s did not end" % program.name)
        with open(self.log + ".kernel", errors="replace") as f:
            self.problems += ["kernel log: " + line for line in vm.troubles(f.read().splitlines())]
        taint = re.search(r"^taint (\d+)$", text, re.M)
        self.problems += ["the kernel is tainted: " + word for bit, word in vm.TAINTS.items()
                          if taint and int(taint.group(1)) & 1 << bit]

    def kernel_log(self):
        """A word for tables."""
        return "not clean" if any("kernel" in problem for problem in self.problems) else "clean"
