# SPDX-License-Identifier: BSD-2-Clause
"""Checks that #include lines point down only.

    base <- page, base <- cache, both <- pool; page and cache never meet.  The C API, the C++ face,
    the examples and the tools see public headers only, and so do public headers themselves.

usage: layers.py ROOT, or layers.py --planted: plants violations in a tree of its own, and fails
unless it finds each of them.
"""
import os
import re
import sys
import tempfile

import source_tree

PUBLIC = ("pool9/", "sys/pool.h")
INTERNAL = ("base/", "page/", "cache/", "pool/", "face/", "c_api/")
# Path prefix -> the folders of src/ that files there may include.  The first match counts.
MAY_INCLUDE = (
    ("src/base/", ("base/",)),
    ("src/page/", ("base/", "page/")),
    ("src/cache/", ("base/", "cache/")),
    ("src/pool/", ("base/", "page/", "cache/", "pool/")),
    ("src/face/", ("face/",)),
    ("src/c_api/", ("c_api/",)),
    ("src/c_api", ()),
    ("src/", None),  # no file of the library stands outside a layer
    ("include/", ()),
    ("examples/", ()),
    ("tools/", ()),
)
INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^>"]+)[>"]')


def complaints(root):
    for path in source_tree.files(root, "src", "include", "examples", "tools"):
        allowed = next(folders for prefix, folders in MAY_INCLUDE if path.startswith(prefix))
        if allowed is None:
            yield f"{path}: belongs to no layer"
            continue
        for number, line in enumerate(source_tree.lines(root, path), 1):
            match = INCLUDE.match(line)
            if match and not permitted(root, path, allowed, *match.groups()):
                yield f"{path}:{number}: may not include {match[2]}"


def permitted(root, path, allowed, bracket, target):
    if target.startswith(INTERNAL) and os.path.exists(os.path.join(root, "src", target)):
        return target.startswith(allowed)
    if target.startswith(PUBLIC):
        # base knows no pool: not even the public one.
        return bracket == "<" and not path.startswith("src/base/")
    if bracket == "<":
        return ".." not in target
    # Beside a program that is not the library, its own files.
    beside = os.path.normpath(os.path.join(os.path.dirname(path), target))
    return path.startswith(("examples/", "tools/")) and beside.startswith(("examples/", "tools/"))


PLANTED = {
    "src/base/bits.hpp": ('#include "page/layout.hpp"', "#include <pool9/stats.h>"),
    "src/page/layout.hpp": ('#include "cache/magazine.hpp"', '#include "pool/core.hpp"'),
    "src/cache/magazine.hpp": ('#include "page/layout.hpp"',),
    "src/pool/core.hpp": ('#include "c_api/panics.hpp"',),
    "src/face/books.hpp": ('#include "pool/core.hpp"', '#include "base/text.hpp"'),
    "src/c_api/panics.hpp": ('#include "pool/core.hpp"', "#include <base/bits.hpp>"),
    "src/c_api.cpp": ('#include "base/bits.hpp"',),
    "src/stray.cpp": ("#include <new>",),
    "include/pool9/pool.hpp": ('#include "base/bits.hpp"', '#include "../../src/base/bits.hpp"'),
    "examples/small.cpp": ('#include "base/bits.hpp"', '#include "../src/base/bits.hpp"'),
    "tools/poolstat.cpp": ('#include "pool/core.hpp"',),
}


def planted():
    with tempfile.TemporaryDirectory() as root:
        for path, bad_lines in PLANTED.items():
            os.makedirs(os.path.join(root, os.path.dirname(path)), exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                file.write("\n".join(("#include <vector>",) + bad_lines) + "\n")
        found = {complaint.split(": ")[0] for complaint in complaints(root)}
        for path, bad_lines in PLANTED.items():
            if path == "src/stray.cpp":
                expected = [path]
            else:
                expected = [f"{path}:{number}" for number in range(2, 2 + len(bad_lines))]
            for place in expected:
                if place not in found:
                    yield f"planted, but not found: {place}"


source_tree.finish(planted() if sys.argv[1] == "--planted" else complaints(sys.argv[1]))
