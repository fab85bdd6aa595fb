#!/usr/bin/env python3
"""How long axond's loop is held while it is asked about a graph of 100,000 components.

    held.py [--count N] [--build DIR] [COMMAND…]        commands of axonctl, such as "list"

An echo server runs in the same graph.  Beside each command a message goes there and back each
millisecond (`load pulse`), and a library that the daemon has preloaded (turns.c) measures each turn
of its loop.  The longest turn in CPU time is what the budget is about: 5 ms.  The longest pulse also
shows what else the machine was doing; "nothing" shows how much that is.

"edit" changes one component in the file, for the reload that follows.
"""

import argparse
import contextlib
import json
import os
import signal
import struct
import subprocess
import sys
import tempfile
import time

import load_graph
from servers import Failure, Programs, free_port

HEADERS = ["command", "seconds", "turns", "longest turn, CPU ms", "on the clock, ms",
           "longest pulse, ms"]
COMMANDS = ("nothing", "status", "list", "linkages", "graph", "graph --format json", "config",
            "config --origin", "show c000100", "show c00010x", "types", "check", "reload --dry-run",
            "edit", "reload --dry-run", "reload", "drain")


class Daemon:
    """axond with the large graph, and its loop under observation; a context manager."""

    def __init__(self, programs, tmp, count):
        self.programs = programs
        self.count = count
        self.port = free_port()
        self.stem = os.path.join(tmp, "held")
        self.turns_file = self.stem + ".turns"
        self.write()
        with open(self.turns_file, "wb") as file:
            file.write(bytes(24))
        environment = {**os.environ, "TURNS_FILE": self.turns_file,
                       "LD_PRELOAD": os.path.join(programs.build, "tests", "bench", "libturns.so")}
        with open(self.stem + ".log", "wb") as log:
            self.process = subprocess.Popen(
                [programs["axond"], "-s", self.stem + ".sock", self.stem + ".yaml"],
                env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def write(self, last="NullSink"):
        load_graph.write(self.stem + ".new", load_graph.SHAPES[0], self.count, self.port, last)
        os.rename(self.stem + ".new", self.stem + ".yaml")

    def turns(self):
        """(turns of the loop, the longest in ns of CPU, and on the clock), since the last call"""
        with open(self.turns_file, "r+b") as file:
            figures = struct.unpack("3Q", file.read(24))
            file.seek(0)
            file.write(bytes(24))
        return figures

    def ctl(self, command):
        run = subprocess.run(
            [os.path.join(self.programs.build, "axonctl"), "-s", self.stem + ".sock",
             *command.split()], capture_output=True, text=True, check=False)
        if run.returncode not in (0, 1):
            raise Failure(f"axonctl {command}: status {run.returncode}: {run.stderr}")

    def __enter__(self):
        deadline = time.monotonic() + 60
        while True:
            with contextlib.suppress(Failure):
                self.ctl("log-level")
                return self
            if self.process.poll() is not None or time.monotonic() > deadline:
                with open(self.stem + ".log", encoding="utf-8", errors="replace") as log:
                    raise Failure(f"axond does not run:\n{log.read()[-2000:]}")
            time.sleep(0.01)

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
    time.sleep(0.1)
    daemon.turns()
    began = time.monotonic()
    if command == "nothing":
        time.sleep(1)
    else:
        daemon.ctl(command)
    seconds = time.monotonic() - began
    time.sleep(0.3)  # what a command leaves to be done
    count, longest, longest_on_clock = daemon.turns()
    answer = json.loads(pulse.communicate()[0])
    if answer["errors"]:
        raise Failure(f"load pulse beside {command!r}: {answer['error']}")
    return {"command": command, "seconds": seconds, "turns": count, "cpu_ms": longest / 1e6,
            "clock_ms": longest_on_clock / 1e6, "pulse_ms": answer["max_us"] / 1e3}


def measure(programs, tmp, count=100000, commands=COMMANDS):
    """A dict for each command: see beside_a_pulse()."""
    figures = []
    with Daemon(programs, tmp, count) as daemon:
        for command in commands:
            if command == "edit":
                daemon.write("PassThrough")
            else:
                figures.append(beside_a_pulse(daemon, command))
    return figures


def rows(figures):
    return [[figure["command"], f"{figure['seconds']:.3f}", figure["turns"],
             *(f"{figure[key]:.2f}" for key in ("cpu_ms", "clock_ms", "pulse_ms"))]
            for figure in figures]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    here = os.path.dirname(os.path.abspath(__file__))
    parser.add_argument("--build", default=os.path.join(here, "..", "..", "build", "release"))
    parser.add_argument("--count", type=int, default=100000)
    parser.add_argument("commands", nargs="*", default=COMMANDS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="axond-held-") as tmp:
        figures = measure(Programs(options.build), tmp, options.count, options.commands)
    widths = [max(map(len, column)) for column in zip(HEADERS, *(map(str, row) for row in rows(figures)))]
    for row in [HEADERS, *rows(figures)]:
        print("  ".join(str(cell).ljust(width) for cell, width in zip(row, widths)).rstrip())
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as problem:
        sys.exit(f"held.py: {problem}")
