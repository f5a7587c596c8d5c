# SPDX-License-Identifier: GPL-2.0
"""What goes wrong on the way. Each test is a function of a Migration."""

from criucmd import Failed, wait_until


def disk_fills_up(m):
    m.start_process()
    m.b.run("mount", "-t", "tmpfs", "-o", "size=100m", "none", m.there)
    m.start("before serve 1")
    m.b.run("dd", "if=/dev/zero", "of=%s/fill" % m.there, "bs=1M", "count=80")
    m.go_on()
    m.wait(1, says=["the page server there failed", "No space left on device"])
    m.b.run("rm", m.there + "/fill")
    if m.b.run("ls", m.there).strip():
        raise Failed("left behind there")
    m.stays()


def dies_while_pages_come(m):
    m.start_process()
    m.start("after serve 1", **m.slow())
    m.go_on()
    m.wait_pages(m.there)
    m.b.kill()
    m.wait(1, says="connection to the other side is lost")
    m.stays(b_alive=False)


def dies(at, waits):
    def test(m):
        m.start_process()
        m.start(at)
        m.b.kill()
        m.go_on()
        m.wait(1, says=["connection to the other side is lost"] + ["waiting"] * waits)
        m.stays(b_alive=False)
    return test


dies_before_the_first = dies("before begin", 0)
dies_between_pre_dumps = dies("before dir 2", 0)
dies_before_restore = dies("before restore", 1)
dies_in_restore = dies("after restore", 1)


def dies_in_restore_of_container(m):
    m.start_container()
    m.start("after restore")
    m.b.kill()
    m.go_on()
    m.wait(1, says=["connection to the other side is lost", "runs on here"])
    m.stays(b_alive=False)


def dies_when_it_runs(m):
    """It has run there for a moment: those rounds are lost with the host."""
    m.start_process()
    m.start("answer restore")
    m.b.kill()
    m.go_on()
    m.wait(1, says="connection to the other side is lost")
    m.runs_on("a")
    m.nothing_left(b_alive=False)
    m.ends_well(m.a)


def link_goes_down_in_an_iteration(m):
    m.start_process()
    m.start("after serve 1", **m.slow())
    m.go_on()
    m.wait_pages(m.there)
    m.b.set_link("down")
    m.wait(1, says="criu pre-dump failed")
    m.stays()


def link_goes_down_in_the_last_dump(m):
    """It is stopped until criu notices."""
    m.start_process()
    m.start("answer serve 2", "--max-iterations", "1")
    m.b.set_link("down")
    m.go_on()
    m.wait(1, says=["the last dump failed", "runs on here"])
    m.stays()


def container_exits(m):
    m.start_container()
    m.start("after serve 1", **m.slow())
    m.go_on()
    m.wait_pages(m.there)
    m.a.run("pkill", "-KILL", "-x", "subject")
    m.wait(1, says="has ended")
    m.nothing_left()


def process_exits_between(m):
    m.start_process()
    m.start("before dir 2")
    m.a.run("pkill", "-KILL", "-x", "subject")
    wait_until(lambda: "subject" not in m.a.run("ps", "-e"), 10, "end of the subject")
    m.go_on()
    m.wait(1, says="has ended")
    m.nothing_left()


def keeper_dies(m):
    """What is tracked is lost, so that the next pre-dump has all again; nothing else."""
    m.start_process()
    m.start("before dir 2")
    m.a.run("pkill", "-KILL", "-x", "uffd-wp-keeper")
    m.go_on()
    m.wait(0)
    m.arrived()


def keeper_dies_in_an_iteration(m):
    m.start_process()
    m.start("after serve 1", **m.slow())
    m.go_on()
    m.wait_pages(m.there)
    m.a.run("pkill", "-KILL", "-x", "uffd-wp-keeper")
    m.output.flush()
    try:
        m.wait(0)
        moved = True
    except Failed:
        moved = False
    m.arrived() if moved else m.stays()
