# SPDX-License-Identifier: BSD-2-Clause
"""Who takes part, and in what.

A contender is `ours`, a `peer` that threads may share, a peer for a `single` thread, or a
`reference`: no peer, but something to hold the others against.  "Best" is the best `peer`.
"""
import dataclasses
import os
import subprocess

SINGLE_THREADED = ("W1", "W1roll", "W2random", "W2fifo", "W2lifo", "W3", "W8W2")
THREADED = ("W4pair", "W4batch", "W5oneway", "W5twoway", "W7", "W8W5")
EVERYWHERE = SINGLE_THREADED + THREADED
AT_LIMIT = ("limit",)
CONTAINERS = ("W9map", "W9list")


@dataclasses.dataclass(frozen=True)
class Contender:
    name: str
    kind: str
    workloads: tuple
    program: str = "worker"
    launcher: str = ""
    is_malloc: bool = False


ALL = (
    Contender("pool9", "ours", EVERYWHERE + AT_LIMIT),
    Contender("pool9.c", "ours", EVERYWHERE + AT_LIMIT, program="worker-c"),
    Contender("pool9.limited", "ours", ("W1", "W1roll", "W2random", "W4pair", "W5oneway")),
    Contender("pool9.fallback", "ours", ("W1", "W4pair"), launcher="without-membarrier"),
    Contender("pool9.unsync", "ours", SINGLE_THREADED),
    Contender("pool9.pmr", "ours", ("W1", "W2fifo", "W5oneway") + CONTAINERS),
    Contender("pool9.pmr.unsync", "ours", ("W1",) + CONTAINERS),
    Contender("pool9.allocator", "ours", ("W1", "W5oneway") + CONTAINERS),
    Contender("pool9.allocator.huge", "ours", CONTAINERS),
    Contender("magazine", "reference", tuple(w for w in EVERYWHERE if w != "W7")),
    Contender("mutex list", "reference", EVERYWHERE + AT_LIMIT),
    Contender("two locks", "reference", ("W1",)),
    Contender("nothing", "reference", tuple(w for w in EVERYWHERE if w not in ("W3", "W7"))),
    Contender("malloc", "peer", EVERYWHERE + CONTAINERS, is_malloc=True),
    Contender("jemalloc", "peer", EVERYWHERE + CONTAINERS, is_malloc=True),
    Contender("tcmalloc", "peer", EVERYWHERE + CONTAINERS, is_malloc=True),
    Contender("mimalloc", "peer", EVERYWHERE + CONTAINERS, is_malloc=True),
    Contender("tbb", "peer", EVERYWHERE + CONTAINERS, is_malloc=True),
    Contender("dpdk", "peer", tuple(w for w in EVERYWHERE if w != "W3"), program="worker-dpdk"),
    Contender("boost.pool + mutex", "peer", EVERYWHERE),
    Contender("boost.fast", "peer", EVERYWHERE),
    Contender("pmr.sync", "peer", EVERYWHERE + CONTAINERS),
    Contender("boost.pool", "single", SINGLE_THREADED),
    Contender("boost.fast, no mutex", "single", SINGLE_THREADED),
    Contender("pmr.unsync", "single", SINGLE_THREADED + CONTAINERS),
)
BY_NAME = {c.name: c for c in ALL}


def built(directory):
    """The contenders whose programs are there and have them."""
    names = set()
    for program in {c.program for c in ALL}:
        path = os.path.join(directory, program)
        if os.path.exists(path):
            listed = subprocess.run([path, "--list"], capture_output=True, text=True, check=True)
            names |= set(listed.stdout.splitlines())
    return [c for c in ALL if c.name in names]
