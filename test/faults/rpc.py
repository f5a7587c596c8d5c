#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Asks criu over RPC, as container runtimes do: each request starts a "criu swrk" of its own.

  rpc.py CRIU PYCRIU features               prints "mem_track True" or "mem_track False"
  rpc.py CRIU PYCRIU pre-dump|dump PID DIR LOG [NAME=VALUE...]
  rpc.py CRIU PYCRIU restore DIR LOG [NAME=VALUE...]

NAME=VALUE are further fields of criu_opts. Exit status: 0, 1 when criu answers
that it failed, 2 when it does not answer properly.
"""

import os
import sys


def set_option(opts, name, value):
    field = opts.DESCRIPTOR.fields_by_name[name]
    if field.enum_type:
        setattr(opts, name, field.enum_type.values_by_name[value].number)
    elif value in ("true", "false"):
        setattr(opts, name, value == "true")
    else:
        setattr(opts, name, value)


def features(pycriu, client):
    req = pycriu.rpc.criu_req()
    req.type = pycriu.rpc.FEATURE_CHECK
    req.features.mem_track = True
    resp = client._send_req_and_recv_resp(req)
    if resp.type != pycriu.rpc.FEATURE_CHECK or not resp.success:
        raise pycriu.CRIUExceptionInternal(req.type, "answered %s" % resp)
    print("mem_track", resp.features.mem_track)


def dump_or_restore(client, action, directory, log, *options):
    client.opts.images_dir_fd = os.open(directory, os.O_DIRECTORY)
    client.opts.log_level = 4
    client.opts.log_file = log
    for option in options:
        set_option(client.opts, *option.split("=", 1))
    {"pre-dump": client.pre_dump, "dump": client.dump, "restore": client.restore}[action]()


def main():
    criu, modules, action, *args = sys.argv[1:]
    sys.path.insert(0, modules)
    import pycriu

    client = pycriu.criu()
    client.use_binary(criu)
    try:
        if action == "features":
            features(pycriu, client)
        else:
            if action != "restore":
                client.opts.pid = int(args.pop(0))
            dump_or_restore(client, action, *args)
    except pycriu.CRIUExceptionExternal as e:
        print(e)
        return 1
    except pycriu.CRIUExceptionInternal as e:
        print(e)
        return 2
    return 0


sys.exit(main())
