# SPDX-License-Identifier: GPL-2.0
"""From the rows of growth.csv to curves and exponents."""

import math

import benchlib

MEMORY, ADDRESS_SPACE, VMAS, TASKS = "memory, MiB", "address space, GiB", "VMAs", "tasks"
AXES = (MEMORY, ADDRESS_SPACE, VMAS, TASKS)
METRICS = ("stopped", "scan", "wall time", "written", "peak memory")
# A cost with more than that grows with address space. Noise and logarithms stay below it.
SUSPICIOUS = 0.25


def case(axis, size):
    return "%s: %d" % (axis, size)


def curve(rows, axis, variant, metric):
    """[(size, Summary)], by size."""
    points = []
    for name in benchlib.distinct(rows, "case"):
        found_axis, _, size = name.rpartition(": ")
        figures = benchlib.summary(benchlib.values(rows, case=name, variant=variant, metric=metric))
        if found_axis == axis and figures:
            points.append((int(size), figures))
    return sorted(points)


def exponent(points):
    """k of cost = a * size^k, by least squares of the logarithms; None if there are not two points.

    Of the least that was measured at each size: that moves least on a busy machine.
    """
    logs = [(math.log(x), math.log(max(y.min, 1))) for x, y in points]
    if len(logs) < 2:
        return None
    mean_x, mean_y = (sum(column) / len(logs) for column in zip(*logs))
    return sum((x - mean_x) * (y - mean_y) for x, y in logs) / sum((x - mean_x) ** 2 for x, _ in logs)


def fits(rows):
    """Yields (axis, variant, metric, points, exponent, exponent at the end)."""
    for axis in AXES:
        for variant in benchlib.distinct(rows, "variant"):
            for metric in METRICS:
                points = curve(rows, axis, variant, metric)
                if len(points) > 1:
                    yield axis, variant, metric, points, exponent(points), exponent(points[-2:])


def grows_with_address_space(axis, whole, end):
    return axis == ADDRESS_SPACE and max(whole, end) > SUSPICIOUS


def scaled(metric, value):
    """As text: ms or MiB."""
    scale = {"peak memory": 1024, "written": 1 << 20}.get(metric, 1000)
    return benchlib.number(value / scale)


def table(rows):
    """All fits as markdown."""
    lines = []
    for axis, variant, metric, points, whole, end in fits(rows):
        ends = ["%d: %s" % (x, scaled(metric, y.min)) for x, y in (points[0], points[-1])]
        lines.append([axis, variant, metric, *ends, "%.2f" % whole,
                      "%.2f%s" % (end, " **grows**" if grows_with_address_space(axis, whole, end) else "")])
    return benchlib.markdown(["axis", "dump", "cost (ms, MiB), the least", "smallest", "largest", "exponent",
                              "at the end"], lines)
