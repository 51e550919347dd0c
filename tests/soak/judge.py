# SPDX-License-Identifier: BSD-2-Clause
"""What must hold of a soak: of every look that poolstat took, of all together, and of the end.

usage: judge.py --planted   plants every fault in the record of a sound run, and finds each
"""
import copy
import statistics
import sys

STUCK = 30  # seconds, at the longest, in which no client gets through: the machine may be loaded
FEWEST = 20  # looks that can show a direction
# Those of pool_stats that never go back.
GROWING = ("gets", "puts", "fails", "waits", "timeouts", "cancels", "limit_hits", "source_fails",
           "pages_requested", "pages_released", "recalls", "refills", "flushes", "peak_out",
           "peak_pages", "wait_ns_total", "last_growth_time_ns")
# Those that may move, but not away.
LEVEL = ("out", "cached", "free", "total", "pages", "waiters", "resident_bytes")


def drift(times, values):
    """By how much a line fitted to the values rises from its start to its end, and how far the
    values lie from it, as a standard deviation."""
    rise, start = statistics.linear_regression(times, values)
    away = [value - start - rise * time for time, value in zip(times, values)]
    return rise * (times[-1] - times[0]), statistics.pstdev(away)


def drifts(samples):
    """(what, drift, noise, mean) of everything that should stay level, over the second half."""
    half = samples[len(samples) // 2:]
    times = [sample["time"] for sample in half]
    series = {what: [sample[what] for sample in half] for what in ("resident", "threads", "files")}
    for name in half[0]["pools"]:
        for figure in LEVEL:
            series[f"{name}.{figure}"] = [sample["pools"][name][figure] for sample in half]
    for what, values in series.items():
        yield (what, *drift(times, values), statistics.mean(values))


def of_pool(name, pool):
    """What is wrong with one look at one pool."""
    if pool["total"] != pool["out"] + pool["cached"] + pool["free"]:
        yield f"{name}: out, cached and free are not the total"
    if pool["gets"] - pool["puts"] != pool["out"]:
        yield f"{name}: gets less puts are not what is out"
    limit = pool["hard_limit"]
    if limit is not None and max(pool["out"], pool["peak_out"]) > limit:
        yield f"{name}: {pool['peak_out']} are out, of {limit}"
    if pool["total"] < pool["reserve"]:
        yield f"{name}: less than the reserve"
    if pool["pages_requested"] - pool["pages_released"] < pool["pages"]:
        yield f"{name}: more pages than the source gave"


def of_samples(samples):
    for sample in samples:
        for name, pool in sample["pools"].items():
            yield from of_pool(name, pool)
            if pool["oldest_wait_ns"] > STUCK * 1e9:
                yield f"{name}: somebody waits for {pool['oldest_wait_ns'] / 1e9:.0f} s"
    for before, after in zip(samples, samples[1:]):
        for name, pool in after["pools"].items():
            for figure in GROWING:
                if pool[figure] < before["pools"][name][figure]:
                    yield f"{name}: {figure} goes back"
    first = samples[0]
    span = min(STUCK, samples[-1]["time"] - first["time"])
    for sample in samples[1:]:
        if sample["time"] - first["time"] >= span:
            for name, pool in sample["pools"].items():
                if pool["gets"] == first["pools"][name]["gets"]:
                    yield f"{name}: no get from {first['time']:.0f} s to {sample['time']:.0f} s"
            first = sample


def of_levels(samples):
    if len(samples) < FEWEST:
        return
    for what, rise, noise, mean in drifts(samples):
        # Of n values without a direction the line rises by 3.5 noise / sqrt(n), as a standard
        # deviation.  A few items or pages, and half a percent, are no direction either.
        if abs(rise) > max(noise * max(1, 15 / len(samples) ** 0.5), mean / 200, 4):
            yield f"{what} drifts by {rise:.1f} from a mean of {mean:.1f} (noise {noise:.1f})"


def of_end(quiet):
    for name, pool in quiet.items():
        yield from of_pool(name, pool)
        for figure in ("out", "waiters"):
            if pool[figure] != 0:
                yield f"{name}: {pool[figure]} {figure} in the end"
        if pool["pages_requested"] - pool["pages_released"] != pool["pages"]:
            yield f"{name}: pages came and went otherwise than counted"
        # Who is cancelled after being served counts as both.
        served, came = sum(pool["wait_histogram"]), pool["waits"] - pool["timeouts"]
        if not came - pool["cancels"] <= served <= came:
            yield f"{name}: {pool['waits']} waits, and {served} ended with an item"


def of_load(run):
    quiet, wrk = run["quiet"], run["wrk"]
    for error in ("connect", "read", "write", "timeout", "status"):
        if wrk[error] != 0:
            yield f"wrk: {wrk[error]} {error} errors"
    if wrk["requests"] == 0:
        yield "wrk: no requests"
    if run["errors"] != 0:
        yield f"the server replied {run['errors']} errors"
    # A soak in which nothing went wrong has shown nothing.
    if quiet["connection"]["peak_out"] != quiet["connection"]["hard_limit"]:
        yield "the limit was never reached"
    for name, figure in (("connection", "waits"), ("connection", "timeouts"), ("lobby", "recalls"),
                         ("narrow", "waits"), ("narrow", "timeouts"), ("narrow", "cancels"),
                         ("lobby", "source_fails"), ("lobby", "pages_released"),
                         ("wide", "source_fails"), ("wide", "pages_released"),
                         ("wide", "refills")):
        if quiet[name][figure] == 0:
            yield f"{name}: no {figure}: too gentle"


def complaints(run):
    """What is wrong, each thing once."""
    found = list(run["wrong"])
    if run["exit"] != 0:
        found.append(f"the server ended with {run['exit']}")
    if run["incomplete"] * 100 > len(run["samples"]):
        found.append(f"poolstat was incomplete {run['incomplete']} times")
    found += of_samples(run["samples"])
    found += of_levels(run["samples"])
    found += of_end(run["quiet"])
    found += of_load(run)
    return list(dict.fromkeys(found))


def sound_run():
    """A record in which nothing is wrong."""
    def look(time, out):
        pool = {figure: 10 * time + 10 for figure in GROWING}
        pool |= {"out": out, "cached": 3, "free": 100 - out - 3, "total": 100, "hard_limit": 100,
                 "peak_out": 100, "reserve": 50, "pages": 10, "waiters": out, "oldest_wait_ns": 5,
                 "puts": 10 * time, "gets": 10 * time + out, "resident_bytes": 40960,
                 "pages_requested": time + 10, "pages_released": time, "timeouts": 1, "cancels": 1}
        pool["wait_histogram"] = [0, pool["waits"] - 2, 0]
        return {name: dict(pool) for name in ("connection", "lobby", "narrow", "wide")}
    samples = [{"time": time, "resident": 5_000_000 + time % 3 * 4096, "threads": 3 + time % 9,
                "files": 200 + time % 7, "pools": look(time, 40 + time % 5)}
               for time in range(1, 121)]
    wrk = dict.fromkeys(("connect", "read", "write", "timeout", "status"), 0) | {"requests": 9}
    return {"samples": samples, "quiet": look(121, 0), "wrk": wrk, "errors": 0, "exit": 0,
            "wrong": [], "incomplete": 0}


def plants():
    """(what is to be found, what plants it)"""
    def samples(change):
        return lambda run: [change(number, sample) for number, sample in enumerate(run["samples"])]

    def pools(name, change):
        return samples(lambda number, sample: change(number, sample["pools"][name]))

    def end(name, **figures):
        return lambda run: run["quiet"][name].update(figures)

    def leak(number, pool):
        pool["out"] += number // 4
        pool["gets"] += number // 4
        pool["free"] -= number // 4

    yield "resident drifts", samples(lambda n, s: s.update(resident=s["resident"] + n * 600))
    yield "files drifts", samples(lambda n, s: s.update(files=s["files"] + n // 5))
    yield "threads drifts", samples(lambda n, s: s.update(threads=s["threads"] + n // 3))
    yield "lobby.out drifts", pools("lobby", leak)
    yield "not the total", pools("lobby", lambda n, p: p.update(free=p["free"] - (n == 7)))
    yield "gets less puts", pools("wide", lambda n, p: p.update(puts=p["puts"] - (n == 7)))
    yield "101 are out, of 100", pools("narrow", lambda n, p: p.update(peak_out=101))
    yield "less than the reserve", pools("lobby", lambda n, p: p.update(reserve=101))
    yield "more pages than", pools("lobby", lambda n, p: p.update(pages=p["pages"] + (n == 9)))
    yield "flushes goes back", pools("wide", lambda n, p: p.update(flushes=9000 - (n > 9)))
    yield "waits for 31 s", pools("wide", lambda n, p: p.update(oldest_wait_ns=31e9))
    yield "no get from", pools("lobby", lambda n, p: p.update(
        gets=min(p["gets"], 400 + p["out"]), puts=min(p["puts"], 400)))
    yield "3 out in the end", end("wide", out=3)
    yield "1 waiters in the end", end("connection", waiters=1)
    yield "otherwise than counted", end("lobby", pages=9)
    yield "ended with an item", end("narrow", wait_histogram=[0, 9, 0])
    yield "never reached", end("connection", peak_out=99)
    yield "too gentle", end("wide", source_fails=0)
    yield "2 timeout errors", lambda run: run["wrk"].update(timeout=2)
    yield "no requests", lambda run: run["wrk"].update(requests=0)
    yield "replied 4 errors", lambda run: run.update(errors=4)
    yield "ended with -6", lambda run: run.update(exit=-6)
    yield "incomplete 2 times", lambda run: run.update(incomplete=2)
    yield "an item has two owners", lambda run: run["wrong"].append("an item has two owners")


def planted():
    sound = sound_run()
    failures = [f"said of a sound run: {complaint}" for complaint in complaints(sound)]
    for expected, plant in plants():
        run = copy.deepcopy(sound)
        plant(run)
        if not any(expected in complaint for complaint in complaints(run)):
            failures.append(f"not found: {expected}")
    print("\n".join(failures), end="")
    return len(failures)


if __name__ == "__main__":
    sys.exit(1 if sys.argv[1:] != ["--planted"] or planted() else 0)
