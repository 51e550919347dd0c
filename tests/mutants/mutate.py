# SPDX-License-Identifier: BSD-2-Clause
"""Plants known bugs, one at a time, and shows which test notices each.

usage: mutate.py ROOT BUILD [REGEX]   in a copy of the sources below BUILD; those whose names match
       mutate.py ROOT --check         only: every bug of mutants.txt can still be planted
"""
import dataclasses
import filecmp
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
# Built and run in this order until one fails: the quick ones first.
PROGRAMS = ("page-tests", "cache-tests", "pool-tests", "manual-tests", "regression-tests",
            "async-tests", "memory-tests", "edges-tests", "stress-tests", "model-tests")
# A test that hangs has noticed: that takes so many seconds, or no processor for so many.
LONGEST = 300
IDLE = 20


@dataclasses.dataclass
class Mutant:
    name: str
    file: str
    before: str = ""
    after: str = ""

    def planted(self, root):
        """The text of the file, without the bug and with it."""
        with open(os.path.join(root, self.file), encoding="utf-8") as file:
            text = file.read()
        if text.count(self.before) != 1:
            raise ValueError(f"{self.name}: what it changes is {text.count(self.before)} times in "
                             f"{self.file}")
        return text, text.replace(self.before, self.after)

    def write(self, root, text):
        with open(os.path.join(root, self.file), "w", encoding="utf-8") as file:
            file.write(text)


def read():
    with open(os.path.join(HERE, "mutants.txt"), encoding="utf-8") as file:
        blocks = file.read().split("\n\n")[1:]
    for block in blocks:
        name, path, *lines = block.strip("\n").split("\n")
        text = {sign: "\n".join(line[1:] for line in lines if line[0] == sign) for sign in "-+"}
        # A line that goes leaves no empty one behind, a part of a line no end of one.
        end = "\n" if lines[0].startswith("- ") else ""
        yield Mutant(name, path, text["-"] + end, text["+"] + end if text["+"] else "")


def check(root):
    failures = 0
    for mutant in read():
        try:
            mutant.planted(root)
        except ValueError as error:
            print(error)
            failures += 1
    return failures


def copy_sources(root, source):
    """Writes only what differs: what is built of the rest stays good, and nothing else does, for a
    bug that an earlier run planted last is newer than its file of before."""
    names = subprocess.run(["git", "-C", root, "ls-files"], capture_output=True, text=True,
                           check=True).stdout.splitlines()
    for name in names:
        ours, theirs = os.path.join(root, name), os.path.join(source, name)
        if not os.path.exists(theirs) or not filecmp.cmp(ours, theirs, shallow=False):
            os.makedirs(os.path.dirname(theirs), exist_ok=True)
            shutil.copyfile(ours, theirs)
    for path in pathlib.Path(source).rglob("*"):
        if path.is_file() and str(path.relative_to(source)) not in names:
            path.unlink()


def processor_time(process):
    """In ticks, with that of the children it has waited for."""
    with open(f"/proc/{process.pid}/stat", encoding="utf-8") as file:
        return sum(int(ticks) for ticks in file.read().rpartition(")")[2].split()[11:15])


def ends_well(process):
    start = since = time.monotonic()
    used = -1
    while time.monotonic() < min(start + LONGEST, since + IDLE):
        try:
            return process.wait(1) == 0
        except subprocess.TimeoutExpired:
            now = processor_time(process)
            if now != used:
                used, since = now, time.monotonic()
    process.kill()
    process.wait()
    return False


def first_failure(program, tests):
    """Of these tests, in the words of --gtest_filter; or None."""
    with tempfile.TemporaryFile("w+", errors="replace") as output:
        with subprocess.Popen([program, "--gtest_fail_fast", f"--gtest_filter={tests}"],
                              stdout=output, stderr=subprocess.STDOUT) as process:
            if ends_well(process):
                return None
        output.seek(0)
        started = re.findall(r"^\[ RUN      \] (\S+)", output.read(), re.M)
    return started[-1] if started else os.path.basename(program)


def is_noticed(program, doubtful):
    """The test of this program that notices, alone as well, or None.  The others that failed are
    added to the doubtful ones: they may have failed for what another test left."""
    while True:
        test = first_failure(program, "-" + ":".join(doubtful))
        if test is None or test in doubtful or first_failure(program, test):
            return None if test in doubtful else test
        doubtful.append(test)


def fate(folder):
    """Whether somebody noticed the bug that is planted, and what to say of it."""
    doubtful = []
    for program in PROGRAMS:
        built = subprocess.run(["cmake", "--build", folder, "--target", program],
                               capture_output=True, text=True, check=False)
        if built.returncode != 0:
            return False, "does not compile\n" + built.stdout[-2000:]
        test = is_noticed(os.path.join(folder, "tests", program), doubtful)
        if test:
            return True, f"noticed by {test}"
    return False, f"SURVIVED{'; failed once: ' if doubtful else ''}{', '.join(doubtful)}"


def main(root, where, chosen=""):
    if where == "--check":
        return check(root)
    source, folder = os.path.join(where, "source"), os.path.join(where, "build")
    copy_sources(root, source)
    subprocess.run(["cmake", "--preset", "dev", "-S", source, "-B", folder], cwd=source,
                   stdout=subprocess.DEVNULL, check=True)
    survivors = 0
    for mutant in read():
        if not re.search(chosen, mutant.name):
            continue
        start = time.monotonic()
        good, bad = mutant.planted(source)
        mutant.write(source, bad)
        found, verdict = fate(folder)
        mutant.write(source, good)
        survivors += not found
        print(f"{time.monotonic() - start:5.0f} s  {mutant.name}: {verdict}", flush=True)
    print(f"{survivors} survived")
    return survivors


if __name__ == "__main__":
    sys.exit(1 if main(*sys.argv[1:]) else 0)
