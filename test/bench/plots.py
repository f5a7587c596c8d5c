# SPDX-License-Identifier: GPL-2.0
"""Pictures, made with gnuplot."""

import os
import subprocess

import benchlib
from benchlib import Failed

DIRECTORY = os.path.join(benchlib.TOP, "docs", "img")
COMMON = """
set terminal svg size 800,%d font "sans-serif,13" background rgb "white"
set output "%s"
set title "%s" noenhanced
set ylabel "%s" noenhanced
set logscale y
set grid y
set key outside right top noenhanced
set linetype 5 linecolor rgb "#606060"
set format y "%%g"
"""


def _gnuplot(script):
    done = subprocess.run(["gnuplot"], input=script, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          universal_newlines=True, timeout=60)
    if done.returncode:
        raise Failed("gnuplot: %s" % done.stdout)


def _write(name, height, title, y_label, settings, series, style):
    """series: {label: [(x, Summary)]}. Returns the picture's path, relative to docs, or None if there is nothing."""
    series = {label: points for label, points in series.items() if points}
    if not series:
        return None
    os.makedirs(DIRECTORY, exist_ok=True)
    blocks = "".join("$d%d << E\n%s\nE\n" % (i, "\n".join("%g %g %g %g" % (x, *y[:3]) for x, y in points))
                     for i, points in enumerate(series.values()))
    lines = ", ".join('$d%d with %s title "%s"' % (i, style, label) for i, label in enumerate(series))
    _gnuplot(COMMON % (height, os.path.join(DIRECTORY, name + ".svg"), title, y_label) + settings + blocks +
             "plot " + lines + "\n")
    return "img/%s.svg" % name


def curves(name, title, x_label, y_label, series):
    """Curves over a logarithmic axis, with minimum and maximum."""
    settings = 'set logscale x\nset format x "%%g"\nset xlabel "%s" noenhanced\n' % x_label
    return _write(name, 420, title, y_label, settings, series, "yerrorlines pointtype 7 pointsize 0.6")


def cases(name, title, y_label, names, series):
    """Points with minimum and maximum over cases side by side. series: {label: [Summary or None for each case]}."""
    ticks = ", ".join('"%s" %d' % (case.replace("%", "%%"), i) for i, case in enumerate(names))  # a label is a format
    settings = ("set xtics rotate by -35 noenhanced (%s)\nset xrange [-0.6:%g]\nset key outside top center "
                "horizontal\n" % (ticks, len(names) - 0.4))
    shift = 0.6 / max(len(series), 1)
    points = {label: [(i + shift * (n - (len(series) - 1) / 2), y) for i, y in enumerate(values) if y]
              for n, (label, values) in enumerate(series.items())}
    return _write(name, 520, title, y_label, settings, points, "yerrorbars pointtype 7 pointsize 0.7")
