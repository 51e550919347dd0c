# SPDX-License-Identifier: BSD-2-Clause
"""Makes a core file of a program with pool9, whose layout lies in a file of any name.

usage: hostile_core.py CORE PROGRAM FILE
"""
import os
import struct
import sys

PAGE, IMAGE, ELSEWHERE = 4096, 0x10000000, 0x20000000
HEADER, SEGMENT = 64, 56  # bytes
EXECUTABLE, CORE, LOAD, NOTE, NT_FILE = 2, 4, 1, 4, 0x46494C45


def note(kind, owner, description):
    padded = [part + bytes(-len(part) % 4) for part in (owner, description)]
    return struct.pack("<III", len(owner), len(description), kind) + b"".join(padded)


def headers(kind, segments):
    return (b"\x7fELF\2\1\1" + bytes(9) +
            struct.pack("<HHIQQQIHHHHHH", kind, 62, 1, 0, HEADER, 0, 0, HEADER, SEGMENT,
                        len(segments), 0, 0, 0) +
            b"".join(struct.pack("<IIQQQQQQ", what, 5, at, address, address, size, size, 4)
                     for what, at, address, size in segments))


def image():
    """A page with the library's note: how far it is to the layout, and to the registry's root."""
    at = HEADER + 2 * SEGMENT
    description, root = IMAGE + at + 20, IMAGE + PAGE // 2
    ours = note(1, b"pool9\0", struct.pack("<qq", ELSEWHERE - description, root - description - 8))
    page = headers(EXECUTABLE, [(LOAD, 0, IMAGE, PAGE), (NOTE, at, IMAGE + at, len(ours))]) + ours
    return page.ljust(PAGE // 2, b"\0") + b"\1".ljust(PAGE // 2, b"\0")


def core(name):
    files = [(IMAGE, b"program"), (ELSEWHERE, name)]
    mapped = (struct.pack("<QQ", len(files), 1) +
              b"".join(struct.pack("<QQQ", at, at + PAGE, 0) for at, _ in files) +
              b"".join(path + b"\0" for _, path in files))
    said = note(NT_FILE, b"CORE\0", mapped)
    at = HEADER + 2 * SEGMENT
    return headers(CORE, [(NOTE, at, 0, len(said)), (LOAD, at + len(said), IMAGE, PAGE)]) + said


with open(sys.argv[1], "wb") as file:
    file.write(core(os.fsencode(sys.argv[3])) + image())
with open(sys.argv[2], "wb") as file:
    file.write(image())
