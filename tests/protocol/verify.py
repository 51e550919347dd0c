# SPDX-License-Identifier: BSD-2-Clause
"""Verifies the models of the cache protocol with spin, and that they find what is wrong with it.

usage: verify.py [--spin SPIN] [--cc CC] WHAT...

  MODEL...           verifies models (recall, waiting, lifetime, fallback; none: all), exhaustively
                     within small bounds: some seconds and less than 1 GiB each
  --long [MODEL...]  the same within larger bounds: half an hour and 4 GiB in all; where it says
                     so, approximately (spin's bit-state search)
  --fault [NAME...]  puts a fault into the protocol, and fails unless it is found (none: each one);
                     prints the steps that lead there
  --planted          fails unless it is noticed that a search is incomplete or misses a step

A search counts only if it came to its end and found nothing; each step of a model must be reached
by one of its searches.
"""
import argparse
import collections
import os
import re
import subprocess
import sys
import tempfile
import time

import steps

HERE = os.path.dirname(os.path.abspath(__file__))

# Of a search: what the model is compiled with, the most MiB, the longest path, and for a bit-state
# search the binary logarithm of its table's bits.
Bounds = collections.namedtuple("Bounds", "flags memory depth bits", defaults=(1900, 1_000_000, 0))


def larger(flags, bits=0):
    return Bounds(flags, 8000, 20_000_000, bits)


EVERYTHING = "-DTHREADS_END -DOWNERS_STOP -DBULK_GETS -DFINE_RECALL"
SHORT = {
    "recall": (Bounds("-DVISITOR"), Bounds(f"-DVISITOR -DCAPACITY=1 {EVERYTHING}")),
    "waiting": (
        Bounds(f"-DONE_OWNER -DITEMS=3 -DLIMIT=2 -DDEPTH=3 -DEARLY_LOOKS {EVERYTHING}"),
        Bounds("-DONE_WAITER -DCAPACITY=1")),
    "lifetime": (Bounds("-DCAPACITY=1 -DTHREADS_END -DBULK_GETS"),),
    "fallback": (
        Bounds("-DCAPACITY=1 -DTHREADS_END -DBULK_GETS -DFINE_RECALL -DEARLY_LOOKS"),),
}
LONG = {
    "recall": (
        larger(f"-DVISITOR {EVERYTHING}"),
        larger("-DVISITOR -DFINE_RECALL -DEARLY_LOOKS -DDEPTH=3"),
        larger("-DVISITOR -DITEMS=3 -DLIMIT=2", 34)),
    "waiting": (
        larger("-DFINE_RECALL -DBULK_GETS"),
        larger(f"-DCAPACITY=1 {EVERYTHING}"),
        larger(f"-DONE_WAITER {EVERYTHING}")),
    "lifetime": (larger("-DTHREADS_END -DBULK_GETS -DFINE_RECALL"),),
    "fallback": (larger(f"{EVERYTHING} -DEARLY_LOOKS"),),
}

COMMON_STEPS = {f"{operation}.{i}" for operation, n in
                {"get": 4, "put": 4, "recall": 3, "attach": 2}.items() for i in range(1, n + 1)}
COMMON_STEPS |= {"settle.2", "settle.3", "settle.4"}
STEPS = {
    "recall": COMMON_STEPS,
    "waiting": COMMON_STEPS | {"wait.1", "wait.2", "wait.3"},
    "lifetime": COMMON_STEPS | {"settle.1", "destroy.1", "destroy.2"},
    "fallback": COMMON_STEPS,
}

# Of pan's report.
FIGURES = {
    "states": r"(\S+) states, stored",
    "depth": r"depth reached (\d+)",
    "depth of error": r"at depth (\d+)",
    "MB": r"(\S+)\s+total actual memory",
    "hash factor": r"hash factor: (\S+)",
}

WAITS_FOR_NOBODY = "G2_recall_waits_for_nobody"
IN_RECALL = ("recall", "-DVISITOR")
IN_WAITING = ("waiting", "-DCAPACITY=1")
LOST_OR_TWICE = ("G2_nothing_is_lost", "G2_nothing_is_handed_out_twice")
# Name -> the model and its bounds, and the properties of which one must be violated.
FAULTS = {
    "NO_MEMBARRIER": (*IN_RECALL, LOST_OR_TWICE),
    "NO_LOOK_AFTER_GET": (*IN_RECALL, ("G2_nothing_is_handed_out_twice",)),
    "NO_LOOK_AFTER_PUT": (*IN_RECALL, ("G2_nothing_is_lost",)),
    "PUT_STORES_OUT_OF_ORDER": (*IN_RECALL, LOST_OR_TWICE),
    "CLOSED_ARE_PASSED_OVER": (*IN_RECALL, ("G2_nothing_stays_invisible",)),
    "RECALL_WAITS_FOR_OWNERS": ("recall", "-DOWNERS_STOP", (WAITS_FOR_NOBODY,)),
    "REOPEN_WHILE_WAITED_FOR":
        (*IN_WAITING, ("G4_no_wakeup_is_lost", "G4_nobody_overtakes")),
    "TIMEOUT_IGNORES_HANDOFF": (*IN_WAITING, ("G2_nothing_is_lost",)),
    "RECALL_SERVES_NOBODY": (*IN_WAITING, ("G4_oldest_cannot_be_served",)),
    "DEAD_MAGAZINE_TAKEN_FOR_NEW": ("lifetime", "-DCAPACITY=1", LOST_OR_TWICE),
    "END_PARKS_WITH_THE_DEAD":
        ("lifetime", "-DCAPACITY=1 -DTHREADS_END", ("G8_no_magazine_is_left_behind",)),
    "FAILED_BARRIER_IGNORED": ("fallback", "", LOST_OR_TWICE),
}


class Failure(Exception):
    pass


class Search:
    """One model with its flags, in a directory of its own."""

    def __init__(self, tools, model, flags, directory):
        self.tools = tools
        self.directory = directory
        # In one file, for spin loses its way among several.
        self.run([tools.cc, "-E", "-P", "-x", "c", f"-I{HERE}", *flags.split(),
                  os.path.join(HERE, model + ".pml"), "-o", "model.pml"])
        self.steps = steps.in_model(steps.read(os.path.join(directory, "model.pml")))

    def run(self, command):
        done = subprocess.run(command, cwd=self.directory, capture_output=True, text=True)
        if done.returncode != 0 or "rror:" in done.stdout:
            raise Failure(f"{' '.join(command)}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def compile(self, optimisation, memory, bits=0):
        self.run([self.tools.spin, "-a", "model.pml"])
        how = ["-DBITSTATE"] if bits else ["-DCOLLAPSE"] if memory > 2000 else []
        self.run([self.tools.cc, optimisation, "-DSAFETY", "-DNOFAIR", f"-DMEMLIM={memory}", *how,
                  "-o", "pan", "pan.c"])

    def search(self, depth, bits=24):
        self.report = subprocess.run(["./pan", f"-m{depth}", f"-w{bits}"], cwd=self.directory,
                                     capture_output=True, text=True).stdout

    def figure(self, name):
        found = re.search(FIGURES[name], self.report)
        return found[1] if found else "?"

    def violation(self):
        """The property that does not hold; None: there is none."""
        found = re.search(r"pan:\d+: (assertion violated (\w+)|invalid end state|.*)", self.report)
        if found is None:
            return None
        return found[2] or (WAITS_FOR_NOBODY if "end state" in found[1] else found[1])

    def unreached(self):
        lines = {int(n) for n in re.findall(r"^\t\S+?:(\d+), state", self.report, re.MULTILINE)}
        return {step for step, places in self.steps.items() if places & lines}

    def is_complete(self):
        return (re.search(r"errors: 0$", self.report, re.MULTILINE) is not None and
                "unreached in" in self.report and
                re.search(r"too small|not completed|out of memory|reached -DMEMLIM|MEMLIM bound",
                          self.report) is None)

    def trail(self):
        """The labelled steps that led to the violation, each with its process."""
        by_line = {line: step for step, lines in self.steps.items() for line in lines}
        replay = subprocess.run([self.tools.spin, "-t", "-p", "model.pml"], cwd=self.directory,
                                capture_output=True, text=True).stdout
        last = None
        for process, name, line in re.findall(r"proc +(\d+) \((\w+):\d+\) \S+?:(\d+)", replay):
            step = f"{name}#{process} {by_line.get(int(line))}"
            if int(line) in by_line and step != last:
                yield step
                last = step


def searching(tools, model, flags):
    directory = tempfile.TemporaryDirectory()  # as long as the search lives
    search = Search(tools, model, flags, directory.name)
    search.keep = directory
    return search


def verify(tools, model, bounds):
    """Searches once; returns the steps that were not reached."""
    search = searching(tools, model, bounds.flags)
    if search.steps.keys() != STEPS[model]:
        raise Failure(f"{model}: other steps than it should have: "
                      f"{sorted(search.steps.keys() ^ STEPS[model])}")
    search.compile("-O2", bounds.memory, bounds.bits)
    start = time.monotonic()
    search.search(bounds.depth, bounds.bits or 24)
    if search.violation() is not None:
        raise Failure(f"{model} {bounds.flags}: {search.violation()}\n" +
                      "\n".join(["  " + step for step in search.trail()][-40:]))
    if not search.is_complete():
        raise Failure(f"{model} {bounds.flags}: the search did not come to its end:\n"
                      f"{search.report}")
    how = f"bit-state, hash factor {search.figure('hash factor')}" if bounds.bits else "exhaustive"
    print(f"{model} {bounds.flags}: {search.figure('states')} states, {how}, depth "
          f"{search.figure('depth')}, {time.monotonic() - start:.0f} s, {search.figure('MB')} MB",
          flush=True)
    return search.unreached()


def verify_model(tools, model, all_bounds):
    never_reached = STEPS[model]
    for bounds in all_bounds:
        never_reached = never_reached & verify(tools, model, bounds)
    if never_reached:
        raise Failure(f"{model}: never reached: {sorted(never_reached)}")


def find(tools, fault):
    model, flags, properties = FAULTS[fault]
    search = searching(tools, model, f"{flags} -D{fault}")
    search.compile("-O1", 1900)
    # Deeper and deeper, for a short trail.
    for depth in (100, 200, 400, 800, 10_000, 1_000_000):
        search.search(depth, 22)
        if search.violation() is not None:
            break
    if search.violation() not in properties:
        raise Failure(f"{fault}: not found, but {search.violation()}:\n{search.report}")
    print(f"{fault}: violates {search.violation()} at depth {search.figure('depth of error')}, "
          f"{search.figure('states')} states\n  " + "\n  ".join(search.trail()), flush=True)


def must_fail(complaint, tools, model, bounds):
    try:
        verify_model(tools, model, [bounds])
    except Failure as failure:
        if complaint not in str(failure):
            raise
        return
    raise Failure(f"not noticed: {complaint}")


def find_planted(tools):
    must_fail("never reached: ['get.2', 'get.3', 'get.4', 'put.1'", tools, "recall",
              Bounds("-DVISITOR -DLIMIT=0"))
    for cut in (Bounds("-DVISITOR", memory=200), Bounds("-DVISITOR", depth=1000)):
        must_fail("the search did not come to its end", tools, "recall", cut)
    must_fail("G2_nothing_is_lost", tools, "recall", Bounds("-DVISITOR -DNO_LOOK_AFTER_PUT"))


def main():
    parser = argparse.ArgumentParser(usage=__doc__.partition("usage: ")[2])
    parser.add_argument("--spin", default="spin")
    parser.add_argument("--cc", default="gcc")
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--fault", action="store_true")
    parser.add_argument("--planted", action="store_true")
    parser.add_argument("names", nargs="*")
    tools = parser.parse_args()
    try:
        if tools.planted:
            find_planted(tools)
        elif tools.fault:
            for fault in tools.names or FAULTS:
                find(tools, fault)
        else:
            for model in tools.names or SHORT:
                verify_model(tools, model, (LONG if tools.long else SHORT)[model])
    except Failure as failure:
        sys.exit(str(failure))


if __name__ == "__main__":
    main()
