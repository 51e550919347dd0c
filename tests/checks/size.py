# SPDX-License-Identifier: BSD-2-Clause
"""Checks that no source file has more than 450 lines, no function more than 60, no line more than
100 columns.

usage: size.py ROOT
"""
import re
import sys

import source_tree

FILE_LINES = 450
FUNCTION_LINES = 60
COLUMNS = 100
NOT_CODE = re.compile(r'//.*|"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])+\'|^\s*#.*')
# C comments, and preprocessor lines with their continuations.
NOT_LINES = re.compile(r"/\*[\s\S]*?\*/|^[ \t]*#(?:.*\\\n)*.*", re.MULTILINE)
# A block that is not a function's: a scope, a type, or the value of something.
OTHER_BLOCK = re.compile(
    r"^(template\s*<.*>\s*)?(inline\s+|typedef\s+|static\s+|const\s+|constexpr\s+)*"
    r"(namespace|class|struct|union|enum)\b(?!.*\)\s*(const|noexcept|override|final|\s)*$)"
    r"|^extern\s*$|=\s*$")


def long_blocks(text_lines):
    """Yields (line, length) of every block of statements that is too long."""
    stack, head = [], ""
    without = NOT_LINES.sub(lambda m: "\n" * m[0].count("\n"), "\n".join(text_lines))
    for number, line in enumerate(without.split("\n"), 1):
        code = NOT_CODE.sub("", line)
        for character in code:
            if character == "{":
                stack.append((number, OTHER_BLOCK.search(" ".join(head.split())) is not None))
                head = ""
            elif character == "}" and stack:
                start, is_other = stack.pop()
                if not is_other and number - start + 1 > FUNCTION_LINES:
                    yield start, number - start + 1
                head = ""
            elif character == ";":
                head = ""
            else:
                head += character
        head += " "


def complaints(root):
    for path in source_tree.files(root, suffixes=source_tree.CODE_SUFFIXES + (".py",)):
        text = source_tree.lines(root, path)
        if len(text) > FILE_LINES:
            yield f"{path}: {len(text)} lines, more than {FILE_LINES}"
        for number, line in enumerate(text, 1):
            if len(line.expandtabs()) > COLUMNS:
                yield f"{path}:{number}: more than {COLUMNS} columns"
        if not path.endswith(".py"):
            for start, length in long_blocks(text):
                yield f"{path}:{start}: a function of {length} lines, more than {FUNCTION_LINES}"


source_tree.finish(complaints(sys.argv[1]))
