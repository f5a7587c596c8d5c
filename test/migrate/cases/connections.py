# SPDX-License-Identifier: GPL-2.0
"""TCP connections of what is moved. Each test is a function of a Migration."""

import os
import time

from criucmd import Failed, wait_until
from hosts import HERE, PREFIX
from redis_client import Client


def start_redis(migration):
    """With an address that moves, and a client on a host of its own."""
    service = PREFIX + ".100"
    script = os.path.join(migration.dir, "move")
    with open(script, "w") as f:
        f.write("#!/bin/sh\nexport ADDRESS=%s\n%s/move-address \"$@\" || exit\n"
                "[ ! -e %s/refuse ] || [ $1 != target-run ]\n" % (service, HERE, migration.dir))
    os.chmod(script, 0o700)
    migration.client_host = migration.add_host("client", 3, migration.bridge)
    migration.a.run("ip", "address", "add", service + "/32", "dev", "eth0")
    command = "setsid redis-server --port 6379 --protected-mode no --save '' --appendonly no --dir %s" % migration.share
    migration.pid = int(migration.a.run("sh", "-c", command + " </dev/null >/dev/null 2>&1 & echo $!"))
    client = migration.client_host
    wait_until(lambda: "PONG" in client.run("redis-cli", "-h", service, "ping", check=False)[1], 20, "start of redis")
    return script, Client(client, service, 1000, 100)


def counts_on(client):
    time.sleep(1)
    seen = client.since_last()
    if seen["not_consecutive"] or seen["answers"] < 50:
        raise Failed("the client does not count on: %s" % seen)


def connection_survives_move(m):
    script, client = start_redis(m)
    counts_on(client)
    m.migrate("--script", script, "--", "--tcp-established", says="Moved")
    counts_on(client)
    if "redis" not in m.b.run("ps", "-e"):
        raise Failed("redis is not there")
    client.end()
    rules = m.a.run("nft", "list", "ruleset") + m.b.run("nft", "list", "ruleset")
    if rules.strip():
        raise Failed("rules are left: " + rules)


def connection_survives_failure(m):
    script, client = start_redis(m)
    counts_on(client)
    with open(os.path.join(m.dir, "refuse"), "w"):
        pass
    for _ in range(2):
        m.migrate("--script", script, "--", "--tcp-established", expected=1, says=["target-run", "runs on here"])
        counts_on(client)
    os.unlink(os.path.join(m.dir, "refuse"))
    m.migrate("--script", script, "--", "--tcp-established", says="Moved")
    counts_on(client)
    client.end()


def connections_need_an_option(m):
    script, client = start_redis(m)
    m.migrate("--script", script, expected=1, says=["tcp-established", "runs on here"])
    counts_on(client)
    client.end()
