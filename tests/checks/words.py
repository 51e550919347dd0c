# SPDX-License-Identifier: BSD-2-Clause
"""Checks that no text of the repository leaves something open or names a place of one machine.

usage: words.py ROOT
"""
import re
import sys

import source_tree

SUFFIXES = source_tree.CODE_SUFFIXES + (
    ".1", ".3", ".cmake", ".in", ".json", ".map", ".md", ".py", ".sh", ".txt", ".yml",
    "dev", "run", "LICENSE")
# Written so that this file passes its own check.
LEFT_OPEN = re.compile(r"\b(TO[D]O|FIX[M]E|X[X]X|HAC[K])\b")
MACHINE_PATH = re.compile(r"(?<![\w.})/])/(wor[k]|roo[t]|hom[e])(/|\b)")


def complaints(root):
    for path in source_tree.files(root, suffixes=SUFFIXES):
        for number, line in enumerate(source_tree.lines(root, path), 1):
            for pattern, what in ((LEFT_OPEN, "left open"), (MACHINE_PATH, "a machine's path")):
                match = pattern.search(line)
                if match:
                    yield f"{path}:{number}: {what}: {match[0]}"


source_tree.finish(complaints(sys.argv[1]))
