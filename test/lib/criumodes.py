# SPDX-License-Identifier: GPL-2.0
"""Which pre-dump modes a criu has."""

import re
import subprocess


def pre_dump_modes(criu):
    """The words that --pre-dump-mode takes, as criu --help lists them."""
    text = subprocess.run([criu, "--help"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=30, universal_newlines=True).stdout
    found = re.search(r"--pre-dump-mode .*?(?=\n\s*\n|\n\s+-)", text, re.S)
    return re.findall(r"(?:^|\s)(\w+)\s+- ", found.group(0)) if found else []
