#!/usr/bin/env python3
"""Opens, uses and closes many connections, over and over, and watches what axond keeps.

    leak.py                           10,000 connections, ten times over
    leak.py --conns 5000 --rounds 5   the short form, part of the tests

Each round opens all, has each answer twice, and closes all.  Afterwards the daemon must have the
descriptors it had before the first, memory must not grow from the second round on, and RSS must be
where it was before the first, save what is allotted once: 1 MiB, and 200 bytes for each connection
that was open at once.
"""

import argparse
import os
import statistics
import sys
import tempfile

from servers import Failure, Programs, Server, load, raise_descriptor_limit

HEADERS = ["round", "RSS KiB before", "with all open", "after", "descriptors before", "after"]
GROWTH_KIB = 256  # from the earlier rounds to the later ones: the allocator's own play
KEPT_KIB = 1024   # for good: code paged in, first blocks of the free lists
KEPT_BYTES = 200  # for good, per connection: libev's tables, as long as the highest descriptor;
                  # the bare server, which holds nothing else, keeps 120


def measure(programs, name, tmp, conns, count, memory=True):
    """[the load's answer of each round]: twice as many if memory has grown, to see whether it goes on."""
    with Server(programs, name, "echo", tmp) as server:
        def some():
            return [load(programs, server, "idle", "--conns", conns, "--hold", 0) for _ in range(count)]

        rounds = some()
        return rounds + some() if memory and growth(rounds) > GROWTH_KIB else rounds


def rows(rounds):
    return [[i, run["before"]["rss_kib"], run["echoed"]["rss_kib"], run["after"]["rss_kib"],
             run["before"]["fds"], run["after"]["fds"]] for i, run in enumerate(rounds, 1)]


def growth(rounds):
    """KiB from the earlier rounds to the later ones; the first does not count.

    Single rounds differ by 200 KiB either way, by what malloc_trim() finds.
    """
    after = [run["after"]["rss_kib"] for run in rounds[1:]] or [rounds[0]["after"]["rss_kib"]]
    half = len(after) // 2
    return statistics.median(after[half:]) - statistics.median(after[:half] or after)


def complaints(rounds, memory=True):
    """What is wrong, in words; empty if nothing is."""
    found = []
    fds = rounds[-1]["after"]["fds"] - rounds[0]["before"]["fds"]
    if fds != 0:
        found.append(f"{fds} descriptors were not closed")
    if not memory:
        return found
    kept = rounds[-1]["after"]["rss_kib"] - rounds[0]["before"]["rss_kib"]
    if growth(rounds) > GROWTH_KIB:
        found.append(f"RSS grew by {growth(rounds):.0f} KiB from the earlier rounds to the later ones")
    if kept > KEPT_KIB + KEPT_BYTES * rounds[0]["opened"] / 1024:
        found.append(f"RSS is {kept} KiB above where it was before the first connection")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                                        "..", "..", "build", "release"))
    parser.add_argument("--axond", help="the daemon (default: axond in the build directory)")
    parser.add_argument("--server", default="axond", choices=["axond", "bare_echo"])
    parser.add_argument("--conns", type=int, default=10000)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--no-memory", action="store_true",
                        help="look at descriptors only, e.g. for sanitized builds")
    options = parser.parse_args()
    raise_descriptor_limit()
    programs = Programs(options.build, options.axond)
    if options.server not in programs:
        raise Failure(f"{options.server} is missing: build first")
    with tempfile.TemporaryDirectory(prefix="axond-leak-") as tmp:
        rounds = measure(programs, options.server, tmp, options.conns, options.rounds,
                         not options.no_memory)
    print("  ".join(HEADERS))
    for row in rows(rounds):
        print("  ".join(str(cell).rjust(len(header)) for cell, header in zip(row, HEADERS)))
    found = complaints(rounds, not options.no_memory)
    for complaint in found:
        print(f"leak.py: {complaint}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as problem:
        sys.exit(f"leak.py: {problem}")
