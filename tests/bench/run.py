#!/usr/bin/env python3
"""Measures axond beside bare servers, HAProxy, nginx and socat in one run, and holds it against its
budgets.

    run.py                        everything: some twenty minutes
    run.py --only echo            what has "echo" in its name
    run.py --list                 the names, and the load of each
    run.py --quick                a smoke test: every byte comes back, exact counts are exact
    run.py --markdown             the figures into RESULTS.md
    run.py --json FILE            everything that was measured

Timed workloads run in rounds: each server in turn, for a short while, in an order that rotates;
after a third of them all are started anew.  Figures are medians of the rounds; a ratio is taken
within each round, and is the median of those.
RESULTS.md tells how each figure is obtained and how far it can be trusted.
"""

import argparse
import collections
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile

import held
import leak
import load_graph
import machine
import network
import workers
from servers import (FLOORS, Failure, Programs, Server, backend_for, can_trace, count, cpus,
                     free_port, load, one_cpu, raise_descriptor_limit)
from spread import spread

HERE = os.path.dirname(os.path.abspath(__file__))

ONE_CPU = "-one-cpu"  # ends the names of those where all run on the first CPU

Workload = collections.namedtuple("Workload", "name role unit arguments")

TIMED = [Workload(name, role, unit, arguments.split()) for name, role, unit, arguments in (
    ("echo1", "echo", "msg", "echo --conns 1"),
    ("echo50", "echo", "msg", "echo --conns 50"),
    ("echo1000", "echo", "msg", "echo --conns 1000"),
    ("pipe1", "echo", "msg", "echo --conns 1 --depth 16"),
    ("pipe50", "echo", "msg", "echo --conns 50 --depth 16"),
    ("big", "echo", "msg", "echo --conns 10 --size 16384"),
    ("churn", "echo", "conn", "connect --conns 32"),
    ("churn1", "echo", "conn", "connect --conns 1"),
    ("lines50", "lines", "msg", "lines --conns 50"),
    ("lines-pipe50", "lines", "msg", "lines --conns 50 --depth 16"),
    ("proxy-echo1", "proxy", "msg", "echo --conns 1"),
    ("proxy-echo50", "proxy", "msg", "echo --conns 50"),
    ("proxy-echo1000", "proxy", "msg", "echo --conns 1000"),
    ("proxy-pipe50", "proxy", "msg", "echo --conns 50 --depth 16"),
    ("proxy-big", "proxy", "msg", "echo --conns 10 --size 16384"),
    ("proxy-stream1", "proxy", "mb", "stream --conns 1"),
    ("proxy-stream4", "proxy", "mb", "stream --conns 4"),
    ("proxy-churn", "proxy", "conn", "connect --conns 32"),
    ("fanout100", "fanout", "delivery", "fanout --conns 100"),
    ("fanout1000", "fanout", "delivery", "fanout --conns 1000"),
    ("fanout-pipe", "fanout", "delivery", "fanout --conns 100 --depth 16"),
    ("echo1" + ONE_CPU, "echo", "msg", "echo --conns 1"),
    ("churn1" + ONE_CPU, "echo", "conn", "connect --conns 1"),
    ("proxy-echo1" + ONE_CPU, "proxy", "msg", "echo --conns 1"),
    ("proxy-stream1" + ONE_CPU, "proxy", "mb", "stream --conns 1"),
)]

PLURALS = {"msg": "msgs", "conn": "conns", "mb": "mb", "delivery": "deliveries"}

TITLES = {"echo": "Echo", "lines": "Lines, echoed", "proxy": "Proxy", "fanout": "Fan-out"}

IDLE = [Workload(name, role, "conn", arguments.split()) for name, role, arguments in (
    ("idle1000", "echo", "idle --conns 1000"),
    ("idle19000", "echo", "idle --conns 19000"),
    ("proxy-idle", "proxy", "idle --conns 9500"),
)]

QUICK = {"echo1", "echo50", "pipe1", "big", "churn", "lines-pipe50", "proxy-echo50",
         "proxy-stream4", "fanout-pipe", "instances", "syscalls", "instructions", "fanout-counts"}

# The load of a role whose messages are counted.
MODES = {"echo": "echo", "lines": "lines", "proxy": "echo"}

COUNTS = {"syscalls", "instructions", "fanout-counts"}
STARTS = 3  # of each server, lest where the memory of one comes to lie decides
IDLE_HOLD = 0.3  # s in which idle connections are watched
TRIES = 5  # of a smoke test, until a count is what it has to be

# System calls that do the same to a stream socket.
KINDS = {"recv": {"recvfrom", "recvmsg", "read", "readv"},
         "send": {"sendto", "sendmsg", "write", "writev"},
         "wait": {"epoll_wait", "epoll_pwait", "epoll_pwait2"}}


def table(headers, rows):
    """A table in Markdown, aligned so that it reads as plain text too."""
    cells = [[str(cell) for cell in row] for row in [headers, *rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(headers))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |"
             for row in cells]
    lines.insert(1, "| " + " | ".join("-" * width for width in widths) + " |")
    return "\n".join(lines)


def number(value, digits=3):
    """With as many digits as matter, never in powers of ten."""
    text = f"{value:.{0 if value >= 1000 else digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


class Report:
    """What was measured: text and tables by title, figures by name, verdicts on budgets."""

    def __init__(self):
        self.texts = {}
        self.tables = {}
        self.figures = {}
        self.verdicts = []
        self.failures = []

    def add(self, title, text):
        self.texts[title] = text
        print(f"\n### {title}\n\n{text}", flush=True)

    def add_rows(self, title, headers, rows):
        """A part of the table of that title."""
        print(f"\n### {title}\n\n{table(headers, rows)}", flush=True)
        self.tables.setdefault(title, []).extend(rows)
        self.texts[title] = table(headers, self.tables[title])

    def markdown(self):
        return "\n\n".join(f"### {title}\n\n{text}" for title, text in self.texts.items())

    def judge(self, what, value, limit, is_good=None):
        """limit: the most that `value` may be."""
        is_good = value <= limit if is_good is None else is_good
        shown = value if isinstance(value, str) else number(value)
        self.verdicts.append((what, shown, limit, "met" if is_good else "**missed**"))
        return is_good

    def fail(self, text):
        self.failures.append(text)
        print(f"\nFAILED: {text}", file=sys.stderr, flush=True)


class Bench:
    def __init__(self, options, programs, tmp):
        self.options = options
        self.programs = programs
        self.tmp = tmp
        self.report = Report()

    def peers(self, role, bulk=False):
        """The bare server first; a smoke test has no need of others."""
        names = self.programs.peers(role, bulk)
        if self.options.quick:
            names = [name for name in names if name in (FLOORS[role], "axond")]
        return [*names, f"{names[0]} again"] if self.options.again else names

    # -- time ------------------------------------------------------------------------------------

    def run_timed(self, workload):
        """{name: [the load's answer of each round]}"""
        rounds = collections.defaultdict(list)
        wanted = self.options.rounds
        starts = min(STARTS, wanted)
        for start in range(starts):
            turns = range(wanted * start // starts, wanted * (start + 1) // starts)
            self.run_started(workload, turns, rounds)
        return rounds

    def run_started(self, workload, turns, rounds):
        """Some of the rounds, with servers started for them."""
        arguments = [*workload.arguments, "--seconds", self.options.seconds, "--patience", 30]
        with contextlib.ExitStack() as stack:
            if workload.name.endswith(ONE_CPU):
                stack.enter_context(one_cpu())
            if workload.arguments[0] == "stream":
                backend = free_port()
                arguments += ["--backend-port", backend]
            else:
                backend = stack.enter_context(
                    backend_for(self.programs, workload.role, self.tmp))
            servers = [stack.enter_context(
                Server(self.programs, name, workload.role, self.tmp, backend))
                for name in self.peers(workload.role, workload.unit == "mb")]
            for turn in turns:
                shift = turn % len(servers)
                for server in servers[shift:] + servers[:shift]:
                    rounds[server.name].append(load(self.programs, server, *arguments))

    def timed(self, workload):
        unit = workload.unit
        counted = PLURALS[unit]
        cpu = f"server_us_per_{unit}"
        rounds = self.run_timed(workload)
        floor = rounds[FLOORS[workload.role]]
        rows = []
        for name in self.peers(workload.role, workload.unit == "mb"):
            runs = rounds[name]
            ratios = [run[cpu] / least[cpu] for run, least in zip(runs, floor) if least[cpu] > 0]
            figures = {
                f"{counted}_per_s": statistics.median(run[f"{counted}_per_s"] for run in runs),
                cpu: statistics.median(run[cpu] for run in runs),
                "cpu_ratio": statistics.median(ratios) if ratios else 0,
                "cpu_ratios": ratios,
                "p50_us": statistics.median(run["p50_us"] for run in runs),
                "p99_us": statistics.median(run["p99_us"] for run in runs),
                "p999_us": statistics.median(run["p999_us"] for run in runs),
                "rss_kib": runs[-1]["after"]["rss_kib"],
                "rounds": runs,
            }
            self.report.figures.setdefault(workload.name, {})[name] = figures
            times = ["" if unit == "mb" else number(figures[key], 1)
                     for key in ("p50_us", "p99_us", "p999_us")]
            rows.append([workload.name, name,
                         f"{number(figures[f'{counted}_per_s'])} {counted.replace('mb', 'MB')}",
                         number(figures[cpu]), f"{figures['cpu_ratio']:.2f}{spread(ratios)}", *times,
                         figures["rss_kib"]])
        self.report.add_rows(
            TITLES[workload.role],
            ["workload", "server", "per second", "CPU µs each", "CPU to the bare server's",
             "p50 µs", "p99 µs", "p99.9 µs", "RSS KiB"], rows)
        self.judge_timed(workload)

    def judge_timed(self, workload):
        figures = self.report.figures[workload.name]
        if "axond" not in figures or self.options.quick:
            return  # a single short round says nothing about time
        cpu = f"server_us_per_{workload.unit}"
        bulk = workload.unit == "mb"
        if not bulk and workload.role != "lines" and workload.name not in ("big", "proxy-big"):
            self.report.judge(f"{workload.name}: CPU to the bare server's",
                              figures["axond"]["cpu_ratio"],
                              1.15 if workload.role == "fanout" else 1.10)
        limits = {"haproxy": 0.5 if bulk else 1.0, "nginx": 0.5 if bulk else 1.0,
                  "haproxy splice": 0.5, "bare_proxy splice": 1.10}
        for name, limit in limits.items():
            if name in figures:
                pairs = zip(figures["axond"]["rounds"], figures[name]["rounds"])
                ratio = statistics.median(ours[cpu] / theirs[cpu] for ours, theirs in pairs)
                self.report.judge(f"{workload.name}: CPU to that of {name}", ratio, limit)

    # -- memory ----------------------------------------------------------------------------------

    def idle(self, workload):
        rows = []
        conns = int(workload.arguments[-1])
        sides = 2 if workload.role == "proxy" else 1
        with backend_for(self.programs, workload.role, self.tmp) as backend:
            for name in self.peers(workload.role):
                with Server(self.programs, name, workload.role, self.tmp, backend) as server:
                    run = load(self.programs, server, *workload.arguments, "--hold", IDLE_HOLD)

                def per_conn(moment, what):
                    return (run[moment][what] - run["before"][what]) * 1024 / conns

                figures = {
                    "idle_bytes": per_conn("idle", "anonymous_kib"),
                    "echoed_bytes": per_conn("echoed", "anonymous_kib"),
                    "bytes_per_side": per_conn("echoed", "anonymous_kib") / sides,
                    "rss_bytes": per_conn("echoed", "rss_kib"),
                    "slab_bytes": per_conn("echoed", "slab_kib"),
                    "rss_kib": run["echoed"]["rss_kib"],
                    "idle_cpu_percent": run["idle_cpu_percent"],
                    "run": run,
                }
                self.report.figures.setdefault(workload.name, {})[name] = figures
                rows.append([workload.name, name, f"{run['answered']}/{run['opened']}",
                             *(number(figures[key], 0) for key in
                               ("idle_bytes", "echoed_bytes", "bytes_per_side", "rss_bytes",
                                "slab_bytes", "rss_kib")),
                             number(figures["idle_cpu_percent"], 2),
                             run["after"]["fds"] - run["before"]["fds"]])
        self.report.add_rows(
            "Idle connections",
            ["workload", "server", "answered/opened", "user bytes/conn idle", "after one echo",
             "per side", "RSS bytes/conn", "kernel slab bytes/conn", "RSS KiB", "idle CPU %",
             "descriptors left"], rows)
        if "axond" in self.report.figures[workload.name] and workload.role == "echo":
            figures = self.report.figures[workload.name]["axond"]
            self.report.judge(f"{workload.name}: user bytes per connection, after one echo",
                              figures["echoed_bytes"], 1023)
            few = self.report.figures.get("idle1000", {}).get("axond")
            if few is not None and workload.name == "idle19000":
                self.report.judge("idle19000: user bytes per idle connection, to those at 1,000",
                                  figures["idle_bytes"] / few["idle_bytes"], 1.02)

    # -- counts ----------------------------------------------------------------------------------

    def expect(self, what, value, limit, is_good):
        """A count that must be so: judged, and a failure of the smoke test if it is not."""
        if not self.report.judge(what, value, limit, is_good) and self.options.quick:
            self.report.fail(f"axond, {what}: {value}, at most {limit}")

    def counted(self, role):
        """Whose calls and instructions are counted; in a smoke test, those that are judged."""
        return [name for name in self.programs.peers(role) if name == "axond" or not self.options.quick]

    def subjects(self):
        roles = ("echo",) if self.options.quick else ("echo", "lines", "proxy")
        return [(role, name) for role in roles for name in self.counted(role)]

    def syscalls(self):
        if not can_trace(self.programs):
            self.report.add("System calls", "Not counted: strace is missing, or may not trace.")
            return
        messages = self.options.messages
        cells = {"1 conn, 1 in flight": (messages, None, "--conns", 1),
                 "1 conn, 16 in flight": (messages * 4, None, "--conns", 1, "--depth", 16),
                 "50 conns, 1 in flight": (messages * 4, None, "--conns", 50),
                 "a connection": (messages // 4, "connect", "--conns", 1)}
        if self.options.quick:
            del cells["50 conns, 1 in flight"]
        rows = []
        for role, name in self.subjects():
            if self.options.quick and name not in ("bare_echo", "axond"):
                continue
            row = [f"{name} ({role})"]
            for cell, (base, mode, *arguments) in cells.items():
                if mode == "connect" and role == "lines":
                    row.append("")
                    continue
                calls = count(self.programs, "strace", name, role, self.tmp, base,
                              mode or MODES[role], *arguments)
                calls = {call: n for call, n in calls.items() if abs(n) >= 0.005}
                self.report.figures.setdefault("syscalls", {}).setdefault(
                    f"{name} {role}", {})[cell] = calls
                digits = 3 if "16" in cell else 2
                row.append(f"{sum(calls.values()):.{digits}f}: " + " ".join(
                    f"{call}={n:.{digits}f}" for call, n in sorted(calls.items())))
            rows.append(row)
        self.report.add("System calls per message of 64 bytes (strace -c)",
                        table(["server", *cells], rows))
        if "axond" in self.programs:
            self.judge_syscalls(self.report.figures["syscalls"]["axond echo"])

    def judge_syscalls(self, cells):
        """One receive, one send and one wait, to the letter; a batch of 16 the same."""
        for cell, limit in (("1 conn, 1 in flight", 1), ("1 conn, 16 in flight", 1 / 16)):
            left = dict(cells[cell])
            for kind, names in KINDS.items():
                calls = sum(left.pop(name, 0) for name in names)
                self.expect(f"system calls, {cell}: {kind}", f"{calls:.3f}", number(limit, 4),
                            calls <= limit + 0.01 * limit)
            others = " ".join(f"{name}={calls:.3f}" for name, calls in sorted(left.items()))
            self.expect(f"system calls, {cell}: others", others or "none", "none", not left)
        accepts = cells["a connection"].get("accept4", 0)
        self.expect("system calls, a lone connection: accept4", f"{accepts:.3f}", 1,
                    accepts <= 1.02)

    def instructions(self):
        if "valgrind" not in self.programs:
            self.report.add("Instructions", "Not counted: valgrind is missing.")
            return
        rows = []
        for role, name in self.subjects():
            messages = self.options.messages
            counts = {"message": count(self.programs, "valgrind", name, role, self.tmp, messages,
                                       MODES[role], "--conns", 1)}
            if role == "lines":
                counts["batched"] = count(self.programs, "valgrind", name, role, self.tmp,
                                          messages * 4, MODES[role], "--conns", 1, "--depth", 16)
            else:
                counts["connection"] = count(self.programs, "valgrind", name, role, self.tmp,
                                             messages // 4, "connect", "--conns", 1)
            self.report.figures.setdefault("instructions", {})[f"{name} {role}"] = counts
            rows.append([f"{name} ({role})",
                         *(number(counts[what].get(key, 0), digits) if what in counts else ""
                           for key, digits in (("instructions", 0), ("allocations", 2))
                           for what in ("message", "batched", "connection"))])
        self.report.add("User-space instructions, and mallocs (callgrind; 64 bytes, 1 connection)",
                        table(["server", "instructions/message", "16 in flight", "/connection",
                               "mallocs/message", "16 in flight", "/connection"], rows))
        if "axond" not in self.programs:
            return
        ours = self.report.figures["instructions"]["axond echo"]
        mallocs = ours["message"].get("allocations", 0)
        for what, limit in (("message", 1200), ("connection", 8000)):
            self.report.judge(f"echo: instructions per {what}", ours[what]["instructions"], limit)
        self.expect("echo: mallocs per message", f"{mallocs:.2f}", 0, mallocs < 0.01)

    def fanout_counts(self):
        """Of a message that some connections hear: a delivery is what one of them does."""
        conns = 50
        rows = []
        for name in self.counted("fanout"):
            figures = self.report.figures.setdefault("fanout-counts", {}).setdefault(name, {})
            cells = []
            for depth, messages in ((1, self.options.messages // 4), (16, self.options.messages)):
                if not can_trace(self.programs):
                    cells.append("not counted")
                    continue
                calls = count(self.programs, "strace", name, "fanout", self.tmp, messages,
                              "fanout", "--conns", conns, "--depth", depth)
                figures[f"{depth} in flight"] = calls
                cells.append(" ".join(f"{call}={n / conns:.3f}" for call, n in sorted(calls.items())
                                      if abs(n) >= 0.05))
            if "valgrind" not in self.programs:
                cells += ["not counted"] * 2
            else:
                counts = count(self.programs, "valgrind", name, "fanout", self.tmp,
                               self.options.messages // 4, "fanout", "--conns", conns)
                figures["user space"] = {key: n / conns for key, n in counts.items()}
                cells += [number(counts["instructions"] / conns, 0),
                          number(counts.get("allocations", 0) / conns, 2)]
            rows.append([name, *cells])
        self.report.add(f"Counts per delivery of 64 bytes ({conns} connections; strace -c, "
                        "callgrind)",
                        table(["server", "system calls, 1 in flight", "16 in flight",
                               "instructions", "mallocs"], rows))
        if "axond" in self.programs:
            self.judge_fanout_counts(self.report.figures["fanout-counts"]["axond"], conns)

    def judge_fanout_counts(self, figures, conns):
        """One send to each who hears, for each receive: that may hold several messages."""
        for cell in ("1 in flight", "16 in flight"):
            if cell not in figures:
                continue
            calls = {kind: sum(figures[cell].get(name, 0) for name in names)
                     for kind, names in KINDS.items()}
            others = " ".join(f"{call}={n:.3f}" for call, n in sorted(figures[cell].items())
                              if not any(call in names for names in KINDS.values())
                              and call != "accept4"  # the more, the fewer came at a time
                              and abs(n) >= 0.05)
            for what, value, limit in (
                    ("sends for each receive and connection",
                     calls["send"] / conns / calls["recv"], 1),
                    ("waits for each receive", calls["wait"] / calls["recv"], 1),
                    ("receives for each message", calls["recv"], 1)):
                self.expect(f"fanout, {cell}: {what}", f"{value:.3f}", limit, value <= limit + 0.03)
            self.expect(f"fanout, {cell}: other system calls", others or "none", "none", not others)
        if "user space" in figures:
            self.report.judge("fanout: instructions per delivery",
                              figures["user space"]["instructions"], 400)
            mallocs = figures["user space"].get("allocations", 0)
            self.expect("fanout: mallocs per delivery", f"{mallocs:.2f}", 0, mallocs < 0.01)

    # -- the whole of axond -----------------------------------------------------------------------

    def instances(self):
        """A protocol's graphs, made and ended without sockets."""
        if "instances" not in self.programs:
            return
        command = [self.programs["instances"], "20000" if self.options.quick else "1000000"]
        runs = []
        for _ in range(3):
            run = subprocess.run(command, capture_output=True, text=True, check=False)
            if run.returncode != 0:
                raise Failure(f"instances: status {run.returncode}: {run.stderr}")
            runs.append(json.loads(run.stdout))
        best = min(runs, key=lambda run: run["make_ns"] + run["end_ns"])
        self.report.figures["instances"] = best
        self.report.add("Graphs of EchoProtocol, all alive at once, without sockets",
                        table(["graphs", "bytes each", "ns to make each", "ns to end each",
                               "bytes left of all"],
                              [[best["count"], *(number(best[key], 0) for key in
                                                 ("bytes", "make_ns", "end_ns", "left"))]]))
        self.expect("a protocol's graph: bytes", number(best["bytes"], 0), 1023,
                    best["bytes"] <= 1023)
        if not self.options.quick:
            self.report.judge("a protocol's graph: ns to make and end it",
                              best["make_ns"] + best["end_ns"], 1000)

    def loading(self):
        if "axond" not in self.programs:
            return
        rows = []
        for shape in load_graph.SHAPES:
            run = load_graph.check(self.programs["axond"], self.tmp, shape, 100000)
            self.report.figures.setdefault("loading", {})[shape] = run
            rows.append([shape, number(run["seconds"]), number(run["cpu_seconds"]), run["rss_kib"]])
            self.report.judge(f"loading 100,000 components ({shape}): s", run["seconds"], 1.0)
        self.report.add("Loading (`axond --check`, 100,000 components and as many linkages)",
                        table(["linkages", "seconds", "CPU seconds", "peak RSS KiB"], rows))

    def held(self):
        """The loop, while it is asked about many components, is held by none of the answers."""
        if "axond" not in self.programs:
            return
        figures = held.measure(self.programs, self.tmp)
        self.report.figures["held"] = figures
        self.report.add("Held (100,000 components; axonctl's commands beside a message each ms)",
                        table(held.HEADERS, held.rows(figures)))
        longest = max(figures, key=lambda figure: figure["cpu_ms"])
        self.report.judge(f"the longest turn of the loop ({longest['command']}): CPU ms",
                          longest["cpu_ms"], 5.0)

    def workers(self):
        """On one CPU there is nothing to be seen."""
        if "axond" not in self.programs or len(set(cpus())) < 2:
            return
        answers = workers.measure(self.programs, self.tmp, self.options.rounds, self.options.seconds)
        self.report.figures["workers"] = answers
        self.report.add("Workers (lines that 40 transformers look through; 64 connections, server and load on two CPUs)",
                        table(workers.HEADERS, workers.rows(answers)))

    def leaks(self):
        if "axond" not in self.programs:
            return
        rounds = leak.measure(self.programs, "axond", self.tmp, 10000, 10)
        complaints = leak.complaints(rounds)
        self.report.figures["leaks"] = rounds
        self.report.add("Leaks (10,000 connections opened, used and closed, ten times over)",
                        table(leak.HEADERS, leak.rows(rounds)))
        self.report.judge("leaks", "; ".join(complaints) or "none", "none", not complaints)

    def steps(self):
        """[(name, a function that measures it)]"""
        steps = [(workload.name, lambda w=workload: self.timed(w)) for workload in TIMED]
        steps += [(workload.name, lambda w=workload: self.idle(w)) for workload in IDLE]
        steps += [("instances", self.instances), ("syscalls", self.syscalls),
                  ("instructions", self.instructions),
                  ("fanout-counts", self.fanout_counts), ("loading", self.loading),
                  ("held", self.held), ("workers", self.workers), ("leaks", self.leaks)]
        return steps


def write_markdown(path, text):
    """Between the two marks in the file."""
    begin, end = "<!-- figures: written by run.py --markdown -->\n", "<!-- end of figures -->\n"
    with open(path, encoding="utf-8") as file:
        before, found, rest = file.read().partition(begin)
    if not found or end not in rest:
        raise Failure(f"{path} lacks the lines {begin.strip()!r} and {end.strip()!r}")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"{before}{begin}\n{text}\n\n{end}{rest.partition(end)[2]}")


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(HERE, "..", "..", "build", "release"),
                        help="build directory (default: build/release)")
    parser.add_argument("--axond", help="the daemon (default: axond in the build directory)")
    parser.add_argument("--only", action="append", metavar="TEXT",
                        help="only what has this in its name; may be given again")
    parser.add_argument("--list", action="store_true", help="the names, and nothing more")
    parser.add_argument("--rounds", type=int, help="of each timed workload (default: 30)")
    parser.add_argument("--seconds", type=float, help="of each round (default: 0.1)")
    parser.add_argument("--messages", type=int,
                        help="counted by strace and callgrind (default: 2000)")
    parser.add_argument("--quick", action="store_true", help="the smoke test")
    parser.add_argument("--no-counts", action="store_true",
                        help="no strace and no callgrind, e.g. for sanitized builds")
    parser.add_argument("--again", action="store_true",
                        help="the bare servers under a second name too: how far they differ from "
                        "themselves is how far times can be trusted")
    parser.add_argument("--strict", action="store_true", help="a missed budget is a failure")
    parser.add_argument("--json", metavar="FILE", help="write everything that was measured")
    parser.add_argument("--markdown", metavar="FILE", nargs="?",
                        const=os.path.join(HERE, "RESULTS.md"),
                        help="write the tables into FILE (default: RESULTS.md)")
    options = parser.parse_args()
    quick = options.quick
    options.rounds = options.rounds or (1 if quick else 30)
    options.seconds = options.seconds or (0.2 if quick else 0.1)
    options.messages = options.messages or (1000 if quick else 2000)
    return options


def is_wanted(name, options):
    if options.no_counts and name in COUNTS:
        return False
    if options.only:
        return any(text in name for text in options.only)
    return name in QUICK or not options.quick


def take(bench, name, step):
    try:
        step()
    except Failure as failure:
        bench.report.fail(f"{name}: {failure}")


def measure(bench):
    """A smoke test's counts are taken again where they are too high: how the connections came, a few
    at a time or one by one, adds to what they cost, by chance."""
    report = bench.report
    for name, step in bench.steps():
        if not is_wanted(name, bench.options):
            continue
        failures, verdicts = len(report.failures), len(report.verdicts)
        take(bench, name, step)
        for _ in range(TRIES - 1):
            if len(report.failures) == failures or name not in COUNTS or not bench.options.quick:
                break
            print(f"{name}: once more", flush=True)
            del report.failures[failures:], report.verdicts[verdicts:]
            take(bench, name, step)


def main():
    options = parse_options()
    raise_descriptor_limit()
    with tempfile.TemporaryDirectory(prefix="axond-bench-") as tmp:
        bench = Bench(options, Programs(options.build, options.axond), tmp)
        if options.list:
            arguments = {workload.name: f"load {' '.join(workload.arguments)}"
                         for workload in TIMED + IDLE}
            print("\n".join(f"{name:21} {arguments.get(name, '')}".rstrip()
                            for name, _ in bench.steps()))
            return 0
        about = machine.describe(bench.programs, network.enter())
        print(about)
        for missing in ("axond", "haproxy", "nginx", "socat"):
            if missing not in bench.programs:
                print(f"- {missing} is missing: measured without it")
        if cpus()[0] == cpus()[1]:
            print("- one CPU only: server and load share it, so that times mean little")
        measure(bench)
        report = bench.report
        if report.verdicts:
            report.add("Budgets", table(["budget", "measured", "at most", ""], report.verdicts))
        if options.json:
            with open(options.json, "w", encoding="utf-8") as file:
                json.dump({"machine": about, "figures": report.figures, "budgets": report.verdicts,
                           "failures": report.failures}, file, indent=1)
        if options.markdown:
            write_markdown(options.markdown, f"{about}\n\n{report.markdown()}")
    missed = any(verdict[3] != "met" for verdict in report.verdicts)
    return 1 if report.failures or (options.strict and missed) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as problem:
        sys.exit(f"run.py: {problem}")
