# SPDX-License-Identifier: BSD-2-Clause
"""Checks that the probes that readelf finds in a file are those that docs/TRACING.md lists, with as
many arguments, and that none lies in what programs inline.

usage: probes.py ROOT FILE
"""
import re
import subprocess
import sys

import source_tree

ROW = re.compile(r"\| `(\w+)` \| (.*) \|$")
NOTE = re.compile(r"Provider: pool9\s+Name: (\w+)\s+Location: .*?Arguments: ([^\n]*)", re.DOTALL)
ARGUMENT = re.compile(r"8@(%\w+|\$-?\d+|x\d+|-?\d+|xzr)$")


def complaints(root, file):
    listing = subprocess.run(["readelf", "-nW", file], check=True, capture_output=True,
                             text=True).stdout
    documented = {}
    for line in source_tree.lines(root, "docs/TRACING.md"):
        row = ROW.match(line)
        if row:
            documented[row[1]] = row[2].count(" | ")
    found = set()
    for name, arguments in NOTE.findall(listing):
        found.add(name)
        words = arguments.split()
        if len(words) != documented.get(name):
            yield f"{name}: {len(words)} arguments, documented: {documented.get(name)}"
        for word in words:
            if not ARGUMENT.match(word):
                yield f"{name}: no argument: {word}"
    for name in sorted(set(documented) - found):
        yield f"docs/TRACING.md: {name} is not in {file}"
    for path in source_tree.files(root, "include"):
        if any("POOL9_PROBE" in line for line in source_tree.lines(root, path)):
            yield f"{path}: a probe in a public header"


source_tree.finish(complaints(*sys.argv[1:]))
