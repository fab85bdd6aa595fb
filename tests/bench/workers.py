"""What several workers bring: one and two of them, on two CPUs that they share with the load.

The server has to do much more for a message than the load client has (40 transformers look through
each line), so that the client's part is small: two workers can bring almost twice of what one does.
"""

import contextlib
import statistics

from servers import Server, cpus, load
from spread import spread

COUNTS = (1, 2)

LOAD = ("lines", "--conns", 64, "--depth", 16)

HEADERS = ["workers", "per second", "to one worker's", "CPU µs each"]


def measure(programs, tmp, rounds, seconds):
    """{workers: [the load's answer of each round]}"""
    both = set(cpus())
    answers = {count: [] for count in COUNTS}
    with contextlib.ExitStack() as stack:
        servers = {count: stack.enter_context(Server(programs, f"axond {count}", "busy", tmp, on=both))
                   for count in COUNTS}
        for turn in range(rounds):
            for count in COUNTS if turn % 2 == 0 else reversed(COUNTS):
                answers[count].append(load(programs, servers[count], *LOAD, "--seconds", seconds,
                                           "--patience", 30, on=both))
    return answers


def rows(answers):
    result = []
    for count, runs in answers.items():
        ratios = [run["msgs_per_s"] / one["msgs_per_s"] for run, one in zip(runs, answers[1])]
        result.append([count, f"{statistics.median(run['msgs_per_s'] for run in runs):.0f} msgs",
                       f"{statistics.median(ratios):.2f}{spread(ratios)}",
                       f"{statistics.median(run['server_us_per_msg'] for run in runs):.2f}"])
    return result
