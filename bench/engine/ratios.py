#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What the engine's benchmarks say, in ratios, and whether that is what we promise.

usage: ratios.py FILE

FILE is what `engine --benchmark_out=FILE` wrote.  Ends with 1 if a promise is not kept.
"""
import json
import statistics
import sys

# A counter, whose it is, the most it may be, and what it means.
PROMISES = [
    ("of_two_locks", "pair/", 1.3, "a get and a put, in lock+unlock pairs times two"),
    ("of_malloc", "fill/size:64/", 1.2, "filling with 64 bytes each, in malloc's time"),
    ("percent", "bookkeeping/size:64/", 2.0, "the pool's own data, in percent of the items"),
]


def read(path):
    """{benchmark: {counter: value}}; of repetitions, the median."""
    with open(path, encoding="utf-8") as file:
        runs = [b for b in json.load(file)["benchmarks"] if b["run_type"] == "iteration"]
    values = {}
    for run in runs:
        of_run = values.setdefault(run["run_name"], {})
        for counter in ("ns", "of_two_locks", "of_malloc", "of_getting", "percent"):
            if counter in run:
                of_run.setdefault(counter, []).append(run[counter])
    return {name: {c: statistics.median(v) for c, v in of_run.items()}
            for name, of_run in values.items()}


def tidy(name):
    """The name without what only says how it was measured."""
    return " ".join(part for part in name.split("/")
                    if not part.startswith(("iterations:", "repeats:", "min_time:", "manual_time")))


def verdicts(values):
    """Pairs of a sentence and whether it is as promised."""
    for counter, prefix, most, meaning in PROMISES:
        found = [(v[counter], n) for n, v in values.items() if n.startswith(prefix)]
        if found:
            worst, name = max(found)
            yield f"{meaning}: {worst:.3g}, at most {most} ({tidy(name)})", worst <= most
    pairs = [v["ns"] for n, v in values.items() if n.startswith("pair/")]
    if pairs:
        spread = max(pairs) / min(pairs)
        yield f"the slowest pair by the fastest: {spread:.3g}, at most 1.5", spread <= 1.5


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    values = read(sys.argv[1])
    for name, counters in values.items():
        print(f"{tidy(name):44}" + "".join(f"  {c} {v:<8.3g}" for c, v in counters.items()))
    print()
    kept = True
    for sentence, good in verdicts(values):
        print(("ok    " if good else "MISS  ") + sentence)
        kept = kept and good
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    main()
