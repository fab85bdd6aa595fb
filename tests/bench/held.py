#!/usr/bin/env python3
"""How long axond's loop is held while it is asked about a graph of 100,000 components.

    held.py [--count N] [--workers N] [--connections N] [--build DIR] [COMMAND…]

A COMMAND is one of axonctl, such as "list".  An echo server runs in the same graph.  Beside each
command a message goes there and back each millisecond (`load pulse`), and a library that the daemon
has preloaded (turns.c) measures each turn of its loops.  The longest turn in CPU time is what the
budget is about: 5 ms.  The longest pulse also shows what else the machine was doing; "nothing" shows
how much that is.  With workers, "still" is for how much of the main thread's CPU time it had the
others stand still, at a stretch.

"edit" changes one component in the file, for the reload that follows; "rename" all but the server.
"SIGTERM" ends the daemon.  Connections are held open, and idle, in a process of their own.
"""

import argparse
import contextlib
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

import load_graph
from servers import Failure, Programs, free_port, raise_descriptor_limit

HEADERS = ["command", "seconds", "turns", "longest turn, CPU ms", "on the clock, ms", "still, CPU ms",
           "longest pulse, ms"]
COMMANDS = ("nothing", "status", "list", "linkages", "graph", "graph --format json", "top --count 2",
            "events", "tap c000100.inbox", "tap **", "metrics", "config", "config --origin",
            "config --diff", "show c000100", "show c00010x", "--complete show c0001", "types",
            "check", "reload --dry-run", "edit", "reload --dry-run", "reload", "rename",
            "reload --dry-run", "reload", "drain", "SIGTERM")
ENDLESS = ("events", "tap c000100.inbox")  # ended after a second
FIGURES = "4Q"  # as in turns.c


class Daemon:
    """axond with the large graph, and its loop under observation; a context manager."""

    def __init__(self, programs, tmp, count, workers=1):
        self.programs = programs
        self.count = count
        self.prefix = "c"
        self.last = "NullSink"
        self.port = free_port()
        self.stem = os.path.join(tmp, "held")
        self.turns_file = self.stem + ".turns"
        self.write()
        with open(self.turns_file, "wb") as file:
            file.write(bytes(struct.calcsize(FIGURES)))
        environment = {**os.environ, "TURNS_FILE": self.turns_file,
                       "LD_PRELOAD": os.path.join(programs.build, "tests", "bench", "libturns.so")}
        with open(self.stem + ".log", "wb") as log:
            self.process = subprocess.Popen(
                [programs["axond"], "-w", str(workers), "-s", self.stem + ".sock",
                 self.stem + ".yaml"],
                env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def write(self):
        load_graph.write(self.stem + ".new", load_graph.SHAPES[0], self.count, self.port, self.last,
                         self.prefix)
        os.rename(self.stem + ".new", self.stem + ".yaml")

    def edit(self, how):
        if how == "edit":
            self.last = "PassThrough"
        else:
            self.prefix = "d"
        self.write()

    def turns(self):
        """(turns of the loop, the longest in ns of CPU, and on the clock, and how long the other
        workers stood still), since the last call"""
        with open(self.turns_file, "r+b") as file:
            figures = struct.unpack(FIGURES, file.read(struct.calcsize(FIGURES)))
            file.seek(0)
            file.write(bytes(struct.calcsize(FIGURES)))
        return figures

    def wait_turns(self, more):
        """Until its loop has turned so many times more, as it does for a pulse."""
        def count():
            with open(self.turns_file, "rb") as file:
                return struct.unpack(FIGURES, file.read(struct.calcsize(FIGURES)))[0]

        goal = count() + more
        self.wait(lambda: count() >= goal, "its loop does not turn")

    def wait(self, condition, problem):
        deadline = time.monotonic() + 60
        while not condition():
            if self.process.poll() is not None or time.monotonic() > deadline:
                with open(self.stem + ".log", encoding="utf-8", errors="replace") as log:
                    raise Failure(f"axond: {problem}:\n{log.read()[-2000:]}")
            time.sleep(0.01)

    def ctl(self, command):
        before = ["-s", self.stem + ".sock"]
        words = command.split()
        if words[0] == "--complete":
            before.insert(0, words.pop(0))
        ctl = subprocess.Popen(
            [os.path.join(self.programs.build, "axonctl"), *before, *words],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            errors = ctl.communicate(timeout=1 if command in ENDLESS else None)[1]
        except subprocess.TimeoutExpired:
            ctl.kill()
            ctl.communicate()
            return
        if ctl.returncode not in (0, 1):
            raise Failure(f"axonctl {command}: status {ctl.returncode}: {errors}")

    def __enter__(self):
        def answers():
            with contextlib.suppress(Failure):
                self.ctl("log-level")
                return True
            return False

        self.wait(answers, "it does not run")
        return self

    def terminate(self):
        """Only says so: the daemon waits for its connections."""
        self.process.send_signal(signal.SIGTERM)

    def __exit__(self, *failure):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def beside_a_pulse(daemon, command):
    """Has a command done; a row of the table."""
    pulse = subprocess.Popen(
        [daemon.programs["load"], "pulse", "--port", str(daemon.port), "--seconds", "600",
         "--patience", "60"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True)
    if pulse.stderr.readline() != "ready\n":
        raise Failure(f"load pulse: {pulse.communicate()}")
    daemon.wait_turns(100)
    daemon.turns()
    began = time.monotonic()
    if command == "nothing":
        daemon.wait_turns(1000)
    elif command == "SIGTERM":
        daemon.terminate()
    else:
        daemon.ctl(command)
    seconds = time.monotonic() - began
    daemon.wait_turns(300)  # what a command leaves to be done
    count, longest, longest_on_clock, longest_still = daemon.turns()
    answer = json.loads(pulse.communicate()[0])
    if command == "SIGTERM":  # the pulse was the last connection
        began = time.monotonic()
        daemon.process.wait(60)
        seconds = time.monotonic() - began
        last = daemon.turns()
        longest = max(longest, last[1])
        longest_on_clock = max(longest_on_clock, last[2])
    if answer["errors"]:
        raise Failure(f"load pulse beside {command!r}: {answer['error']}")
    return {"command": command, "seconds": seconds, "turns": count, "cpu_ms": longest / 1e6,
            "clock_ms": longest_on_clock / 1e6, "still_ms": longest_still / 1e6,
            "pulse_ms": answer["max_us"] / 1e3}


def measure(programs, tmp, count=100000, commands=COMMANDS, workers=1, connections=0):
    """A dict for each command: see beside_a_pulse()."""
    figures = []
    raise_descriptor_limit()
    commands = list(commands)
    while commands:
        with Daemon(programs, tmp, count, workers) as daemon, contextlib.ExitStack() as idle:
            for _ in range(connections):
                idle.enter_context(socket.create_connection(("127.0.0.1", daemon.port), 60))
            is_serving = True
            while commands and is_serving:
                command = commands.pop(0)
                if command in ("edit", "rename"):
                    daemon.edit(command)
                    continue
                is_serving = command not in ("drain", "SIGTERM")  # else another has to follow
                if command == "SIGTERM":
                    idle.close()
                figures.append(beside_a_pulse(daemon, command))
    return figures


def rows(figures):
    return [[figure["command"], f"{figure['seconds']:.3f}", figure["turns"],
             *(f"{figure[key]:.2f}" for key in ("cpu_ms", "clock_ms", "still_ms", "pulse_ms"))]
            for figure in figures]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    here = os.path.dirname(os.path.abspath(__file__))
    parser.add_argument("--build", default=os.path.join(here, "..", "..", "build", "release"))
    parser.add_argument("--count", type=int, default=100000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--connections", type=int, default=0)
    parser.add_argument("commands", nargs="*", default=COMMANDS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="axond-held-") as tmp:
        figures = measure(Programs(options.build), tmp, options.count, options.commands,
                          options.workers, options.connections)
    widths = [max(map(len, column)) for column in zip(HEADERS, *(map(str, row) for row in rows(figures)))]
    for row in [HEADERS, *rows(figures)]:
        print("  ".join(str(cell).ljust(width) for cell, width in zip(row, widths)).rstrip())
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as problem:
        sys.exit(f"held.py: {problem}")
