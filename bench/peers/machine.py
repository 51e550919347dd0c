# SPDX-License-Identifier: BSD-2-Clause
"""What a run's figures depend on: machine, system, compiler, versions, date."""
import datetime
import json
import os
import platform
import re
import subprocess

import contenders
from worker import Failure, Worker


def _read(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        return ""


def _processor():
    names = re.findall(r"^(?:model name|CPU part)\s*:\s*(.*)$", _read("/proc/cpuinfo"), re.M)
    family = re.findall(r"^cpu family\s*:\s*(.*)$", _read("/proc/cpuinfo"), re.M)
    model = re.findall(r"^model\s*:\s*(.*)$", _read("/proc/cpuinfo"), re.M)
    name = names[0] if names else platform.machine()
    return name + (f" (family {family[0]}, model {model[0]})" if family and model else "")


def _compiler():
    try:
        first = subprocess.run(["g++", "--version"], capture_output=True, text=True, check=True)
        return first.stdout.splitlines()[0]
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _distance_and_step(options):
    """Nanoseconds that a cache line takes from one processor to the next and back, and of the
    least step of the clock that times single operations."""
    worker = Worker(options.programs, contenders.BY_NAME["nothing"], "machine", 64, 2,
                    options.cpus, options.may_go_first)
    try:
        turns = [worker.turn(2_000) for _ in range(100)]
        worker.stop()
        return [round(min(figures), 1) for figures in zip(*turns)]
    except Failure:
        return None, None


def describe(options, versions, failures, how):
    """Writes run.json; `how` is what the race itself knows of the run."""
    thp = re.findall(r"\[(\w+)\]", _read("/sys/kernel/mm/transparent_hugepage/enabled"))
    distance, step = _distance_and_step(options)
    run = {
        "date": datetime.date.today().isoformat(),
        "processor": _processor(),
        "processors used": len(options.cpus),
        "is virtual": "hypervisor" in _read("/proc/cpuinfo"),
        "ns of a cache line's way to the other processor and back": distance,
        "ns of the clock's step, in W8": step,
        "kernel": platform.release().split("-")[0],
        "system": platform.freedesktop_os_release().get("PRETTY_NAME", "unknown"),
        "transparent huge pages": thp[0] if thp else "none",
        "compiler": _compiler() + ", -O2 -DNDEBUG",
        **how,
        "versions": {n: v for n, v in sorted(versions.items()) if v not in ("-", "as built")},
        "out of the race": failures,
    }
    with open(os.path.join(options.out, "run.json"), "w", encoding="utf-8") as file:
        json.dump(run, file, indent=2)
        file.write("\n")
