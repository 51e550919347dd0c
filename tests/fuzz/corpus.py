# SPDX-License-Identifier: BSD-2-Clause
"""Packs inputs of a fuzzer into a corpus, one a line in hexadecimal digits, and unpacks it.

usage: corpus.py pack DIRECTORY CORPUS
       corpus.py unpack CORPUS DIRECTORY
"""
import hashlib
import os
import sys


def pack(directory, corpus):
    inputs = []
    for name in os.listdir(directory):
        with open(os.path.join(directory, name), "rb") as file:
            inputs.append(file.read())
    with open(corpus, "w", encoding="ascii") as file:
        for one in sorted(set(inputs), key=lambda i: (len(i), i)):
            file.write(one.hex() + "\n")


def unpack(corpus, directory):
    os.makedirs(directory, exist_ok=True)
    with open(corpus, encoding="ascii") as file:
        for line in file:
            one = bytes.fromhex(line)
            with open(os.path.join(directory, hashlib.sha1(one).hexdigest()), "wb") as out:
                out.write(one)


if __name__ == "__main__":
    {"pack": pack, "unpack": unpack}[sys.argv[1]](*sys.argv[2:])
