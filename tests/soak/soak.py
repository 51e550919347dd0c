# SPDX-License-Identifier: BSD-2-Clause
"""Runs the server of soak.cpp under wrk at four times its limit, looks at it with poolstat every
second, and says in the end whether anything was wrong.

usage: soak.py SOAK POOLSTAT [--seconds N] [--limit N] [--share S] [--seed N] [--record FILE]
"""
import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import judge

HERE = os.path.dirname(os.path.abspath(__file__))
SKIPPED = 77
SIZES = (0, 100, 700, 3000, 9000, 16384, 40_000, 65_536)  # of the files that are served, bytes


class Server:
    """The program, and what it says."""

    def __init__(self, program, root, options):
        self.process = subprocess.Popen(
            [program, root, str(options.limit), str(options.share), str(options.seed)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.pid = self.process.pid
        self.said, self.news = [], threading.Condition()
        self.is_over = False
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        for line in self.process.stdout:
            with self.news:
                self.said.append(line.strip())
                self.news.notify_all()
        with self.news:
            self.is_over = True
            self.news.notify_all()

    def await_line(self, start, seconds=120):
        """The first line that starts so; nothing if it does not come."""
        def find():
            return next((line for line in self.said if line.startswith(start)), None)
        with self.news:
            self.news.wait_for(lambda: find() or self.is_over, seconds)
            return find()

    def tell(self):
        try:
            self.process.stdin.write("\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # its exit status tells

    def end(self):
        try:
            self.process.stdin.close()
            return self.process.wait(120)
        except (BrokenPipeError, subprocess.TimeoutExpired):
            self.process.kill()
            return self.process.wait()

    def wrong(self):
        with self.news:
            return [line for line in self.said if line.startswith("wrong: ")]


def look(poolstat, pid):
    """All pools by name, and whether that is all."""
    done = subprocess.run([poolstat, "--json", str(pid)], capture_output=True, text=True,
                          check=False)
    if done.returncode not in (0, 4):
        raise RuntimeError(f"poolstat ended with {done.returncode}: {done.stderr}")
    pools = json.loads(done.stdout)["pools"]
    return {pool["name"]: pool for pool in pools}, done.returncode == 0


def of_system(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        status = dict(line.split(":", 1) for line in file if ":" in line)
    return {"resident": int(status["VmRSS"].split()[0]) * 1024, "threads": int(status["Threads"]),
            "files": len(os.listdir(f"/proc/{pid}/fd"))}


def drive(server, url, names, options, run):
    """The load, and a look every second until it is over."""
    wrk = subprocess.Popen(
        ["wrk", "-t", "2", "-c", str(4 * options.limit), "-d", f"{options.seconds}s", "--timeout",
         "30s", "-s", os.path.join(HERE, "traffic.lua"), url, "--", *names],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    start = time.monotonic()
    due = start + 1
    try:
        while wrk.poll() is None and server.process.poll() is None:
            time.sleep(max(0.0, due - time.monotonic()))
            due = max(due + 1, time.monotonic())
            now = time.monotonic() - start
            if now > options.seconds - 0.5:  # from here on the clients leave
                break
            pools, whole = look(options.poolstat, server.pid)
            run["incomplete"] += not whole
            if whole:
                run["samples"].append({"time": now, **of_system(server.pid), "pools": pools})
            if whole and len(run["samples"]) % 300 == 0:
                print(f"soak: after {now:.0f} s: {pools['connection']['gets']} clients served, "
                      f"resident {run['samples'][-1]['resident'] >> 10} KiB", flush=True)
    finally:
        if server.process.poll() is not None:
            wrk.kill()
        said = wrk.communicate()[0]
    run["wrk"] = json.loads(said.splitlines()[-1])


def soak(options, root):
    names = []
    for size in SIZES:
        names.append(f"/{size}")
        with open(os.path.join(root, str(size)), "wb") as file:
            file.write(os.urandom(size))
    run = {"samples": [], "incomplete": 0, "wrong": [], "errors": 0}
    server = Server(options.soak, root, options)
    try:
        url = server.await_line("serving ").split()[1]
        drive(server, url, names, options, run)
        server.tell()
        totals = server.await_line("requests=")
        if server.await_line("quiet") is None:
            run["wrong"].append("the server does not come to rest")
        else:
            run["quiet"], _ = look(options.poolstat, server.pid)
            run["errors"] = int(totals.split("errors=")[1])
    finally:
        run["exit"] = server.end()
        run["wrong"] += server.wrong()
    return run


def report(run):
    """What was seen, for people."""
    print(f"{'pool':<12}{'gets':>12}{'waits':>11}{'timeouts':>10}{'cancels':>9}{'refused':>9}"
          f"{'pages in':>10}{'pages out':>10}{'recalls':>10}{'peak out':>9}")
    for name, pool in run["quiet"].items():
        print(f"{name:<12}{pool['gets']:>12}{pool['waits']:>11}{pool['timeouts']:>10}"
              f"{pool['cancels']:>9}{pool['source_fails']:>9}{pool['pages_requested']:>10}"
              f"{pool['pages_released']:>10}{pool['recalls']:>10}{pool['peak_out']:>9}")
    print(f"\nsecond half of {len(run['samples'])} looks: {'mean':>16}{'drift':>13}{'noise':>13}")
    for what, rise, noise, mean in judge.drifts(run["samples"]):
        print(f"  {what:<30}{mean:>16.1f}{rise:>13.1f}{noise:>13.1f}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("soak")
    parser.add_argument("poolstat")
    parser.add_argument("--seconds", type=int, default=3600)
    parser.add_argument("--limit", type=int, default=100)
    parser.add_argument("--share", type=float, default=0.3, help="of pages that are refused")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--record", help="a file for all that was seen, as JSON")
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        print("soak: skipped: wrk is not installed")
        return SKIPPED
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    print(f"soak: {4 * options.limit} clients, limit {options.limit}, {options.seconds} s; "
          f"{options.share:.0%} of pages refused, seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory() as root:
        run = soak(options, root)
    if options.record:
        with open(options.record, "w", encoding="utf-8") as file:
            json.dump(run, file)
    found = judge.complaints(run) if "quiet" in run else [*run["wrong"], f"ended: {run['exit']}"]
    if "quiet" in run:
        report(run)
    for complaint in found[:50]:
        print(f"soak: {complaint}")
    wrk = run["wrk"]
    print(f"soak: {'FAILED' if found else 'ok'} - {wrk['requests']} requests, median "
          f"{wrk['median_ms']} ms, slowest {wrk['slowest_ms']} ms, {len(run['samples'])} looks, "
          f"{len(found)} complaints")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
