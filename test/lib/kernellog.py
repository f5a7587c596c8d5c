# SPDX-License-Identifier: GPL-2.0
"""What in a kernel log is the kernel's own failure."""

import re

TROUBLE = re.compile(
    r"WARNING: |BUG: |kernel BUG|Oops|general protection|Kernel panic"
    r"|blocked for more than|self-detected stall|detected (expedited )?stalls|rcu: .* starved"
    r"|possible (circular|recursive) locking|inconsistent lock state|INFO: (trying to register|lockdep)"
    r"|soft lockup|hard LOCKUP|bad page state|Bad page"
)


def troubles(lines):
    """The lines that tell of a warning, bug, oops, lock or RCU problem, or hung task."""
    return [line for line in lines if TROUBLE.search(line)]
