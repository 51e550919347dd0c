#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The race of pool9 against its peers; ./dev bench runs it.

A race is one workload with one item size.  It goes in rounds: every contender takes a turn, one
after the other, in an order drawn anew for each round.  Whatever slows the machine for longer than
a round slows all alike, so the ratio of two turns of one round can be trusted where neither time
can.  Every few rounds all processes are started anew: where memory comes to lie is chance, too.
"""
import argparse
import csv
import os
import random
import statistics
import sys
import time

import contenders
import machine
import memory
import report
import workloads
from worker import Failure, Worker

HEAT = 8  # rounds for which processes live
COLUMNS = ("workload", "threads", "size", "metric", "unit", "contender", "kind", "rounds",
           "median", "q1", "q3", "least", "pool9_to_it", "pool9_to_it_q1", "pool9_to_it_q3")


class Race:
    """Turns of all contenders of one workload, with items of one size."""

    def __init__(self, options, workload, size, threads, racing):
        self._options, self._workload = options, workload
        self._size, self._threads = size, threads
        self._racing = [c for c in racing if workload.name in c.workloads]
        self._operations = {}  # of a turn, for each contender
        self._rounds = []      # {contender: [figure of each metric]}
        self.versions, self.failures = {}, {}

    def run(self):
        workload = self._workload
        n_rounds = workload.quick_rounds if self._options.quick else workload.rounds
        while len(self._rounds) < n_rounds and self._racing:
            self._heat(min(HEAT, n_rounds - len(self._rounds)))

    def rows(self):
        """A row of the table for each metric and contender."""
        for index, (metric, unit) in enumerate(zip(self._workload.metrics, self._workload.units)):
            for contender in self._racing:
                taken = [r[contender.name][index] for r in self._rounds]
                ratios = [r["pool9"][index] / r[contender.name][index] for r in self._rounds
                          if "pool9" in r and r[contender.name][index] != 0]
                q1, median, q3 = _quartiles(taken)
                yield dict(zip(COLUMNS, (
                    self._workload.name, self._threads, self._size, metric, unit, contender.name,
                    contender.kind, len(taken), median, q1, q3, min(taken),
                    *(_quartiles(ratios)[i] if ratios else "" for i in (1, 0, 2)))))

    def _start(self, contender):
        return Worker(self._options.programs, contender, self._workload.name, self._size,
                      self._threads, self._options.cpus, self._options.may_go_first)

    def _heat(self, n_rounds):
        workers = {}
        for contender in [] if self._workload.fresh else list(self._racing):
            try:
                workers[contender] = worker = self._start(contender)
                self.versions[contender.name] = worker.version
                if contender not in self._operations:
                    self._operations[contender] = self._operations_of_a_turn(worker)
                worker.turn(self._operations[contender])  # its first is not like those that follow
            except Failure as failure:
                self._drop(contender, failure)
        for _ in range(n_rounds):
            self._round(workers)
        for worker in workers.values():
            worker.stop()

    def _round(self, workers):
        taken = {}
        for contender in random.sample(self._racing, len(self._racing)):
            try:
                worker = workers.get(contender) or self._start(contender)
                n = self._operations.get(contender) or self._workload.fixed(self._size)
                taken[contender.name] = worker.turn(n)
                self.versions[contender.name] = worker.version
                if contender not in workers:
                    worker.stop()
            except Failure as failure:
                self._drop(contender, failure)
        self._rounds.append(taken)

    def _operations_of_a_turn(self, worker):
        """So many that a turn takes as long as it shall."""
        wanted = self._workload.turn_ms / 1e3
        n, took = 16, 0.0
        while took < wanted / 4 and n < self._workload.most:
            n *= 4
            # The first use is slow, and so is what was interrupted.
            took = min(_seconds(lambda: worker.turn(n)) for _ in range(3))
        return max(16, min(self._workload.most, int(n * wanted / took)))

    def _drop(self, contender, failure):
        self._racing = [c for c in self._racing if c is not contender]
        self.failures[contender.name] = str(failure)
        print(f"    {contender.name} is out of the race: {failure}", flush=True)


def _seconds(f):
    start = time.monotonic()
    f()
    return time.monotonic() - start


def _quartiles(values):
    if len(values) == 1:
        return values * 3
    return statistics.quantiles(values, n=4, method="inclusive")


def races(options, racing):
    for workload in workloads.chosen(options.workload):
        for threads in options.threads if workload.threads else [2]:
            for size in options.size or workload.sizes:
                if len(workload.sizes) > 1 or size in workload.sizes:
                    yield Race(options, workload, size, threads, racing), workload, size, threads


def parse(arguments):
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__.split("\n")[0])
    parser.add_argument("--workload", action="append", default=[], metavar="W",
                        help="only these; W2 is all of W2's, W2fifo one of them")
    parser.add_argument("--size", action="append", type=int, choices=workloads.SIZES,
                        help="bytes of an item; only these")
    parser.add_argument("--contender", action="append", metavar="NAME",
                        help="only pool9 and these")
    parser.add_argument("--threads", default="2", metavar="N,N,...",
                        help="threads of W4 and W5, even numbers (default: 2)")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, three sizes")
    parser.add_argument("--out", metavar="DIR",
                        help="where the results go: bench/results for a whole run, "
                        "build/bench/results for part of one")
    parser.add_argument("--programs", default="build/bench/bench/peers", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    known = {name for w in workloads.ALL for name in (w.name, w.group)} | {memory.NAME}
    for name in options.workload:
        if name not in known:
            parser.error(f"{name} is none of " + ", ".join(sorted(known)))
    options.threads = [int(n) for n in options.threads.split(",")]
    if any(n < 2 or n % 2 for n in options.threads):
        parser.error("threads come in pairs")
    options.memory = memory.NAME in options.workload or not (options.workload or options.size)
    is_whole = not (options.workload or options.size or options.contender or options.quick)
    if options.quick and not options.size:
        options.size = list(workloads.QUICK_SIZES)
    options.out = options.out or ("bench/results" if is_whole else "build/bench/results")
    options.cpus = sorted(os.sched_getaffinity(0))
    return options


def _write_table(path, rows):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows({c: f"{v:.5g}" if isinstance(v, float) else v for c, v in row.items()}
                         for row in rows)


def may_go_first():
    """Whether workers can run before whatever else the machine does."""
    try:
        usual = os.sched_getscheduler(0), os.sched_getparam(0)
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
        os.sched_setscheduler(0, *usual)
        return True
    except PermissionError:
        print("bench: at the usual priority: what else runs here will show")
        return False


def main():
    options = parse(sys.argv[1:])
    options.may_go_first = may_go_first()
    random.seed(1)
    racing = contenders.built(options.programs)
    failures = {c.name: "not built" for c in contenders.ALL if c not in racing}
    if options.contender:
        racing = [c for c in racing if c.name in ["pool9", *options.contender]]
    start, load, rows, versions = time.monotonic(), os.getloadavg()[0], [], {}
    for race, workload, size, threads in races(options, racing):
        print(f"{time.monotonic() - start:5.0f} s  {workload.name}, {size} bytes"
              + (f", {threads} threads" if workload.threads else ""), flush=True)
        race.run()
        rows += race.rows()
        versions.update(race.versions)
        failures.update(race.failures)

    os.makedirs(options.out, exist_ok=True)
    if options.memory:
        print(f"{time.monotonic() - start:5.0f} s  {memory.NAME}", flush=True)
        memory.run(options)
    machine.describe(options, versions, failures, {
        "load average before the run": round(load, 1),
        "priority": "real time" if options.may_go_first else "as usual",
        "minutes": round((time.monotonic() - start) / 60, 1), "is quick": options.quick})
    _write_table(os.path.join(options.out, "peers.csv"), rows)
    report.write(options.out)
    print(f"bench: {options.out}/README.md")


if __name__ == "__main__":
    main()
