# SPDX-License-Identifier: BSD-2-Clause
"""Checks that every test that the documents name exists, and that snippets are the examples'.

usage: promises.py ROOT
"""
import re
import sys

import source_tree

TEST = re.compile(r"^TEST(?:_[FP])?\(\s*(\w+)\s*,\s*(\w+)\s*\)", re.MULTILINE)
NAMED = re.compile(r"`([A-Z]\w+)\.([A-Z]\w+)`")
SNIPPET = re.compile(r"^```(?:cpp|c)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def words_of(text):
    """A line without its comment's column and its indentation."""
    return " ".join(text.split())


def complaints(root):
    tests = set()
    for path in source_tree.files(root, "tests", suffixes=(".cpp",)):
        tests |= set(TEST.findall("\n".join(source_tree.lines(root, path))))
    example_lines = set()
    for path in source_tree.files(root, "examples"):
        example_lines |= {words_of(line) for line in source_tree.lines(root, path)}
    for path in source_tree.files(root, suffixes=(".md",)):
        text = "\n".join(source_tree.lines(root, path)) + "\n"
        for suite, name in NAMED.findall(text):
            if (suite, name) not in tests:
                yield f"{path}: there is no test {suite}.{name}"
        for snippet in SNIPPET.findall(text):
            for line in snippet.splitlines():
                if words_of(line) not in example_lines | {""}:
                    yield f"{path}: not from an example: {line}"


source_tree.finish(complaints(sys.argv[1]))
