# SPDX-License-Identifier: BSD-2-Clause
"""Checks that standard input is OpenMetrics 1.0 text, as far as pools have a use for it, and
Prometheus's text format 0.0.4 as well: what is allowed in both.
"""
import re
import sys

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(rf"({NAME})\{{({LABEL}(?:,{LABEL})*)\}} (\+Inf|[0-9]+(?:\.[0-9]+)?)")
DESCRIPTOR = re.compile(rf"# (TYPE|HELP) ({NAME}) (.+)")
SUFFIXES = {"gauge": ("",), "unknown": ("",), "histogram": ("_bucket", "_count", "_sum")}


def complaints(text):
    if not text.endswith("# EOF\n"):
        yield "does not end with # EOF"
    family, kind, families, seen, last_bucket = None, None, set(), set(), {}
    for number, line in enumerate(text.splitlines()[:-1], 1):
        descriptor = DESCRIPTOR.fullmatch(line)
        if descriptor:
            what, name, rest = descriptor.groups()
            if name != family:
                if name in families:
                    yield f"{number}: the family {name} is in two places"
                families.add(name)
                family, kind = name, "unknown"
            if what == "TYPE":
                kind = rest
            if kind not in SUFFIXES:
                yield f"{number}: {kind} is no type of both formats"
            continue
        sample = SAMPLE.fullmatch(line)
        if not sample:
            yield f"{number}: neither a sample nor a descriptor: {line}"
            continue
        name, labels, value = sample.groups()
        if name not in [family + suffix for suffix in SUFFIXES.get(kind, ())]:
            yield f"{number}: {name} is not of the {kind} {family}"
        if (name, labels) in seen:
            yield f"{number}: {name}{{{labels}}} is there twice"
        seen.add((name, labels))
        if not re.search(r'(^|,)id="', labels):
            yield f"{number}: no id"
        if name.endswith("_bucket"):
            others = re.sub(r',le="[^"]*"', "", labels)
            if float(value) < last_bucket.get(others, 0):
                yield f"{number}: a bucket holds less than the one before"
            last_bucket[others] = float(value)


# Not splitlines' idea of a line end, but the formats': nothing else may end one.
TEXT = sys.stdin.buffer.read().decode()
FOUND = list(complaints(re.sub(r"[\v\f\r\x1c-\x1e\x85\u2028\u2029]", ".", TEXT)))
print("\n".join(FOUND), end="")
sys.exit(1 if FOUND else 0)
