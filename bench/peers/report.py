#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tables and plots of a run, from its peers.csv and run.json.

usage: report.py DIRECTORY
"""
import os
import sys

import contenders
import memory
import plots
import results
import targets
import workloads


_HOW = "../README.md"  # seen from the results
_NO_RACE = ("idle thread",)  # figures that are the system's


def _number(x):
    """Three digits of it."""
    return f"{x:.0f}" if abs(x) >= 99.5 else f"{x:.3g}"


def _table(header, rows):
    yield "| " + " | ".join(header) + " |"
    yield "|---" + "|---:" * (len(header) - 1) + "|"
    for row in rows:
        yield "| " + " | ".join(row) + " |"
    yield ""


def _named(name):
    kind = contenders.BY_NAME[name].kind
    return {"ours": f"**{name}**", "reference": f"*{name}*",
            "single": f"{name} (1 thread)"}.get(kind, name)


def _to_best(figures):
    found = results.best(figures)
    ratio = results.ratio(figures, "pool9", found.contender) if found else None
    return f"**{_number(ratio)}** ({found.contender})" if ratio else "-"


def _figures_table(found, workload, threads, metric):
    """Medians and quartiles of one figure; what pool9 is to the best peer."""
    sizes = found.sizes(workload.name)
    columns = [found.of(workload.name, threads, size, metric) for size in sizes]
    rows = []
    for name in found.names(workload.name):
        cells = [f"{_number(c[name].median)} ({_number(c[name].q1)}-{_number(c[name].q3)})"
                 if name in c else "-" for c in columns]
        rows.append([_named(name), *cells])
    if metric not in _NO_RACE and any(results.best(c) for c in columns):
        rows.append(["pool9 / best peer", *map(_to_best, columns)])
    return _table(["", *(f"{size} B" for size in sizes)], rows)


def _latency_table(found, workload, operation):
    """The four percentiles of an operation in one cell."""
    sizes = found.sizes(workload.name)
    metrics = [m for m in workload.metrics if m.startswith(operation)]
    rows = []
    for name in found.names(workload.name):
        cells = []
        for size in sizes:
            figures = [found.of(workload.name, 2, size, m).get(name) for m in metrics]
            cells.append(" / ".join(_number(f.median) if f else "-" for f in figures))
        rows.append([_named(name), *cells])
    return _table(["", *(f"{size} B" for size in sizes)], rows)


def _sections(found, workload):
    """A section for each workload, in it a table for each figure."""
    if not found.sizes(workload.name):
        return
    yield f"## {workload.name}: {workload.title}"
    yield ""
    if workload.group == "W8":
        for operation in ("get", "put"):
            yield f"{operation}, ns: p50 / p99 / p99.9 / p99.99, medians of the rounds."
            yield ""
            yield from _latency_table(found, workload, operation)
        return
    for threads in found.threads(workload.name):
        for metric, unit in zip(workload.metrics, workload.units):
            what = unit if metric == unit else f"{metric}, {unit}"
            many = f", {threads} threads" if workload.threads else ""
            yield f"{what}{many}: median (quartiles) of the rounds."
            yield ""
            yield from _figures_table(found, workload, threads, metric)


def _group(found, group):
    yield f"# {group}"
    yield ""
    yield f"[The run](README.md); [how each contender is used, and what a ratio means]({_HOW})."
    yield ""
    yield f"![{group}]({group}.svg)"
    yield ""
    for workload in (w for w in workloads.ALL if w.group == group):
        yield from _sections(found, workload)




def _verdict(v, found):
    if v.is_met:
        return "met"
    step = found.run["ns of the clock's step, in W8"]
    if v.target.workload.startswith("W8") and step and v.beyond <= 1.01 * step:
        return "within a step of the clock"
    if v.target.how == "beyond":
        return f"**missed** by {_number(v.figure - v.target.most)} us"
    return f"**missed**, {_number(v.figure / v.target.most)} times that"


def _targets(found):
    rows = []
    for v in targets.verdicts(found):
        shape = {"ratio": "", "beyond": " us", "time": " ns"}[v.target.how]
        most = ("< " if v.target.below else "<= ") + _number(v.target.most) + shape
        rows.append([v.target.what, f"{v.size} B", v.against or "-",
                     _number(v.figure) + shape, most, _verdict(v, found)])
    yield from _table(["target", "items", "against", "here", "target", ""], rows)


def _promises(directory):
    """Those of W6."""
    rows = []
    for row in memory.promises(directory):
        verdict = "met" if row["figure"] <= row["most"] else \
            f"**missed**, {_number(row['figure'] / row['most'])} times that"
        rows.append([f"{memory.NAME}, {row['what']}", f"{_number(row['figure'])} {row['unit']}",
                     f"<= {_number(row['most'])}", verdict])
    if rows:
        yield from _table([f"target, [memory]({memory.NAME}.md)", "here", "target", ""], rows)


def _memory(directory):
    """The page of W6."""
    yield f"# {memory.NAME}"
    yield ""
    yield f"[The run](README.md); [what is measured]({_HOW})."
    yield ""
    yield f"![{memory.NAME}]({memory.NAME}.svg)"
    yield ""
    found = memory.figures(directory)
    names = list(dict.fromkeys(n for figures in found.values() for n in figures))
    rows = [[f"{what}, {unit}" if unit else what,
             *(_number(figures[n]) if n in figures else "-" for n in names)]
            for (what, unit), figures in found.items()]
    yield from _table(["", *names], rows)


def _summary(found, directory):
    """README.md: the run, the targets, the way to the rest."""
    run = found.run
    yield "# pool9 and its peers"
    yield ""
    yield "Written by `./dev bench`" + (" `--quick`" if run["is quick"] else "") + \
        f"; [how it is measured]({_HOW}). All figures: [peers.csv](peers.csv)."
    yield ""
    for what, value in run.items():
        if what == "out of the race":
            value = "; ".join(f"{n} ({why})" for n, why in value.items()) or "nobody"
        elif what == "versions":
            value = ", ".join(f"{name} {version}" for name, version in value.items())
        yield f"- {what}: {value}"
    yield ""
    yield "## Targets"
    yield ""
    yield from _targets(found)
    yield from _promises(directory)
    yield "## Workloads"
    yield ""
    for group in _groups(found):
        titles = "; ".join(w.title for w in workloads.ALL if w.group == group)
        yield f"- [{group}]({group}.md): {titles}"
    if memory.promises(directory):
        yield f"- [{memory.NAME}]({memory.NAME}.md): memory that comes back, and that is ready"


def _groups(found):
    return [g for g in workloads.GROUPS
            if found.has([w for w in workloads.ALL if w.group == g])]


def _write(path, lines):
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines).rstrip("\n") + "\n")


def write(directory):
    """Writes README.md, and a table and a plot for each group of workloads."""
    found = results.Results(directory)
    for group in _groups(found):
        _write(os.path.join(directory, f"{group}.md"), _group(found, group))
        plots.draw(found, group, os.path.join(directory, f"{group}.svg"))
    if memory.promises(directory):
        _write(os.path.join(directory, f"{memory.NAME}.md"), _memory(directory))
        memory.draw(directory)
    _write(os.path.join(directory, "README.md"), _summary(found, directory))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    write(sys.argv[1])
