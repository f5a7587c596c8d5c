# SPDX-License-Identifier: GPL-2.0
"""The report's tables of iterations.csv and final.csv."""

import benchlib
import dumps
import plots
from benchlib import spread, summary

# metric: (heading, divided by)
METRICS = {
    "stopped": ("Time stopped, ms", 1000),
    "largest gap": ("Largest gap that a thread of the target saw, ms", 1000),
    "wall time": ("Time that the command took, ms", 1000),
    "written": ("Written, MiB", 1 << 20),
    "peak memory": ("Memory of criu at its peak, MiB", 1024),
}
OURS = [p.name for p in dumps.PRE_DUMPS if p.tracker == "uffd-wp"]


def figures(rows, case, variant, metric):
    return summary(benchlib.values(rows, case=case, variant=variant, metric=metric))


def ratio(rows, case, metric, over, under):
    return spread(summary(benchlib.ratios(rows, case, metric, over, under)))


def _present(rows, names):
    return [n for n in names if benchlib.select(rows, variant=n)]


def _picture(rows, name, title, variants):
    names = benchlib.distinct(rows, "case")
    series = {v: [_ms(figures(rows, case, v, "stopped")) for case in names] for v in variants}
    return plots.cases(name, title, "milliseconds", names, series)


def _ms(found):
    return found and benchlib.Summary(*[v / 1000 for v in found[:3]], found.count)


def _iterations_table(rows, metric):
    heading, scale = METRICS[metric]
    variants = _present(rows, OURS) + [dumps.FULL]
    quiet = metric == "largest gap"
    lines = []
    for case in benchlib.distinct(rows, "case"):
        line = [case] + [spread(figures(rows, case, v, metric), scale) for v in variants]
        if quiet:
            line.append(spread(figures(rows, case, OURS[0], "largest gap without a dump"), scale))
        lines.append(line + [ratio(rows, case, metric, OURS[0], dumps.FULL)])
    header = [heading] + variants + (["no dump"] if quiet else []) + ["%s / full dump" % OURS[0]]
    return benchlib.markdown(header, lines)


def iterations(rows):
    picture = _picture(rows, "iterations", "Time stopped by a pre-dump", _present(rows, OURS) + [dumps.FULL])
    yield "![Time stopped by a pre-dump and by a full dump](%s)\n" % picture
    for metric in METRICS:
        yield _iterations_table(rows, metric)


PAIRS = (("soft-dirty splice", "ours splice"), ("soft-dirty read", "ours read"))
# Less than that is a loss, and not noise.
WORSE = 0.95


def of_least(rows, case, metric, over, under):
    """The least of one divided by the least of the other: what moves least on a busy machine. None without values."""
    least = [figures(rows, case, v, metric) for v in (over, under)]
    return least[0].min / least[1].min if all(least) else None


def _both_ratios(rows, case, metric, over, under):
    least = of_least(rows, case, metric, over, under)
    return "%s; %s" % (ratio(rows, case, metric, over, under), benchlib.number(least)) if least else "-"


def iterations_next_to_soft_dirty(rows):
    for over, under in PAIRS:
        lines = [[case] + [_both_ratios(rows, case, m, over, under) for m in METRICS]
                 for case in benchlib.distinct(rows, "case")]
        yield benchlib.markdown(["%s / %s" % (over, under), *METRICS], lines)
    yield _worse_than_soft_dirty(rows, PAIRS, METRICS)


def _worse_than_soft_dirty(rows, pairs, metrics):
    """What is worse by median and by least, so that one bad run does not count."""
    found = []
    for case in benchlib.distinct(rows, "case"):
        for over, under in pairs:
            for m in metrics:
                r = summary(benchlib.ratios(rows, case, m, over, under))
                least = of_least(rows, case, m, over, under)
                if r and r.median < WORSE and least < WORSE:
                    found.append("%s of %s with %s (%s; %s)" % (m, under, case, benchlib.number(r.median),
                                                               benchlib.number(least)))
    if not found:
        return "Nowhere is ours worse by more than 5%, by median and by the least.\n"
    return "Ours is worse by more than 5%%, by median and by the least: %s.\n" % "; ".join(found)


FLOOR = "floor"


def final(rows):
    picture = _picture(rows, "final", "Time stopped by the dump that ends a task", ["ours", dumps.FULL, FLOOR])
    yield "![Time stopped by the last dump, by a full dump, and the floor](%s)\n" % picture
    lines = []
    for case in benchlib.distinct(rows, "case"):
        ms = [spread(figures(rows, case, v, "stopped"), 1000) for v in ("ours", dumps.FULL, FLOOR)]
        ms[1:1] = [spread(figures(rows, case, "ours", "stopped for memory"), 1000)]
        ms.append(spread(figures(rows, case, FLOOR, "ending the tasks"), 1000))
        lines.append([case] + ms + [ratio(rows, case, "stopped", "ours", v) for v in (dumps.FULL, FLOOR)])
    header = ["Time stopped, ms", "ours", "of it for memory", dumps.FULL, FLOOR, "ending the tasks alone"]
    yield benchlib.markdown(header + ["ours / full dump", "ours / floor"], lines)
    for metric in ("wall time", "written", "peak memory"):
        heading, scale = METRICS[metric]
        lines = [[case] + [spread(figures(rows, case, v, metric), scale) for v in ("ours", dumps.FULL)]
                 for case in benchlib.distinct(rows, "case")]
        yield benchlib.markdown([heading, "ours", dumps.FULL], lines)


def final_next_to_soft_dirty(rows):
    metrics = ("stopped", "stopped for memory", "wall time", "written", "peak memory")
    lines = [[case] + [_both_ratios(rows, case, m, "soft-dirty", "ours") for m in metrics]
             for case in benchlib.distinct(rows, "case")]
    yield benchlib.markdown(["soft-dirty / ours", *metrics], lines)
    yield _worse_than_soft_dirty(rows, (("soft-dirty", "ours"),), metrics)
