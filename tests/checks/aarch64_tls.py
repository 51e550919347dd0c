# SPDX-License-Identifier: BSD-2-Clause
"""Checks that compiled AArch64 code keeps no address in thread-local memory over a call.

A coroutine or a fiber may go on in another thread, and every suspension is a call, or follows one.
So what a function learned of the thread - the thread pointer, the place of a pool's slot, the
magazine found there - must be learned anew after it: it may not be read from a register that
survived a call, nor be stored, on the stack or in a coroutine's frame.

The code is that of a coroutine that gets, suspends and puts, as each compiler makes it.  Without
the reading of the thread pointer by volatile asm compilers do keep it; --planted takes that away,
and fails unless all of them are caught.

usage: aarch64_tls.py ROOT [--planted] COMPILER...     exits with 77 if one of them is missing
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

import source_tree

SOURCE = """
#include <coroutine>
#include <pool9/pool.hpp>
struct task {
  struct promise_type {
    task get_return_object() noexcept { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept {}
  };
};
void go_on_elsewhere(void*);
struct elsewhere {
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> h) const { go_on_elsewhere(h.address()); }
  void await_resume() const noexcept {}
};
task hop(pool9::pool& p) {
  void* item = p.get();
  co_await elsewhere{};
  p.put(item);
  item = p.try_get();
  co_await elsewhere{};
  p.put(item);
}
void switch_fibers();
void hop_in_a_fiber(pool9::pool& p, int n) {
  for (int i = 0; i < n; ++i) {
    void* const item = p.try_get();
    switch_fibers();
    if (item != nullptr) p.put(item);
  }
}
"""
N_OPERATIONS = 6
OPTIONS = ("-std=c++20", "-O2", "-S", "-fno-asynchronous-unwind-tables")
REGISTER = re.compile(r"\b[xw](\d+)\b")
CONDITIONAL = ("b.", "cbz", "cbnz", "tbz", "tbnz", "beq", "bne", "bcc", "bcs", "bhi", "bls")
# What a register may hold of the thread.  A stale one has survived a call.
THREAD, MAGAZINE, STALE = "the thread pointer, or an address from it", "a magazine", "stale"


def registers(text):
    return [int(n) for n in REGISTER.findall(text)]


def step(state, mnemonic, operands):
    """The state after an instruction, and what is wrong with it."""
    state = dict(state)
    if mnemonic in ("bl", "blr"):
        kept = {r: STALE for r in state if 19 <= r <= 28}
        return kept, None
    parts = [part.strip() for part in re.split(r",(?![^\[]*\])", operands)]
    is_store = mnemonic.startswith(("st", "swp", "cas"))
    n_first = 2 if mnemonic in ("stp", "ldp") else 1
    written = [] if is_store or mnemonic in ("cmp", "cmn", "tst", "ccmp") else \
        [r for part in parts[:n_first] for r in registers(part)]
    if mnemonic.startswith(("cb", "tb", "b.", "br", "ret")):
        written = []
    read = [r for part in parts[n_first if written else 0:] for r in registers(part)]
    wrong = next((f"reads x{r} after a call" for r in read if state.get(r) == STALE), None)
    if is_store:
        data = [r for part in parts[:n_first] for r in registers(part) if r in state]
        return state, wrong or (f"stores x{data[0]}: {state[data[0]]}" if data else None)
    found = {state[r] for r in read if state.get(r) in (THREAD, MAGAZINE)}
    for r in written:
        state.pop(r, None)
        if mnemonic == "mrs" and "tpidr_el0" in operands.lower():
            state[r] = THREAD
        elif mnemonic.startswith("ld"):
            if THREAD in found:
                state[r] = MAGAZINE  # what lies behind it is no more the thread's
        elif found:
            state[r] = THREAD if THREAD in found else MAGAZINE
    return state, wrong


def functions(assembly):
    """Yields (name, [(line, mnemonic, operands)], {label: index}) of each."""
    name, code, labels = None, [], {}
    for number, line in enumerate(assembly.splitlines(), 1):
        line = re.sub(r"//.*", "", line).rstrip()
        label = re.match(r"([.\w$]+):", line)
        if label and not label[1].startswith("."):
            if code:
                yield name, code, labels
            name, code, labels = label[1], [], {}
        elif label:
            labels[label[1]] = len(code)
        else:
            match = re.match(r"\s+([a-z][\w.]*)(?:\s+(.*))?$", line)
            if match and name is not None:
                code.append((number, match[1], match[2] or ""))
    if code:
        yield name, code, labels


def ways(code, labels, at):
    _, mnemonic, operands = code[at]
    target = labels.get(operands.split(",")[-1].strip())
    if mnemonic in ("ret", "br") or (mnemonic == "b" and target is None):
        return []
    if mnemonic == "b":
        return [target]
    if mnemonic.startswith(CONDITIONAL) and target is not None:
        return [at + 1, target]
    return [at + 1]


def merged(one, other):
    both = dict(one)
    for register, what in other.items():
        both[register] = STALE if STALE in (what, both.get(register)) else what
    return both


def complaints_of(assembly):
    for name, code, labels in functions(assembly):
        states, found = {0: {}}, {}
        open_ways = [0]
        while open_ways:
            at = open_ways.pop()
            state, wrong = step(states[at], *code[at][1:])
            if wrong is not None:
                found[at] = wrong
            for way in ways(code, labels, at):
                if way >= len(code):
                    continue
                joined = merged(states[way], state) if way in states else state
                if joined != states.get(way):
                    states[way] = joined
                    open_ways.append(way)
        for at, wrong in sorted(found.items()):
            yield f"{name}: line {code[at][0]}: {wrong}: {code[at][1]} {code[at][2]}"


def compiled(include, compiler):
    """The assembly of SOURCE; None: the compiler, or what it needs for AArch64, is not there."""
    if shutil.which(compiler) is None:
        return None
    command = [compiler] + (["--target=aarch64-linux-gnu"] if "clang" in compiler else [])
    with tempfile.TemporaryDirectory() as folder:
        source, built = os.path.join(folder, "hop.cpp"), os.path.join(folder, "hop.s")
        with open(source, "w", encoding="utf-8") as file:
            file.write(SOURCE)
        probe = subprocess.run(command + ["-std=c++20", "-fsyntax-only", "-include", "coroutine",
                                          "-x", "c++", os.devnull], capture_output=True)
        if probe.returncode != 0:
            return None
        subprocess.run(command + [*OPTIONS, "-I", include, source, "-o", built], check=True)
        with open(built, encoding="utf-8") as file:
            return file.read()


def without_asm(include, folder):
    """A copy of the headers that reads the thread pointer as the compiler likes."""
    copy = os.path.join(folder, "include")
    shutil.copytree(include, copy)
    path = os.path.join(copy, "pool9", "detail", "magazine.hpp")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace("defined(__aarch64__)", "0"))
    return copy


def complaints(include, compilers, planted):
    for compiler in compilers:
        assembly = compiled(include, compiler)
        if assembly is None:
            print(f"{compiler}: cannot compile for AArch64 here")
            sys.exit(77)
        found = [f"{compiler}: {c}" for c in complaints_of(assembly)]
        n_read = len(re.findall(r"\bmrs\b.*tpidr_el0", assembly, re.IGNORECASE))
        if planted and not found:
            yield f"{compiler}: planted, but not found"
        elif not planted:
            yield from found
            if n_read < N_OPERATIONS:
                yield f"{compiler}: {n_read} readings of the thread pointer in {N_OPERATIONS} calls"


def main(root, *arguments):
    include = os.path.join(root, "include")
    compilers = [a for a in arguments if a != "--planted"]
    if "--planted" not in arguments:
        source_tree.finish(complaints(include, compilers, False))
    with tempfile.TemporaryDirectory() as folder:
        source_tree.finish(complaints(without_asm(include, folder), compilers, True))


main(*sys.argv[1:])
