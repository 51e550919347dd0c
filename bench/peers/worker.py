# SPDX-License-Identifier: BSD-2-Clause
"""A worker: one contender in one workload, in a process of its own, which takes a turn when told.

Processes keep the peers apart: none replaces another's malloc, none inherits another's memory, and
what needs a process of its own (DPDK, a system without membarrier) races like everybody else.
"""
import os
import select
import subprocess

# For libraries that are loaded late and want thread-local memory that is laid out early.
_ENVIRONMENT = dict(os.environ, GLIBC_TUNABLES="glibc.rtld.optional_static_tls=16384")
_LONGEST_TURN = 30  # seconds


class Failure(Exception):
    """The worker cannot do this, or died of it."""


class Worker:
    def __init__(self, directory, contender, workload, size, threads, cpus, is_first):
        command = [os.path.join(directory, contender.program),
                   "--contender", contender.name, "--workload", workload,
                   "--size", str(size), "--threads", str(threads),
                   "--cpus", ",".join(map(str, cpus))]
        if is_first:
            command.append("--first")
        if contender.launcher:
            command.insert(0, os.path.join(directory, contender.launcher))
        self._process = subprocess.Popen(
            command, env=_ENVIRONMENT, text=True, bufsize=1,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self._ready = ""

    @property
    def version(self):
        """What it is a version of; waits until it is ready."""
        if not self._ready:
            self._ready = self._line()
        return self._ready.removeprefix("ready").strip()

    def turn(self, n):
        """The figures of a turn of `n` operations."""
        assert self.version
        try:
            self._process.stdin.write(f"{n}\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            self._fail("gone")
        return [float(figure) for figure in self._line().split()]

    def stop(self):
        """Ends the process: politely, so that it may check what it holds."""
        try:
            self._process.communicate(timeout=_LONGEST_TURN)
        except (subprocess.TimeoutExpired, BrokenPipeError):
            self._process.kill()
            self._process.communicate()

    def _line(self):
        readable, _, _ = select.select([self._process.stdout], [], [], _LONGEST_TURN)
        line = self._process.stdout.readline() if readable else ""
        if not line:
            self._fail("silent" if not readable else "gone")
        return line

    def _fail(self, how):
        self._process.kill()
        _, said = self._process.communicate()
        last = said.strip().splitlines()[-1:] or [f"status {self._process.returncode}"]
        raise Failure(f"{how}: {last[0]}")
