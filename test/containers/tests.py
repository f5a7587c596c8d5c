# SPDX-License-Identifier: GPL-2.0
"""The tests by name: what each needs, and which function of cases.py it is."""

import functools

import cases
from host import CGROUP_V2
from runtimes import Crun, Lxc, Podman, PodmanCrun, Runc
from subjects import Blocks, Counter, Redis


class Test:
    """runtime: None if none is needed."""

    def __init__(self, runtime, case, *args, **options):
        self.packages = runtime.packages if runtime else ()
        self.cgroups = options.pop("cgroups", runtime.cgroups if runtime else CGROUP_V2)
        self.run = functools.partial(case, *args, **options)


ALL = {}
for _name, _runtime in (("runc", Runc), ("crun", Crun), ("podman", Podman), ("lxc", Lxc)):
    for _subject in (Counter, Redis):
        ALL["%s/%s" % (_name, _subject.__name__.lower())] = Test(_runtime, cases.chain, _runtime, _subject)
    ALL[_name + "/guide"] = Test(_runtime, cases.guide, {"lxc": "LXC"}.get(_name, _name))

ALL.update({
    "runc/crowd": Test(Runc, cases.crowd),
    "runc/crowd live": Test(Runc, cases.crowd, live=True),
    "runc/live by default.conf": Test(Runc, cases.live_by, "default.conf", Runc, Redis),
    "runc/live by runc.conf": Test(Runc, cases.live_by, "runc.conf", Runc, Blocks),
    "podman/live by runc.conf": Test(Podman, cases.live_by, "runc.conf", Podman, Blocks),
    "crun/live by default.conf": Test(Crun, cases.live_by, "default.conf", Crun, Blocks),
    "podman/live by default.conf": Test(Podman, cases.live_by, "default.conf", Podman, Blocks),
    "lxc/live by default.conf": Test(Lxc, cases.live_by, "default.conf", Lxc, Blocks),
    "runc/user namespace": Test(Runc, cases.in_user_namespace),
    "runc/seccomp error": Test(Runc, cases.under_seccomp, "SCMP_ACT_ERRNO"),
    "runc/seccomp killed": Test(Runc, cases.under_seccomp, "SCMP_ACT_KILL_PROCESS"),
    "podman/with crun": Test(PodmanCrun, cases.chain, PodmanCrun, Redis),
    "podman/default seccomp": Test(Podman, cases.under_podmans_seccomp),
    "keeper/only for pre-dumps": Test(Runc, cases.keeper_only_for_pre_dumps),
    "keeper/lets go": Test(Runc, cases.keeper_lets_go),
    "keeper/cgroup": Test(Runc, cases.keeper_cgroup),
    "keeper/cgroup 2": Test(Runc, cases.keeper_cgroup, cgroups=CGROUP_V2),
    "runc/cgroup 2": Test(Runc, cases.chain, Runc, Blocks, cgroups=CGROUP_V2),
    "keeper/systemd": Test(None, cases.supervised_keeper),
    "keeper/killed": Test(Runc, cases.keeper_killed),
    "keeper/other mounts": Test(Runc, cases.keeper_of_other_mounts),
    "keeper/namespaces": Test(Runc, cases.keeper_namespaces),
})

# Run only if they are asked for by name.
MEASUREMENTS = {
    "measure/runc": Test(Runc, cases.resources, megabytes=1024),
    "measure/runc live": Test(Runc, cases.resources, megabytes=1024, live=True),
}
