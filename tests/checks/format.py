# SPDX-License-Identifier: BSD-2-Clause
"""Checks that every C++ file is as clang-format leaves it.

C files are as their time wrote them.

usage: format.py ROOT CLANG_FORMAT
"""
import re
import subprocess
import sys

import source_tree

DIRECTORIES = ("include", "src", "tests", "examples", "bench", "tools")


def complaints(root, clang_format):
    paths = source_tree.files(root, *DIRECTORIES, suffixes=(".cpp", ".hpp"))
    run = subprocess.run([clang_format, "--dry-run", *paths], cwd=root,
                         capture_output=True, text=True)
    if run.returncode != 0:
        yield run.stderr
    lines = {}
    for path, line in re.findall(r"^(\S+?):(\d+):\d+: warning", run.stderr, re.MULTILINE):
        lines.setdefault(path, []).append(line)
    for path, numbers in lines.items():
        yield f"{path}:{numbers[0]}: not as ./dev format leaves it"


source_tree.finish(complaints(*sys.argv[1:]))
