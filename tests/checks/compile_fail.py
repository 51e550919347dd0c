# SPDX-License-Identifier: BSD-2-Clause
"""Checks that a file does not compile, and that the compiler's message says what the file expects.
A line `// compile with: OPTION...` in it adds options.

usage: compile_fail.py FILE COMPILER [OPTION...]
"""
import re
import subprocess
import sys

import source_tree


def complaints(path, compiler, *options):
    text = "\n".join(source_tree.lines(".", path))
    expected = re.search(r"// expect: (.+)", text)[1]
    added = re.search(r"// compile with: (.+)", text)
    own = added[1].split() if added else []
    run = subprocess.run([compiler, *options, *own, "-fsyntax-only", path],
                         capture_output=True, text=True)
    if run.returncode == 0:
        yield f"{path}: compiles"
    elif not re.search(expected, run.stderr):
        yield f"{path}: the message does not match '{expected}':\n{run.stderr}"


source_tree.finish(complaints(*sys.argv[1:]))
