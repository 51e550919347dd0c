# SPDX-License-Identifier: BSD-2-Clause
"""Sums up the test results of several builds, build/<preset>/results.xml as ctest wrote them.

Prints the output of every test that failed, then a line for every skip, with its reason, and every
failure, then `N passed, N failed, N skipped`.  A build without results counts as one failure;
it is no success either if nothing passed at all.

usage: summary.py PRESET...
"""
import os
import re
import sys
import xml.etree.ElementTree as ElementTree


class Summary:
    def __init__(self):
        self.passed = 0
        self.failed = []   # names
        self.skipped = []  # names and reasons

    def add_build(self, preset):
        results = os.path.join("build", preset, "results.xml")
        if not os.path.exists(results):
            self.failed.append(f"{preset}: no results: the build failed, or ctest did")
            return
        for case in ElementTree.parse(results).getroot().iter("testcase"):
            self.add_test(f"{preset}: {case.get('name')}", case)

    def add_test(self, name, case):
        output = case.findtext("system-out") or ""
        status, note = case.get("status"), case.find("skipped")
        message = note.get("message", "") if note is not None else ""
        if status == "run":
            self.passed += 1
        elif status == "disabled":
            self.skipped.append(f"{name}: disabled")
        elif status == "notrun" and message.startswith("SKIP_"):
            self.skipped.append(f"{name}: {skip_reason(output)}")
        else:
            after = f"failed after {float(case.get('time') or 0):.1f} s"
            print(f"---- {name}: {message or after}\n{output}")
            self.failed.append(name)

    def print(self):
        for line in self.skipped:
            print(f"skipped: {line}")
        for line in self.failed:
            print(f"FAILED: {line}")
        print(f"{self.passed} passed, {len(self.failed)} failed, {len(self.skipped)} skipped")


def skip_reason(output):
    """What a GoogleTest said to GTEST_SKIP(), or else the last thing that the program said."""
    match = re.search(r": Skipped\n(.*?)\n*\[  SKIPPED \]", output, re.DOTALL)
    text = match[1] if match else output.strip().rsplit("\n", 1)[-1]
    return " ".join(text.split()) or "no reason given"


summary = Summary()
for build in sys.argv[1:]:
    summary.add_build(build)
summary.print()
sys.exit(0 if summary.passed and not summary.failed else 1)
