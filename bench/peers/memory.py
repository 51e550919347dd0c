# SPDX-License-Identifier: BSD-2-Clause
"""W6: memory that comes back, and memory that is ready.

Its contenders do not take turns - they sleep for most of the time, all at once - so it has a
program of its own, bench/memory, that prints what,contender,figure,unit,most.
"""
import collections
import csv
import io
import os
import subprocess

import plots
from matplotlib import pyplot

NAME = "W6"
_COLUMNS = ("what", "contender", "figure", "unit", "most")
_COURSE = "resident by "
_STEP = 0.1  # seconds from one reading of a course to the next


def run(options):
    """Writes W6.csv."""
    command = [os.path.join(options.programs, "../memory")] + ["--turns=3"] * options.quick
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    with open(os.path.join(options.out, f"{NAME}.csv"), "w", encoding="utf-8") as file:
        file.write(",".join(_COLUMNS) + "\n" + printed)


def _rows(directory):
    try:
        with open(os.path.join(directory, f"{NAME}.csv"), encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except FileNotFoundError:
        return []
    for row in rows:
        row["figure"], row["most"] = float(row["figure"]), float(row["most"])
    return rows


def promises(directory):
    """Rows whose figure shall be `most` at most."""
    return [row for row in _rows(directory) if row["most"] != 0]


def figures(directory):
    """(what, unit): {contender: figure}, in the order of the run; no courses."""
    found = collections.defaultdict(dict)
    for row in _rows(directory):
        if not row["what"].startswith(_COURSE):
            found[row["what"], row["unit"]][row["contender"]] = row["figure"]
    return found


def draw(directory):
    """W6.svg: what is resident, over time."""
    courses = collections.defaultdict(lambda: collections.defaultdict(list))
    for row in _rows(directory):
        if row["what"].startswith(_COURSE):
            courses[row["what"].removeprefix(_COURSE)][row["contender"]].append(row["figure"])
    figure, all_axes = pyplot.subplots(1, len(courses), sharey=True, squeeze=False,
                                       figsize=(7.5, 2.6), layout="constrained")
    for axes, (who, lines) in zip(all_axes[0], courses.items()):
        for index, (name, readings) in enumerate(lines.items()):
            axes.plot([i * _STEP for i in range(len(readings))], readings, label=name,
                      color=plots.COLOURS[index % len(plots.COLOURS)],
                      linewidth=2.2 if name == "pool9" else 0.9)
        middle = (max(map(len, lines.values())) - 1) * _STEP / 2
        axes.axvline(middle, color="#999999", linewidth=0.6, linestyle=":")
        axes.set_title(f"{NAME}: 10^6 items of 256 B, 99 % put by {who}; at the dots, the rest",
                       fontsize=7)
        axes.set_xlabel("seconds")
        axes.set_ylim(0, 1.1)
    all_axes[0][0].set_ylabel("resident, of the peak")
    all_axes[0][-1].legend(loc="center right", fontsize=6)
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    pyplot.close(figure)
    plots.write_svg(text.getvalue(), os.path.join(directory, f"{NAME}.svg"))
