# SPDX-License-Identifier: BSD-2-Clause
"""Checks that docs/STATS.md tells of every field of pool_stats and every reason for tightness its
unit, when it moves and what its metric is called, and of nothing that there is not.

usage: stats.py ROOT
"""
import re
import sys

import source_tree

NOT_RENDERED_ALONE = {"name": None, "id": None, "wait_ns_total": "wait_seconds_sum",
                      "wait_histogram": "wait_seconds_bucket"}


def fields_of(header):
    body = re.search(r"struct pool_stats \{(.*?)\};", header, re.DOTALL)[1]
    body = re.sub(r"/\*.*?\*/", "", body, flags=re.DOTALL)
    for declaration in body.split(";"):
        for name in re.findall(r"(\w+)(?:\[\d+\])?\s*(?:,|$)", declaration.strip()):
            yield name


def metrics_of(source):
    return dict(re.findall(r'\{"(\w+)",\s*"(\w+)",\s*&', source))


def rows_of(document):
    """Yields (field, metric or None, the other cells) of every row that begins with a name."""
    for line in document:
        match = re.match(r"\| `(\w+)`(?: \(`(\w+)`[^)]*\))? \| (.*) \|$", line)
        if match:
            yield match[1], match[2], [cell.strip() for cell in match[3].split("|")]


def complaints(root):
    header = "\n".join(source_tree.lines(root, "include/pool9/stats.h"))
    metrics = metrics_of("\n".join(source_tree.lines(root, "src/pool/render.cpp")))
    metrics.update(NOT_RENDERED_ALONE)
    expected = set(fields_of(header)) | set(re.findall(r"#define (POOL_TIGHT_\w+)", header))
    told = set()
    for field, metric, cells in rows_of(source_tree.lines(root, "docs/STATS.md")):
        told.add(field)
        if not (cells[0] and cells[1]):
            yield f"docs/STATS.md: {field}: no unit, or not when it moves"
        if not field.startswith("POOL_") and metrics.get(field) != metric:
            yield f"docs/STATS.md: {field}: its metric is {metrics.get(field)}, not {metric}"
    for field in sorted(expected - told):
        yield f"docs/STATS.md: nothing about {field}"
    for field in sorted(told - expected):
        yield f"docs/STATS.md: there is no {field}"


source_tree.finish(complaints(sys.argv[1]))
