# SPDX-License-Identifier: BSD-2-Clause
"""What the checks of sources have in common: which files there are, and how a check ends."""
import os
import sys

SKIPPED_DIRECTORIES = {".git", ".cache", "build", "__pycache__"}
CODE_SUFFIXES = (".c", ".cpp", ".h", ".hpp")


def files(root, *directories, suffixes=CODE_SUFFIXES):
    """Yields the paths, relative to root, of the files in these directories ("": everywhere)."""
    for directory in directories or ("",):
        for folder, subfolders, names in os.walk(os.path.join(root, directory)):
            subfolders[:] = sorted(set(subfolders) - SKIPPED_DIRECTORIES)
            for name in sorted(names):
                if name.endswith(suffixes):
                    yield os.path.relpath(os.path.join(folder, name), root)


def lines(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read().splitlines()


def finish(complaints):
    """Prints every complaint and ends the program: with success only if there is none."""
    complaints = list(complaints)
    for complaint in complaints:
        print(complaint)
    sys.exit(1 if complaints else 0)
