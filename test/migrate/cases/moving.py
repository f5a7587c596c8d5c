# SPDX-License-Identifier: GPL-2.0
"""Moves that go well. Each test is a function of a Migration."""

import json
import mmap
import os
import shutil

import criucmd
from criucmd import Failed
from hosts import sh
from migration import CTL, MEBIBYTES, PATH


def moves_process(m):
    m.start_process()
    text = m.migrate(says=["The estimated time", "downtime", "Moved to the other side."])
    if "1 " not in text:
        raise Failed("no table: " + text)
    m.arrived()


def moves_container(m):
    m.start_container()
    m.migrate(says="Moved to the other side.")
    m.arrived()
    if "running" not in m.b.run("runc", "list") or "running" in m.a.run("runc", "list"):
        # The subject has ended by now; the runtime knows it on one side only.
        if m.b.run("runc", "list").count("\n") < 2:
            raise Failed("runc does not know it there")


def kept_directory(top):
    """That of the last dump, of --keep."""
    work = os.path.join(top, os.listdir(top)[0])
    return os.path.join(work, max((n for n in os.listdir(work) if n.isdigit()), key=int))


def restored_pages(migration):
    """How many were there before it ran."""
    stats = criucmd.crit_show(os.path.join(kept_directory(migration.there), "stats-restore"))[0]["restore"]
    return int(stats["pages_restored"])


def moves_lazily(m):
    """All of its memory is there before it is given up here."""
    m.start_process()
    m.migrate("--lazy", "--keep", says="Moved")
    pages = restored_pages(m)
    if pages > (MEBIBYTES << 20) // mmap.PAGESIZE / 10:
        raise Failed("%d pages were read before it ran" % pages)
    for top in (m.here, m.there):
        shutil.rmtree(os.path.join(top, os.listdir(top)[0]))
    m.arrived()


def moves_container_lazily(m):
    m.start_container()
    m.migrate("--lazy", says="Moved")
    m.arrived()


def keeps_files(m):
    m.start_process()
    text = m.migrate("--keep", says=["Moved", "images and logs are in"])
    here, there = (os.listdir(path) for path in (m.here, m.there))
    if len(here) != 1 or len(there) != 1 or not all(name in text for name in here + there):
        raise Failed("kept are %s and %s, but it says:\n%s" % (here, there, text))
    for top, name in ((m.here, here[0]), (m.there, there[0])):
        if not os.path.exists(os.path.join(top, name, "1", "inventory.img")):
            raise Failed("there are no images in " + top)
        shutil.rmtree(os.path.join(top, name))
    m.arrived()


def moves_on_and_back(m):
    m.start_process()
    m.migrate()
    m.a, m.b = m.b, m.a
    m.here, m.there = m.there, m.here
    m.migrate()
    m.wait_rounds(20)
    m.nothing_left()
    m.ends_well(m.b)


def prints_json(m):
    m.start_process()
    status, out = m.a.run(CTL, "--json", *m.argv()[1:], check=False, PATH=PATH)
    result = json.loads(out)
    if status or result["moved"] is not True or result["downtime_ms"] <= 0 or len(result["iterations"]) < 2:
        raise Failed(out)
    if sum(i["bytes_sent"] for i in result["iterations"]) + result["final_bytes_sent"] != result["bytes_sent"]:
        raise Failed("bytes do not add up: " + out)
    first, last = result["iterations"][0]["bytes_sent"], result["final_bytes_sent"]
    if first < 48 << 20 or last >= first:
        raise Failed("the first has to have all, the last one less: " + out)
    m.arrived()


def goal_not_met(m):
    m.start_process()
    m.migrate("--downtime", "1", expected=3, says=["the goal is 1 ms", "not moved", "runs on here"])
    m.stays()


def two_at_once(m):
    m.start_process()
    m.start("before dir 2")
    m.migrate(expected=1, says="is being moved by another")
    m.go_on()
    m.wait(0)
    m.arrived()


def make_certificate(migration):
    key, certificate = (os.path.join(migration.dir, name) for name in ("key.pem", "certificate.pem"))
    sh("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
       "-subj", "/CN=uffd-wp-test", "-keyout", key, "-out", certificate)
    return ["--tls", "--tls-no-cn-verify", "--tls-cacert", certificate, "--tls-cert", certificate, "--tls-key", key]


def moves_process_with_tls(m):
    m.start_process()
    m.migrate(*make_certificate(m), says="Moved")
    m.arrived()


def moves_container_with_tls(m):
    m.start_container()
    m.migrate(*make_certificate(m), says="Moved")
    m.arrived()


def tls_with_wrong_key(m):
    """The page server does not take what comes from others."""
    m.start_process()
    options = make_certificate(m)
    # The other side sees other files under these names.
    m.b.run("sh", "-c", "cd %s && cp certificate.pem key.pem share && mount --bind share/key.pem key.pem" % m.dir)
    make_certificate(m)
    m.b.run("sh", "-c", "cd %s && cp share/certificate.pem share/old.pem && mount --bind share/old.pem certificate.pem"
            % m.dir)
    m.migrate(*options, expected=1, says="the page server there failed")
    m.stays()
