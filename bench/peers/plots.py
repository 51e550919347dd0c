# SPDX-License-Identifier: BSD-2-Clause
"""A plot for each group of workloads: a row for each contender, a dot for each size - in W8, for
each percentile - on a logarithmic scale, with its quartiles."""
import dataclasses
import io
import re

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams.update({
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "pool9",  # the same figures make the same file
    "font.size": 8,
    "font.sans-serif": ["DejaVu Sans"],
})
from matplotlib import pyplot, ticker  # noqa: E402  (after the choice of the backend)

import contenders  # noqa: E402
import workloads  # noqa: E402

COLOURS = ("#1b6ca8", "#2a9d8f", "#e9a227", "#e76f51", "#7d3c98", "#555555")
_MARKS = "osD^v"
_LATENCY_SIZE = 64
_CROWDED = 500  # a scale so many times as long has no room for 2 and 5 between 1 and 10
_HIDDEN = 1.1  # quartiles that are closer than this lie behind the dot


def _series(found, workload, threads, metric, unit):
    """Pairs of a label and figures by contender.  Memory is relative: sizes are to be compared."""
    series = []
    for size in found.sizes(workload.name):
        figures = found.of(workload.name, threads, size, metric)
        if unit == workloads.BYTES:
            figures = {n: dataclasses.replace(f, median=f.median / size, q1=f.q1 / size,
                                              q3=f.q3 / size) for n, f in figures.items()}
        series.append((f"{size} B", figures))
    return series


def _panels(found, group):
    """A title, the unit and the series of each panel."""
    for workload in (w for w in workloads.ALL if w.group == group):
        sizes = found.sizes(workload.name)
        if not sizes:
            continue
        if group == "W8":
            size = _LATENCY_SIZE if _LATENCY_SIZE in sizes else sizes[0]
            for operation in ("get", "put"):
                yield f"{workload.name}, {operation}, {size} B", "ns", [
                    (m.split()[1], found.of(workload.name, 2, size, m))
                    for m in workload.metrics if m.startswith(operation)]
            continue
        for threads in found.threads(workload.name):
            for metric, unit in zip(workload.metrics, workload.units):
                title = workload.name if metric == unit else f"{workload.name}, {metric}"
                if workload.threads:
                    title += f", {threads} threads"
                yield (title, unit if unit != workloads.BYTES else "of the item's size",
                       _series(found, workload, threads, metric, unit))


def write_svg(text, path):
    """A tenth of a point is fine enough, and half the file."""
    with open(path, "w", encoding="utf-8") as file:
        file.write(re.sub(r"(\d\.\d)\d+", r"\1", text))


def _label(x, _):
    return f"{x:g}"


def _draw_panel(axes, names, title, unit, series):
    for index, (label, figures) in enumerate(series):
        # What is not there, or not above zero, has no place on the scale.
        there = [(row, figures[n]) for row, n in enumerate(names)
                 if n in figures and figures[n].q1 > 0]
        shift = (index - (len(series) - 1) / 2) * 0.14
        colour = COLOURS[index % len(COLOURS)]
        axes.plot([f.median for _, f in there], [row + shift for row, _ in there],
                  _MARKS[index % len(_MARKS)], color=colour, markersize=3, label=label)
        wide = [(row, f) for row, f in there if f.q3 > _HIDDEN * f.q1]
        axes.hlines([row + shift for row, _ in wide], [f.q1 for _, f in wide],
                    [f.q3 for _, f in wide], colors=colour, linewidth=0.7)
    axes.set_xscale("log")
    for axis_part, share in ((axes.xaxis.set_major_locator, (1.0,)),
                             (axes.xaxis.set_minor_locator, (2.0, 5.0))):
        axis_part(ticker.LogLocator(subs=share))
    axes.xaxis.set_major_formatter(ticker.FuncFormatter(_label))
    low, high = axes.get_xlim()
    axes.xaxis.set_minor_formatter(
        ticker.FuncFormatter(_label) if high < _CROWDED * low else ticker.NullFormatter())
    axes.tick_params(axis="x", which="both", labelsize=6)
    axes.set_title(title, fontsize=9)
    axes.set_xlabel(unit)
    axes.grid(axis="x", which="major", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)


def draw(found, group, path):
    """Writes the plot of a group."""
    panels = list(_panels(found, group))
    there = {n for _, _, series in panels for _, figures in series for n in figures}
    names = [c.name for c in contenders.ALL if c.name in there]
    figure, all_axes = pyplot.subplots(
        1, len(panels), sharey=True, squeeze=False,
        figsize=(1.6 + 2.6 * len(panels), 1.0 + 0.24 * len(names)), layout="constrained")
    for axes, panel in zip(all_axes[0], panels):
        _draw_panel(axes, names, *panel)
    first = all_axes[0][0]
    first.set_yticks(range(len(names)), names)
    for tick, name in zip(first.get_yticklabels(), names):
        tick.set_fontweight("bold" if contenders.BY_NAME[name].kind == "ours" else "normal")
        tick.set_fontstyle("italic" if contenders.BY_NAME[name].kind == "reference" else "normal")
    first.invert_yaxis()
    all_axes[0][-1].legend(loc="best", fontsize=7)
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    pyplot.close(figure)
    write_svg(text.getvalue(), path)
