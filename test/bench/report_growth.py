# SPDX-License-Identifier: GPL-2.0
"""The report's tables and pictures of growth.csv."""

import benchlib
import growthfit
import plots

METRICS = ("stopped", "wall time", "peak memory")
NAMES = {growthfit.MEMORY: "growth-memory", growthfit.ADDRESS_SPACE: "growth-address-space",
         growthfit.VMAS: "growth-vmas", growthfit.TASKS: "growth-tasks"}
WHAT = {growthfit.MEMORY: "all of it populated", growthfit.ADDRESS_SPACE: "256 MiB of it populated",
        growthfit.VMAS: "256 MiB in all", growthfit.TASKS: "256 MiB in all"}


def _picture(rows, axis):
    series = {}
    for variant in benchlib.distinct(rows, "variant"):
        points = growthfit.curve(rows, axis, variant, "stopped")
        series[variant] = [(x, benchlib.Summary(*[v / 1000 for v in y[:3]], y.count)) for x, y in points]
    return plots.curves(NAMES[axis], "Time stopped: %s (%s)" % (axis, WHAT[axis]), axis, "milliseconds", series)


def _cell(metric, points, whole, end):
    ends = [growthfit.scaled(metric, y.min) for _, y in (points[0], points[-1])]
    return "%.2f (%.2f): %s to %s" % (whole, end, *ends)


def _table(rows, axis):
    cells = {}
    points = []
    for a, variant, metric, points_here, whole, end in growthfit.fits(rows):
        if a == axis:
            cells[variant, metric] = _cell(metric, points_here, whole, end)
            points = points_here
    header = ["stopped, ms", "wall time, ms", "peak memory, MiB"]
    lines = [[v] + [cells.get((v, m), "-") for m in METRICS] for v in benchlib.distinct(rows, "variant")]
    heading = "%s: %s" % (axis.split(",")[0], " to ".join("{:,}".format(p[0]) for p in (points[0], points[-1])))
    return benchlib.markdown([heading + " " + (axis.split(", ") + [""])[1]] + header, lines)


def verdict(rows):
    found = ["%s of the %s (k %.2f, at the end %.2f; %s ms with %d GiB, %s ms with %d GiB)" %
             (metric, variant, whole, end, growthfit.scaled(metric, points[0][1].min), points[0][0],
              growthfit.scaled(metric, points[-1][1].min), points[-1][0])
             for axis, variant, metric, points, whole, end in growthfit.fits(rows)
             if growthfit.grows_with_address_space(axis, whole, end)]
    if found:
        return "These grow with address space: %s.\n" % "; ".join(found)
    return "Nothing that was measured grows with address space (exponent above %.2f).\n" % growthfit.SUSPICIOUS


def growth(rows):
    for axis in growthfit.AXES:
        if not any(r.case.startswith(axis + ": ") for r in rows):
            continue
        yield "![Time stopped against %s](%s)\n" % (axis, _picture(rows, axis))
        yield _table(rows, axis)
    yield verdict(rows)


def costs_per_unit(rows, axis, variant):
    """Microseconds stopped for each further unit of the axis, from the smallest to the largest size."""
    points = growthfit.curve(rows, axis, variant, "stopped")
    if len(points) < 2:
        return None
    (x0, y0), (x1, y1) = points[0], points[-1]
    return (y1.min - y0.min) / (x1 - x0)

