# SPDX-License-Identifier: BSD-2-Clause
"""Plants known bugs, one at a time, and shows that the test named for each notices it: alone, that
test passes without the bug and fails with it.

usage: mutate.py ROOT BUILD [REGEX]   in a copy of the sources below BUILD; those whose names match
       mutate.py ROOT --check         only: every bug of mutants.txt can still be planted, and the
                                      tests are there
"""
import dataclasses
import filecmp
import glob
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
# If a bug passes its test, these say in this order who notices it instead.
PROGRAMS = ("base", "page", "cache", "pool", "manual", "regression", "typed", "resource", "async",
            "misuse", "seeing", "memory", "edges", "faults", "stress", "model")
# What is built is run for a second.
FLAGS = ("-DCMAKE_C_FLAGS_DEBUG=-O1", "-DCMAKE_CXX_FLAGS_DEBUG=-O1 -D_GLIBCXX_ASSERTIONS",
         "-DPOOL9_WERROR=OFF")
# A test that hangs has noticed: that takes so many seconds, or no processor for so many; and so
# many all tests of a program.
LONGEST = 120
IDLE = 20
LONGEST_OF_ALL = 900
# A bug may take memory without end.
MOST_MEMORY = 8 << 30


@dataclasses.dataclass
class Mutant:
    name: str
    file: str
    test: str  # as ctest calls it: that of tests/<directory>/ and its program
    before: str
    after: str

    def program_and_test(self):
        return self.test.split(".", 1)

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

    def has_test(self, root):
        program, test = self.program_and_test()
        suite, name = re.fullmatch(r"(?:\w+/)?([A-Z]\w+)(?:/\d+)?\.(\w+)(?:/\w+)?",
                                   test).groups()
        wanted = re.compile(rf"^(TYPED_)?TEST(_[FP])?\({suite}, {name}\)", re.M)
        return any(wanted.search(pathlib.Path(path).read_text(encoding="utf-8"))
                   for path in glob.glob(os.path.join(root, "tests", program, "*_test.cpp")))


def read():
    with open(os.path.join(HERE, "mutants.txt"), encoding="utf-8") as file:
        blocks = file.read().split("\n\n")[1:]
    for block in blocks:
        name, path, test, *lines = block.strip("\n").split("\n")
        text = {sign: "\n".join(line[1:] for line in lines if line[0] == sign) for sign in "-+"}
        # A line that goes leaves no empty one behind, a part of a line no end of one.
        end = "\n" if lines[0].startswith("- ") else ""
        yield Mutant(name, path, test, text["-"] + end, text["+"] + end if text["+"] else "")


def check(root):
    failures = 0
    for mutant in read():
        try:
            mutant.planted(root)
            if mutant.has_test(root):
                continue
            print(f"{mutant.name}: there is no test {mutant.test}")
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


def build(folder, programs):
    """What is said if it fails; or None."""
    targets = [f"{program}-tests" for program in programs]
    built = subprocess.run(["cmake", "--build", folder, "--target", *targets], text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return built.stdout[-2000:] if built.returncode != 0 else None


def processor_time(process):
    """In ticks, with that of the children it has waited for."""
    with open(f"/proc/{process.pid}/stat", encoding="utf-8") as file:
        return sum(int(ticks) for ticks in file.read().rpartition(")")[2].split()[11:15])


def ends_well(process, longest):
    start = since = time.monotonic()
    used = -1
    while time.monotonic() < min(start + longest, since + IDLE):
        try:
            return process.wait(1) == 0
        except subprocess.TimeoutExpired:
            now = processor_time(process)
            if now != used:
                used, since = now, time.monotonic()
    return False


def run(folder, program, tests, longest=LONGEST):
    """Which of these, in the words of --gtest_filter, fails, or None; and those that began."""
    path = os.path.join(folder, "tests", f"{program}-tests")
    with tempfile.TemporaryFile("w+", errors="replace") as output:
        with subprocess.Popen([path, "--gtest_fail_fast", f"--gtest_filter={tests}"],
                              stdout=output, stderr=subprocess.STDOUT,
                              start_new_session=True) as process:
            is_well = ends_well(process, longest)
            try:
                os.killpg(process.pid, signal.SIGKILL)  # children that it left behind, too
            except ProcessLookupError:
                pass
        output.seek(0)
        said = output.read()
    began = re.findall(r"^\[ RUN      \] (\S+)", said, re.M)
    # What ends the program has no time to fail.
    failed = re.findall(r"^\[  FAILED  \] ([^\s,]+)", said, re.M)[:1] or began[-1:] or ["*"]
    return None if is_well else failed[0], began


def who_else(folder):
    """Another test that notices, alone; or nobody."""
    for program in PROGRAMS:
        build(folder, [program])
        doubtful = []  # they failed, but not alone: for what another test left, or by chance
        while test := run(folder, program, "-" + ":".join(doubtful), LONGEST_OF_ALL)[0]:
            if test in doubtful:
                break
            if run(folder, program, test)[0]:
                return f"{program}.{test}"
            doubtful.append(test)
    return "nobody"


def fate(folder, mutant):
    """Whether its test notices the bug that is planted, and what to say of it."""
    program, test = mutant.program_and_test()
    if (errors := build(folder, [program])) is not None:
        return False, f"does not compile\n{errors}"
    if run(folder, program, test)[0]:
        return True, mutant.test
    return False, f"SURVIVED {mutant.test}; noticed by {who_else(folder)}"


def fails_without(folder, mutants):
    """What is wrong with their tests without a bug; or None."""
    tests = {}
    for mutant in mutants:
        program, test = mutant.program_and_test()
        tests.setdefault(program, set()).add(test)
    if (errors := build(folder, tests)) is not None:
        return errors
    for program, some in tests.items():
        failed, began = run(folder, program, ":".join(some), LONGEST_OF_ALL)
        if failed:
            return f"{program}.{failed} fails"
        if missing := some.difference(began):
            return f"there is no {program}.{missing.pop()}"
    return None


def main(root, where, chosen=""):
    if where == "--check":
        return check(root)
    mutants = [mutant for mutant in read() if re.search(chosen, mutant.name)]
    source, folder = os.path.join(where, "source"), os.path.join(where, "build")
    copy_sources(root, source)
    subprocess.run(["cmake", "--preset", "dev", "-S", source, "-B", folder, *FLAGS], cwd=source,
                   stdout=subprocess.DEVNULL, check=True)
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))
    if wrong := fails_without(folder, mutants):
        print(f"without a bug: {wrong}")
        return 1
    print("| bug | noticed by | s |\n|---|---|--:|", flush=True)
    survivors = 0
    for mutant in mutants:
        start = time.monotonic()
        good, bad = mutant.planted(source)
        mutant.write(source, bad)
        found, verdict = fate(folder, mutant)
        mutant.write(source, good)
        survivors += not found
        print(f"| {mutant.name} | {verdict} | {time.monotonic() - start:.0f} |", flush=True)
    print(f"\n{len(mutants)} bugs, {survivors} survived", flush=True)
    return survivors


if __name__ == "__main__":
    sys.exit(1 if main(*sys.argv[1:]) else 0)
