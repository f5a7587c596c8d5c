# SPDX-License-Identifier: GPL-2.0
"""The plain copy of some pages of a subject: what a dump cannot do without."""

import ctypes
import os
import random
import time

from benchlib import Failed
from criucmd import PAGE

_libc = ctypes.CDLL(None, use_errno=True)
IOV_MAX = 1024


class IoVec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("len", ctypes.c_size_t)]


_libc.process_vm_readv.restype = ctypes.c_ssize_t
_libc.process_vm_readv.argtypes = [ctypes.c_int, ctypes.POINTER(IoVec), ctypes.c_ulong, ctypes.POINTER(IoVec),
                                   ctypes.c_ulong, ctypes.c_ulong]


def _random_pages(base, nr_pages, nr):
    """Spread as those that the subject writes: one out of each stretch."""
    for i in range(nr):
        yield base + PAGE * random.randrange(nr_pages * i // nr, nr_pages * (i + 1) // nr)


def seconds_for_dirty_pages(subject):
    """How long process_vm_readv() takes for as many pages as a round writes. Not for a sparse subject."""
    shape = subject.shape
    pages, dirty = shape.pages() // shape.tasks, shape.dirty_pages() // shape.tasks
    buffer = ctypes.create_string_buffer(IOV_MAX * PAGE)
    ctypes.memset(buffer, 1, len(buffer))
    calls = []
    for pid in subject.pids:
        addresses = list(_random_pages(subject.base, pages, dirty))
        for i in range(0, dirty, IOV_MAX):
            part = addresses[i:i + IOV_MAX]
            local = IoVec(ctypes.addressof(buffer), len(part) * PAGE)
            calls.append((pid, local, (IoVec * len(part))(*[(a, PAGE) for a in part])))
    start = time.monotonic()
    for pid, local, remote in calls:
        done = _libc.process_vm_readv(pid, ctypes.byref(local), 1, remote, len(remote), 0)
        if done != local.len:
            raise Failed("process_vm_readv: %d of %d bytes: %s" % (done, local.len, os.strerror(ctypes.get_errno())))
    return time.monotonic() - start
