# SPDX-License-Identifier: BSD-2-Clause
"""What pool9 promises about its speed, and whether a run bears it out.

A target is a ratio that may be so much at most - or, in W7 and W8, a difference or a time - for
some sizes.  What it is against is a contender's name, or BEST, the best peer that threads may
share, or BEST_MALLOC, the best malloc.
"""
import dataclasses

import results

BEST, BEST_MALLOC = "the best peer", "the best malloc"
LARGE = (1024, 4096)


@dataclasses.dataclass(frozen=True)
class Target:
    workload: str
    what: str
    sizes: tuple
    most: float
    against: str = BEST
    ours: str = "pool9"
    metric: str = "ns"
    how: str = "ratio"  # ratio, or "beyond": microseconds more than the other, or "time"
    below: bool = False  # less than that, not just as much


def _both(workload, what, small, large, **more):
    """One figure for 64 bytes, another for large items."""
    return [Target(workload, what, (64,), small, **more),
            Target(workload, what, LARGE, large, **more)]


ALL = [
    Target("W1", "W1, inlined", (64, *LARGE), 0.45),
    Target("W1roll", "W1roll, inlined", (64, *LARGE), 0.45),
    Target("W4pair", "W4 pair, inlined", (64, *LARGE), 0.45),
    Target("W1", "W1, inlined", (64, *LARGE), 1.35, against="magazine"),
    Target("W1", "W1, C functions", (64, *LARGE), 0.9, ours="pool9.c"),
    *_both("W2random", "W2 random", 0.8, 0.5),
    *_both("W2fifo", "W2 oldest first", 0.8, 0.5),
    *_both("W3", "W3 replace", 0.7, 0.6, metric="replace"),
    *_both("W3", "W3 put all", 0.6, 0.3, metric="free"),
    *_both("W4batch", "W4 batches", 0.75, 0.6),
    Target("W5oneway", "W5 one way", (64, 256, *LARGE), 0.5, against=BEST_MALLOC),
    Target("W5oneway", "W5 one way", (64, 256, *LARGE), 1, against="dpdk", below=True),
    Target("W5twoway", "W5 two ways", (64, 256, *LARGE), 0.8),
    Target("W7", "W7, microseconds more", (64,), 3, metric="extra", how="beyond"),
    *(Target(w, f"{w}, {m}", (64, *LARGE), 1.25, metric=m)
      for w in ("W8W2", "W8W5") for m in ("get p99.9", "put p99")),
    Target("W8W5", "W8W5, put p99.99, ns", (64, *LARGE), 8000, metric="put p99.99", how="time",
           against=""),
    *(Target(w, f"{w}, a limit set", (64, *LARGE), 1.05, ours="pool9.limited", against="pool9")
      for w in ("W1", "W1roll", "W2random", "W4pair", "W5oneway")),
    Target("limit", "at the limit, 2 threads", (64,), 1, against="mutex list"),
    *(Target(w, f"{w}, one thread's pool", (64, *LARGE), 1.05, ours="pool9.unsync",
             against="boost.fast, no mutex") for w in ("W1", "W1roll")),
    *(Target(w, f"{w}, one thread's pool", (64, *LARGE), 0.8, ours="pool9.unsync",
             against="boost.pool") for w in ("W2random", "W2fifo")),
    Target("W1", "W1, a resource", (64, *LARGE), 0.15, ours="pool9.pmr", against="pmr.sync"),
    Target("W5oneway", "W5 one way, a resource", (64, *LARGE), 0.01, ours="pool9.pmr",
           against="pmr.sync"),
    *(Target(f"W9{container}", f"W9, std::{container}", (64,), 1, ours="pool9.allocator",
             against=BEST_MALLOC) for container in ("map", "list")),
    Target("W1", "W1 without membarrier", (64, *LARGE), 1.5, ours="pool9.fallback",
           against="two locks"),
]


@dataclasses.dataclass(frozen=True)
class Verdict:
    target: Target
    size: int
    against: str  # who, by name
    figure: float
    is_met: bool
    beyond: float  # what ours is more than the other, in the unit of the figures


def _judge(target, size, figures):
    """The verdict, or None if the run does not tell."""
    against = target.against
    if against in (BEST, BEST_MALLOC):
        found = results.best(figures, lambda c: against == BEST or c.is_malloc)
        against = found.contender if found else None
    if target.ours not in figures or against is None:
        return None
    if target.how == "time":
        figure = figures[target.ours].median
    elif target.how == "beyond":
        figure = figures[target.ours].median - figures[against].median
    else:
        figure = results.ratio(figures, target.ours, against)
    if figure is None:
        return None
    is_met = figure < target.most if target.below else figure <= target.most
    beyond = figures[target.ours].median - (figures[against].median if against else target.most)
    return Verdict(target, size, against, figure, is_met, beyond)


def verdicts(found):
    """Of every target and size that the run tells about, with two threads."""
    for target in ALL:
        for size in target.sizes:
            verdict = _judge(target, size, found.of(target.workload, 2, size, target.metric))
            if verdict:
                yield verdict
