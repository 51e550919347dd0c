# SPDX-License-Identifier: BSD-2-Clause
"""Checks that every public header compiles alone with libc++, which has no std::stop_token before
18: plainly, and without exceptions and run-time types.

usage: libcxx.py ROOT HEADER...     exits with 77 if no clang++ from 16 on with libc++ is there
"""
import shutil
import subprocess
import sys

import source_tree

WARNINGS = "-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror".split()
OLDEST, NEWEST = 16, 30


def compile_text(compiler, text, *options):
    return subprocess.run([compiler, "-std=c++20", "-stdlib=libc++", "-fsyntax-only", "-x", "c++",
                           "-I", "include", "-I", "include/pool9-bsd", *WARNINGS, *options, "-"],
                          input=text, capture_output=True, text=True)


def find_compiler():
    for version in range(OLDEST, NEWEST):
        compiler = shutil.which(f"clang++-{version}")
        if compiler and compile_text(compiler, "#include <version>\n").returncode == 0:
            return compiler
    print(f"no clang++-{OLDEST} or later with libc++ (clang-16 and libc++-16-dev)")
    sys.exit(77)


def complaints(headers):
    compiler = find_compiler()
    for header in headers:
        for options in [], ["-fno-exceptions", "-fno-rtti"]:
            if options and header == "pool9/asio.hpp":  # Asio itself needs both
                continue
            run = compile_text(compiler, f"#include <{header}>\n" * 2, *options)
            if run.returncode != 0:
                yield f"{header} {' '.join(options)}:\n{run.stderr}"


source_tree.finish(complaints(sys.argv[2:]))
