# SPDX-License-Identifier: BSD-2-Clause
"""Checks that a file does not compile, and that the compiler's message says what the file expects.

usage: compile_fail.py FILE COMPILER [OPTION...]
"""
import re
import subprocess
import sys

import source_tree


def complaints(path, compiler, *options):
    expected = re.search(r"// expect: (.+)", "\n".join(source_tree.lines(".", path)))[1]
    run = subprocess.run([compiler, *options, "-fsyntax-only", path],
                         capture_output=True, text=True)
    if run.returncode == 0:
        yield f"{path}: compiles"
    elif not re.search(expected, run.stderr):
        yield f"{path}: the message does not match '{expected}':\n{run.stderr}"


source_tree.finish(complaints(*sys.argv[1:]))
