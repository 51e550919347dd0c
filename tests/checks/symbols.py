# SPDX-License-Identifier: BSD-2-Clause
"""Checks what the shared library shows: C functions pool9_* and the C++ interface pool9::v1 only,
and of the former exactly those of c_symbols.golden, which are those that <sys/pool.h> refers to.

usage: symbols.py ROOT LIBRARY
"""
import os
import re
import subprocess
import sys

import source_tree

INTERFACE = re.compile(
    r"(vtable for |typeinfo for |typeinfo name for )?pool9::v1::"
    r"(?!detail::(?!bad_option\(|too_many_objects\(|slots$))")


def exported(library, *options):
    listing = subprocess.run(["nm", "-D", "--defined-only", *options, library], check=True,
                             capture_output=True, text=True).stdout
    return [line.split(maxsplit=2)[2] for line in listing.splitlines()]


def differences(one, what_one, other, what_other):
    for name in sorted(one - other):
        yield f"{name}: in {what_one}, not in {what_other}"
    for name in sorted(other - one):
        yield f"{name}: in {what_other}, not in {what_one}"


def complaints(root, library):
    golden = set(source_tree.lines(os.path.dirname(os.path.abspath(__file__)), "c_symbols.golden"))
    header = "\n".join(source_tree.lines(root, "include/pool9-bsd/sys/pool.h"))
    labels = set(re.findall(r"POOL9_SYMBOL\((pool9_\w+)\)", header))
    c_functions = {name for name in exported(library) if re.fullmatch(r"pool9_\w+", name)}
    yield from differences(golden, "c_symbols.golden", labels, "<sys/pool.h>")
    yield from differences(golden, "c_symbols.golden", c_functions, "the library")
    for name in exported(library, "-C"):
        if name not in c_functions and not INTERFACE.match(name):
            yield f"{name}: exported, but not part of the interface"


source_tree.finish(complaints(sys.argv[1], sys.argv[2]))
