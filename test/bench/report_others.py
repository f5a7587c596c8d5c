# SPDX-License-Identifier: GPL-2.0
"""The report's tables of the benchmarks that print tables themselves: these, made again from the CSV."""

import contextlib
import importlib.machinery
import importlib.util
import io
import os

import benchlib


def _program(name):
    """test/bench/NAME as a module."""
    loader = importlib.machinery.SourceFileLoader("bench_" + name, os.path.join(benchlib.HERE, name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


def _printed(function, *args):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        function(*args)
    return out.getvalue()


def primitive(rows):
    program = _program("primitive")
    yield _printed(program.print_scans, rows)
    yield _printed(program.print_writes, rows)


def accuracy(rows):
    yield _printed(_program("accuracy").print_summary, rows)


def slowdown(rows):
    yield _printed(_program("slowdown").print_result, rows)


def live(rows):
    yield from filter(None, (part.report(rows) for part in _program("live").PARTS.values()))


def quick(rows):
    program = _program("quick")
    yield "```\n%s```\n" % _printed(program.judge, rows, program.read_ranges())
