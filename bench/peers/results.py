# SPDX-License-Identifier: BSD-2-Clause
"""The figures of a run, read back from its table."""
import csv
import dataclasses
import json
import os

import contenders


@dataclasses.dataclass(frozen=True)
class Figure:
    contender: str
    kind: str
    rounds: int
    median: float
    q1: float
    q3: float
    pool9_to_it: float  # the median of the ratios of turns of one round; None: pool9 was not there


class Results:
    """Figures by (workload, threads, size, metric), and what run.json says."""

    def __init__(self, directory):
        with open(os.path.join(directory, "run.json"), encoding="utf-8") as file:
            self.run = json.load(file)
        self._figures = {}
        with open(os.path.join(directory, "peers.csv"), encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                key = row["workload"], int(row["threads"]), int(row["size"]), row["metric"]
                self._figures.setdefault(key, {})[row["contender"]] = Figure(
                    row["contender"], row["kind"], int(row["rounds"]), float(row["median"]),
                    float(row["q1"]), float(row["q3"]),
                    float(row["pool9_to_it"]) if row["pool9_to_it"] else None)

    def of(self, workload, threads, size, metric):
        """{contender: figure}; empty, if that was not raced."""
        return self._figures.get((workload, threads, size, metric), {})

    def sizes(self, workload):
        return sorted({key[2] for key in self._figures if key[0] == workload})

    def threads(self, workload):
        return sorted({key[1] for key in self._figures if key[0] == workload})

    def names(self, workload):
        """The contenders that took part, in their order."""
        there = {name for key, some in self._figures.items() if key[0] == workload
                 for name in some}
        return [c.name for c in contenders.ALL if c.name in there]

    def has(self, group_workloads):
        return any(self.sizes(w.name) for w in group_workloads)


def best(figures, among=lambda contender: True):
    """The best peer that threads may share; None, if there is none."""
    peers = [f for f in figures.values()
             if f.kind == "peer" and among(contenders.BY_NAME[f.contender])]
    return min(peers, key=lambda f: f.median, default=None)


def ratio(figures, ours, theirs):
    """How many times theirs ours is.  Of turns of one round where pool9 is one of the two,
    else of medians.  None, if one of them was not raced."""
    if ours not in figures or theirs not in figures:
        return None
    if ours == "pool9" and figures[theirs].pool9_to_it is not None:
        return figures[theirs].pool9_to_it
    if theirs == "pool9" and figures[ours].pool9_to_it:
        return 1 / figures[ours].pool9_to_it
    return figures[ours].median / figures[theirs].median if figures[theirs].median else None
