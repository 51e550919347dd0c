# SPDX-License-Identifier: BSD-2-Clause
"""Checks that the probes that readelf finds in a file are those that docs/TRACING.md lists, with as
many arguments, that the commands there name no others, and that none lies in what programs inline.

usage: probes.py ROOT FILE
"""
import re
import subprocess
import sys

import source_tree

ROW = re.compile(r"\| `(\w+)` \| (.*) \|$")
NOTE = re.compile(r"Provider: pool9\s+Name: (\w+)\s+Location: .*?Arguments: ([^\n]*)", re.DOTALL)
ARGUMENT = re.compile(r"8@(%\w+|\$-?\d+|x\d+|-?\d+|xzr)$")

COMMAND = re.compile(r"(?:^ {4}\S.*\n)(?:^ {5,}\S.*\n)*", re.MULTILINE)
NAMED = re.compile(r"pool9:(\w+)")
USED = re.compile(r"\b(?:_probe_)?arg(\d+)")


def of_commands(text, documented):
    """What bpftrace, perf and GDB would say of the commands; GDB's arguments are of the probe that
    the line before names."""
    name = None
    for command in COMMAND.findall(text):
        for part in re.split(r"(?=usdt:)", command):
            name = (NAMED.findall(part) or [name])[-1]
            if name is not None and name not in documented:
                yield f"docs/TRACING.md: no probe is called {name}: {part.strip()}"
            for number in USED.findall(part):
                if name is None or int(number) >= documented.get(name, 0):
                    yield f"docs/TRACING.md: {name} has no argument {number}: {part.strip()}"


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
    yield from of_commands("\n".join(source_tree.lines(root, "docs/TRACING.md")) + "\n", documented)
    for name in sorted(set(documented) - found):
        yield f"docs/TRACING.md: {name} is not in {file}"
    for path in source_tree.files(root, "include"):
        if any("POOL9_PROBE" in line for line in source_tree.lines(root, path)):
            yield f"{path}: a probe in a public header"


source_tree.finish(complaints(*sys.argv[1:]))
