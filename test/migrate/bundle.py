# SPDX-License-Identifier: GPL-2.0
"""Bundles for runc: a few programs of this machine with their libraries, and a configuration."""

import json
import os
import re
import shutil
import subprocess

NAMESPACES = ("pid", "ipc", "uts", "mount")  # not the network: it is the host's


def _libraries(program):
    text = subprocess.run(["ldd", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=20,
                          universal_newlines=True).stdout
    return re.findall(r"(/\S+) \(0x", text)


def _copy(root, path, name=None):
    to = root + (name or path)
    os.makedirs(os.path.dirname(to), exist_ok=True)
    shutil.copy2(os.path.realpath(path), to)


def make(directory, argv, program, mounts=()):
    """A bundle that runs argv. program: path of the file to be argv[0]. mounts: directories seen at the same path."""
    root = os.path.join(directory, "rootfs")
    for name in ("dev", "proc", "sys", "tmp", "run", "etc"):
        os.makedirs(os.path.join(root, name), exist_ok=True)
    _copy(root, program, argv[0])
    for library in _libraries(program):
        _copy(root, library)
    subprocess.run(["runc", "spec", "--bundle", directory], check=True, timeout=20, stdout=subprocess.DEVNULL)
    path = os.path.join(directory, "config.json")
    with open(path) as f:
        config = json.load(f)
    process = config["process"]
    process.update(args=list(argv), terminal=False)
    process.pop("oomScoreAdj", None)
    process.pop("rlimits", None)
    process.pop("noNewPrivileges", None)
    config["root"]["readonly"] = False
    config["hostname"] = "container"
    config["linux"]["namespaces"] = [{"type": t} for t in NAMESPACES]
    config["linux"].pop("resources", None)
    keep = ("/proc", "/dev", "/dev/pts", "/dev/shm")
    config["mounts"] = [m for m in config["mounts"] if m["destination"] in keep]
    # Where it runs, see host-init.
    config["mounts"].append({"destination": "/run/host", "type": "bind", "source": "/run/host",
                             "options": ["bind", "ro"]})
    for source in mounts:
        os.makedirs(root + source, exist_ok=True)
        config["mounts"].append({"destination": source, "type": "bind", "source": source, "options": ["rbind", "rw"]})
    with open(path, "w") as f:
        json.dump(config, f, indent=1)
