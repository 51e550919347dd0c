# SPDX-License-Identifier: BSD-2-Clause
"""What is raced, and for how long.

A workload belongs to a group, which has a table and a plot.  Its figures, `metrics`, are what a
turn of a worker tells.  A turn lasts about `turn_ms`, with `most` operations at most: long enough
to be timed, and short enough to be over, mostly, before the system gives the processor to another.
A `fresh` workload has a new process for every turn, and turns of `fixed(size)` operations.
"""
import dataclasses

SIZES = (16, 64, 256, 1024, 4096)
QUICK_SIZES = (64, 1024, 4096)

BYTES = "bytes an item"
_MANY_BYTES = 256 << 20
PERCENTILES = tuple(f"{operation} {percentile}" for operation in ("get", "put")
                    for percentile in ("p50", "p99", "p99.9", "p99.99"))


def _many(size):
    """10^6 items, or 256 MiB of them."""
    return min(1_000_000, _MANY_BYTES // size)


@dataclasses.dataclass(frozen=True)
class Workload:
    name: str
    group: str
    title: str
    turn_ms: float
    rounds: int
    quick_rounds: int
    metrics: tuple = ("ns",)
    units: tuple = ("ns",)
    sizes: tuple = SIZES
    threads: bool = False  # as many threads as --threads says
    most: int = 1 << 40
    fixed: object = None
    fresh: bool = False


ALL = (
    Workload("W1", "W1", "get and put of one hot item", 2, 31, 11),
    Workload("W1roll", "W1", "the oldest of 16 items put, another got", 2, 31, 11),
    Workload("W2random", "W2", "1000 gets, then 1000 puts in random order", 2, 31, 11),
    Workload("W2fifo", "W2", "1000 gets, then 1000 puts, oldest first", 2, 21, 11),
    Workload("W2lifo", "W2", "1000 gets, then 1000 puts, newest first", 2, 21, 11),
    Workload("W3", "W3", "many items: get all, replace at random, put all in random order",
             0, 7, 3, metrics=("fill", "replace", "free", "memory"),
             units=("ns", "ns", "ns", BYTES), fixed=_many, fresh=True),
    Workload("W4pair", "W4", "threads on one pool: pairs", 1.5, 31, 11, threads=True),
    Workload("W4batch", "W4", "threads on one pool: batches of 1000, put in random order",
             2, 31, 11, threads=True),
    Workload("W5oneway", "W5", "one thread gets, another puts", 3, 31, 11, threads=True),
    Workload("W5twoway", "W5", "two threads get and send each other items to put",
             3, 31, 11, threads=True),
    Workload("W7", "W7", "extra time of a short thread with 100 gets and puts", 10, 15, 7,
             metrics=("extra", "idle thread"), units=("us", "us"), sizes=(64,)),
    Workload("W8W2", "W8", "latency in batches of 1000, put in random order", 60, 5, 5,
             metrics=PERCENTILES, units=("ns",) * 8, most=500_000),
    Workload("W8W5", "W8", "latency where one thread gets and another puts", 120, 5, 5,
             metrics=PERCENTILES, units=("ns",) * 8, most=500_000),
    *(Workload(f"W9{container}", "W9", f"std::{container} of 10^6 ints: insert all, erase all",
               0, 7, 3, sizes=(64,), fixed=lambda size: 1_000_000, fresh=True)
      for container in ("map", "list")),
    Workload("limit", "limit", "threads on one pool whose hard limit is one item for each",
             2, 31, 11, sizes=(64,)),
)
BY_NAME = {w.name: w for w in ALL}
GROUPS = tuple(dict.fromkeys(w.group for w in ALL))


def chosen(names):
    """The workloads of these names and groups; all, without any."""
    return [w for w in ALL if not names or w.name in names or w.group in names]
