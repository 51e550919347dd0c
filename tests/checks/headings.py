# SPDX-License-Identifier: BSD-2-Clause
"""Checks that groff, which is what man(1) runs, shows every section of the manual pages.

usage: headings.py PAGE...
"""
import re
import shutil
import subprocess
import sys

import source_tree

HEADING = re.compile(r"^\.Sh (.+)$", re.MULTILINE)


def complaints(pages):
    for path in pages:
        shown = subprocess.run(["groff", "-mdoc", "-Tascii", "-P-cbou", path], check=True,
                               stderr=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        lines = shown.stdout.splitlines()
        with open(path, encoding="utf-8") as page:
            for heading in HEADING.findall(page.read()):
                if heading not in lines:
                    yield f"{path}: groff shows no section {heading}"


if shutil.which("groff") is None:
    sys.exit(77)
source_tree.finish(complaints(sys.argv[1:]))
