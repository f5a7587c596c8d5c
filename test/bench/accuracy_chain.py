# SPDX-License-Identifier: GPL-2.0
"""What a chain of images says a task's memory holds, read without CRIU, and the comparison with the memory."""

import os
import sys

import benchlib
import criucmd
from criucmd import PAGE, PE_PARENT, PE_PRESENT, Failed

sys.path.insert(0, os.path.join(benchlib.TOP, "test", "demo"))
from memcount import ZERO, digest  # noqa: E402


class Level:
    """The pages of one task in one image directory. parent: the Level below, or None. All addresses are bytes."""

    def __init__(self, images, pid, parent):
        self.images, self.parent = images, parent
        head, *entries = criucmd.load_image(os.path.join(images, "pagemap-%d.img" % pid))
        self.pages = os.path.join(images, "pages-%d.img" % head["pages_id"])
        self.present = {}  # address -> offset in the file of pages
        self.left = set()  # addresses of pages left to the parent
        for entry in entries:
            self._add(entry)
        size = os.path.getsize(self.pages) if self.present else 0
        if size != len(self.present) * PAGE:
            raise Failed("%s: the page map names %d pages, there are %d" % (images, len(self.present), size // PAGE))

    def _add(self, entry):
        start = entry["vaddr"]
        addresses = range(start, start + (entry.get("nr_pages") or entry["compat_nr_pages"]) * PAGE, PAGE)
        flags = criucmd.page_flags(entry)
        if flags & PE_PARENT:
            self.left.update(addresses)
        elif flags & PE_PRESENT:
            first = len(self.present)
            self.present.update((a, (first + i) * PAGE) for i, a in enumerate(addresses))

    def contents(self, addresses):
        """Yields (address, digest of what a restore would find there, None: no page). Ascending, of all levels."""
        files = {}
        try:
            for address in sorted(addresses):
                level = self._level_of(address)
                if level is None:
                    yield address, None
                    continue
                if level not in files:
                    files[level] = open(level.pages, "rb", buffering=0)
                yield address, digest(os.pread(files[level].fileno(), PAGE, level.present[address]))
        finally:
            for f in files.values():
                f.close()

    def _level_of(self, address):
        level = self
        while level and address not in level.present:
            level = level.parent if address in level.left else None
        return level

    def missed(self, snapshot, files):
        """Addresses where a restore of these images would give other content than the task has: what was lost.

        files: whether mappings of files are looked at, whose pages the plugin leaves to the last dump.

        Mappings that the snapshot leaves out, such as the vdso, are not looked at.
        """
        wrong = []
        for address, stored in self.contents(snapshot.own | self.present.keys() | self.left):
            true = snapshot.content(address)
            if true is None or not files and not snapshot.is_anonymous(address):
                continue
            # Without a page in the images it is what a new mapping would give.
            if stored is None and snapshot.is_anonymous(address):
                stored = ZERO
            if stored != true:
                wrong.append(address)
        return wrong
