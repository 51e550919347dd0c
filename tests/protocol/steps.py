# SPDX-License-Identifier: BSD-2-Clause
"""The labelled steps of the cache protocol, in the models and in the code.

A step is called get.3 in the code's comments and get_3 in the models, where a dot cannot be.

usage: steps.py ROOT: checks that the models and the code have the same steps.
"""
import glob
import os
import re
import sys

OPERATIONS = "get|put|recall|settle|attach|wait|destroy"
LABEL = re.compile(rf"\b({OPERATIONS})_(\d)\s*:")
COMMENT = re.compile(r"//(.*)")
MENTION = re.compile(rf"(?<![\w.])({OPERATIONS})\.(\d)\b")
CODE = ("include/pool9/detail/*.hpp", "src/cache/*.?pp", "src/pool/*.?pp")
MODELS = ("tests/protocol/*.pml",)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def in_model(text):
    """The lines at which each step stands, by the step's name."""
    lines = {}
    for number, line in enumerate(text.splitlines(), 1):
        for operation, step in LABEL.findall(line):
            lines.setdefault(f"{operation}.{step}", set()).add(number)
    return lines


def in_code(text):
    return {f"{operation}.{step}" for comment in COMMENT.findall(text)
            for operation, step in MENTION.findall(comment)}


def of_files(root, patterns, steps_of):
    found = {}
    for pattern in patterns:
        for path in glob.glob(os.path.join(root, pattern)):
            for step in steps_of(read(path)):
                found.setdefault(step, os.path.relpath(path, root))
    return found


def main(root):
    models = of_files(root, MODELS, in_model)
    code = of_files(root, CODE, in_code)
    for step in sorted(models.keys() - code.keys()):
        print(f"{models[step]}: {step}: no such step in the code")
    for step in sorted(code.keys() - models.keys()):
        print(f"{code[step]}: {step}: no such step in the models")
    sys.exit(0 if models and models.keys() == code.keys() else 1)


if __name__ == "__main__":
    main(*sys.argv[1:])
