# SPDX-License-Identifier: BSD-2-Clause
"""Checks that standard input is OpenMetrics 1.0 text, as far as pools have a use for it, and
Prometheus's text format 0.0.4 as well: what is allowed in both, and what `promtool check metrics`
wants besides.
"""
import re
import sys

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
NUMBER = r"\+Inf|[0-9]+(?:\.[0-9]+)?"
SAMPLE = re.compile(rf"({NAME})\{{({LABEL}(?:,{LABEL})*)\}} ({NUMBER})")
DESCRIPTOR = re.compile(rf"# (TYPE|HELP) ({NAME}) ((?:[^\\]|\\[\\n])+)")
LE = re.compile(rf',le="({NUMBER})"')
SUFFIXES = {"gauge": ("",), "unknown": ("",), "histogram": ("_bucket", "_count", "_sum")}


class Family:
    """What has been said of the metric so far."""

    def __init__(self, name):
        self.name, self.kind, self.told = name, "unknown", set()
        self.has_samples = False
        self.buckets = {}  # of each series: the bounds and counts

    def describe(self, what, text):
        if what in self.told or self.has_samples:
            yield f"a second {what} of {self.name}, or a late one"
        self.told.add(what)
        if what == "TYPE":
            self.kind = text
        if self.kind not in SUFFIXES:
            yield f"{self.kind} is no type of both formats"

    def add(self, name, labels, value):
        self.has_samples = True
        if name not in [self.name + suffix for suffix in SUFFIXES.get(self.kind, ())]:
            yield f"{name} is not of the {self.kind} {self.name}"
        if "HELP" not in self.told:
            yield f"{self.name} has no HELP"
        if not re.search(r'(^|,)id="', labels):
            yield "no id"
        if self.kind == "histogram":
            yield from self.add_to_histogram(name, labels, float(value))

    def add_to_histogram(self, name, labels, value):
        buckets = self.buckets.setdefault(LE.sub("", labels), [(-1.0, 0.0)])
        if name.endswith("_bucket"):
            bound = LE.search(labels)
            if not bound or float(bound[1]) <= buckets[-1][0]:
                yield "a bucket without a bound, or not behind the one before"
            if value < buckets[-1][1]:
                yield "a bucket holds less than the one before"
            buckets.append((float(bound[1]) if bound else 0, value))
        elif buckets[-1][0] != float("inf"):
            yield "the last bucket has an end"
        elif name.endswith("_count") and value != buckets[-1][1]:
            yield "the count is not that of the last bucket"


def complaints(text):
    if not text.endswith("# EOF\n"):
        yield "does not end with # EOF"
    families, seen, family = set(), set(), Family(None)
    for number, line in enumerate(text.splitlines()[:-1], 1):
        descriptor, sample = DESCRIPTOR.fullmatch(line), SAMPLE.fullmatch(line)
        if descriptor:
            what, name, rest = descriptor.groups()
            if name != family.name:
                if name in families:
                    yield f"{number}: the family {name} is in two places"
                families.add(name)
                family = Family(name)
            yield from (f"{number}: {complaint}" for complaint in family.describe(what, rest))
        elif sample and family.name is not None:
            if sample.groups()[:2] in seen:
                yield f"{number}: it is there twice: {line}"
            seen.add(sample.groups()[:2])
            yield from (f"{number}: {complaint}" for complaint in family.add(*sample.groups()))
        else:
            yield f"{number}: neither a sample nor a descriptor: {line}"


# Not splitlines' idea of a line end, but the formats': nothing else may end one.
TEXT = sys.stdin.buffer.read().decode()
FOUND = list(complaints(re.sub(r"[\v\f\r\x1c-\x1e\x85\u2028\u2029]", ".", TEXT)))
print("\n".join(FOUND), end="")
sys.exit(1 if FOUND else 0)
