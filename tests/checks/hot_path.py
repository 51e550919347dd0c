# SPDX-License-Identifier: BSD-2-Clause
"""Counts the instructions of the inlined hit path of get and put, by kind, in the compiled code,
and compares them with hot_path.golden: a cost that comes back shows here, however noisy the
machine is.

A function that does nothing but p.try_get(), or p.put(x), is compiled as for a shared library, and
followed from its start to its return.  The hit path is the one that calls nothing: of two ways
from a branch, one that must come to a call is not it.  Nothing on it may be locked, and there must
be exactly one such path.

usage: hot_path.py ROOT COMPILER [--write]     --write: makes the table anew
"""
import os
import re
import subprocess
import sys
import tempfile

import source_tree

HERE = os.path.dirname(os.path.abspath(__file__))
GOLDEN = os.path.join(HERE, "hot_path.golden")
FUNCTIONS = {
    "try_get": "void* f(pool9::pool& p) { return p.try_get(); }",
    "get": "void* f(pool9::pool& p) { return p.get(); }",
    "put": "void f(pool9::pool& p, void* x) { p.put(x); }",
}
KINDS = ("load", "store", "branch", "locked", "other")
PREFIXES = r"(?:(?:data16|rex\.W|cs|ds|bnd|notrack|rep) )*"
INSTRUCTION = re.compile(rf"^\s+([0-9a-f]+):\t{PREFIXES}(\S+)\s*([^#<]*)")
ELSEWHERE = re.compile(r"^\s+[0-9a-f]+: R_X86_64_(PLT|PC)32\b")  # filled in by the linker
LOCKED = re.compile(r"^(lock|mfence|lfence|sfence|cmpxchg|xadd|xchg.*\()")


def disassembly(root, compiler, body):
    """[(address, mnemonic, operands)] of f; operands of a jump out of it are "elsewhere"."""
    with tempfile.TemporaryDirectory() as folder:
        source, built = os.path.join(folder, "f.cpp"), os.path.join(folder, "f.o")
        with open(source, "w", encoding="utf-8") as file:
            file.write(f"#include <pool9/pool.hpp>\n{body}\n")
        subprocess.run([compiler, "-std=c++20", "-O2", "-fPIC", "-fcf-protection=none", "-I",
                        os.path.join(root, "include"), "-c", source, "-o", built], check=True)
        text = subprocess.run(["objdump", "-dr", "--no-show-raw-insn", "-j", ".text", built],
                              check=True, capture_output=True, text=True).stdout
    code = []
    for line in text.splitlines():
        match = INSTRUCTION.match(line)
        if match:
            code.append((int(match[1], 16), match[2], match[3].strip()))
        elif ELSEWHERE.match(line) and code[-1][1].startswith("j"):
            code[-1] = code[-1][:2] + ("elsewhere",)
    return code


def hit_paths(code, at=0, seen=()):
    """Every path from code[at] to a return that calls nothing and comes nowhere twice."""
    _, mnemonic, operands = code[at]
    if at in seen or mnemonic.startswith(("call", "syscall")) or operands == "elsewhere":
        return []
    if mnemonic.startswith("ret"):
        return [[(mnemonic, operands)]]
    ways = [] if mnemonic == "jmp" else [at + 1]
    if mnemonic.startswith("j"):
        target = int(operands, 16)
        ways += [i for i, (address, _, _) in enumerate(code) if address == target]
    return [[(mnemonic, operands)] + rest
            for way in ways for rest in hit_paths(code, way, seen + (at,))]


def kinds(mnemonic, operands):
    """What an instruction is; one that changes memory in place is a load and a store."""
    if LOCKED.match(f"{mnemonic} {operands}"):
        return ["locked"]
    if mnemonic.startswith(("j", "ret")):
        return ["branch"]
    if mnemonic.startswith(("lea", "nop")) or not re.search(r"\(|%fs:", operands):
        return ["other"]
    if not operands.endswith(")") or mnemonic.startswith(("cmp", "test")):
        return ["load"]
    return ["store"] if mnemonic.startswith("mov") else ["load", "store"]


def count(root, compiler, body):
    code = disassembly(root, compiler, body)
    paths = hit_paths(code)
    if len(paths) != 1:
        everything = "\n".join(f"    {m:8}{o}" for _, m, o in code)
        return None, f"{len(paths)} paths call nothing, not one:\n{everything}"
    found = [kind for instruction in paths[0] for kind in kinds(*instruction)]
    return {k: found.count(k) for k in KINDS}, "\n".join(f"    {m:8}{o}" for m, o in paths[0])


def version(compiler):
    return subprocess.run([compiler, "-dumpversion"], check=True, capture_output=True,
                          text=True).stdout.strip()


def golden(compiler):
    """The table; nothing if it is another compiler's."""
    table = {}
    if f"g++ {version(compiler)} " not in source_tree.lines(HERE, "hot_path.golden")[0]:
        print(f"hot_path.golden is not of g++ {version(compiler)}: the counts are not compared")
        return table
    for line in source_tree.lines(HERE, "hot_path.golden"):
        if line and not line.startswith("#"):
            name, *counts = line.split()
            table[name] = dict(zip(KINDS, map(int, counts)))
    return table


def complaints(root, compiler):
    expected = golden(compiler)
    for name, body in FUNCTIONS.items():
        counts, text = count(root, compiler, body)
        if counts is None:
            yield f"{name}: {text}"
            continue
        if counts["locked"] != 0:
            yield f"{name}: {counts['locked']} locked on the hit path:\n{text}"
        before = expected.get(name, counts)
        changes = [f"{k} {before[k]} -> {counts[k]}" for k in KINDS if counts[k] != before[k]]
        if changes:
            total = sum(counts.values()) - sum(before.values())
            yield (f"{name}: the hit path has changed ({total:+} in all): {', '.join(changes)}; "
                   f"it is now:\n{text}\nIf that is meant, hot_path.py --write notes it.")


def write(root, compiler):
    with open(GOLDEN, "w", encoding="utf-8") as file:
        file.write(f"# The inlined hit path on x86-64, g++ {version(compiler)} -O2; one of the "
                   "branches is the return.\n")
        file.write("#".ljust(9) + "".join(k.rjust(8) for k in KINDS) + "\n")
        for name, body in FUNCTIONS.items():
            counts, _ = count(root, compiler, body)
            file.write(name.ljust(9) + "".join(str(counts[k]).rjust(8) for k in KINDS) + "\n")


if "--write" in sys.argv:
    write(sys.argv[1], sys.argv[2])
    sys.exit(0)
source_tree.finish(complaints(sys.argv[1], sys.argv[2]))
