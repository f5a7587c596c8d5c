# SPDX-License-Identifier: GPL-2.0
"""A pid and a mount namespace of its own for a test or a demo.

Nothing that is started in there outlives it, pids are free for restore, and
/run is empty: a keeper and a kernel probe cache of its own.
"""

import ctypes
import os
import signal
import subprocess
import sys

CLONE_NEWNS = 0x00020000
CLONE_NEWPID = 0x20000000
PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)


def _call(name, *args):
    if getattr(_libc, name)(*args):
        raise OSError(ctypes.get_errno(), "%s: %s" % (name, os.strerror(ctypes.get_errno())))


def _mount(*args):
    subprocess.run(["mount", *args], check=True, timeout=10)


def _close_leaked_fds():
    """A shell may have left some open; CRIU would find them in everything that is started here."""
    os.closerange(3, 1 << 16)


def _inside(main, parent_end):
    # Ends with the caller, even if that gets SIGKILL; the read notices a caller that is gone already.
    _call("prctl", PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.read(parent_end, 1) != b"1":
        return 1
    # Not in the terminal's foreground group: ^C is for the caller alone.
    os.setsid()
    _close_leaked_fds()
    _mount("--make-rprivate", "/")
    _mount("-t", "proc", "proc", "/proc")
    _mount("-t", "tmpfs", "-o", "mode=755", "sandbox", "/run")
    return main()


def _exit_inside(main, parent_end):
    status = 1
    try:
        status = _inside(main, parent_end)
    except SystemExit as e:
        status = e.code if isinstance(e.code, int) else 1
    except BaseException:  # the traceback is all that the caller gets to see
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status or 0)


def run(main):
    """Runs main() as pid 1 of the sandbox and returns what it returns, an exit status.

    When this function is left, by an exception too, every process in there is gone.
    """
    sys.stdout.flush()
    child_end, our_end = os.pipe()
    _call("unshare", CLONE_NEWPID | CLONE_NEWNS)
    pid = os.fork()
    if pid == 0:
        os.close(our_end)
        _exit_inside(main, child_end)
    os.close(child_end)
    try:
        os.write(our_end, b"1")
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    except BaseException:
        os.kill(pid, signal.SIGKILL)
        # The kernel reports the end of pid 1 only when the whole namespace is empty.
        os.waitpid(pid, 0)
        raise
    finally:
        os.close(our_end)
