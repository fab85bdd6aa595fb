#!/usr/bin/env python3
"""Times `axond --check` on a graph of 100,000 components and as many linkages.

    load_graph.py [--count N] [--axond PATH]
    load_graph.py --write FILE [--shape SHAPE]     only writes the graph

The components are one long chain into a sink.  Its linkages come in the order of the chain, or
shuffled, so that chains are joined at either end and in the middle.
"""

import argparse
import os
import random
import sys
import tempfile
import time

from servers import Failure

SHAPES = ("in order", "shuffled")


def write(path, shape, count, port=None, last="NullSink", prefix="c"):
    """port: of an echo server beside the chain; last: the type of the sink; prefix: of the names"""
    names = [f"{prefix}{i:06}" for i in range(count)] + [f"{prefix}-sink"]
    linkages = [f"  - {source} -> {sink}\n" for source, sink in zip(names, names[1:])]
    if shape == "shuffled":
        random.Random(1).shuffle(linkages)
    with open(path, "w", encoding="utf-8") as file:
        file.write("components:\n")
        if port is not None:
            file.write(f"  server: {{type: TCPServer, host: 127.0.0.1, listenport: {port}}}\n"
                       "  echo: {type: ProtocolHandler, protocol: EchoProtocol}\n")
            linkages.append("  - server -> echo\n")
        file.writelines(f"  {name}: {{type: PassThrough}}\n" for name in names[:-1])
        file.write(f"  {names[-1]}: {{type: {last}}}\nlinkages:\n")
        file.writelines(linkages)


def check(axond, tmp, shape, count):
    """The best of three: {"seconds", "cpu_seconds", "rss_kib"}"""
    path = os.path.join(tmp, "large.yaml")
    output = os.path.join(tmp, "large.log")
    write(path, shape, count)
    runs = []
    for _ in range(3):
        with open(output, "wb") as log:
            began = time.monotonic()
            pid = os.posix_spawn(axond, [axond, "--check", path], os.environ, file_actions=[
                (os.POSIX_SPAWN_DUP2, log.fileno(), 1), (os.POSIX_SPAWN_DUP2, log.fileno(), 2)])
            _, status, used = os.wait4(pid, 0)
            seconds = time.monotonic() - began
        if status != 0:
            with open(output, encoding="utf-8", errors="replace") as log:
                raise Failure(f"axond --check of {count} components, linkages {shape}: status "
                              f"{os.waitstatus_to_exitcode(status)}:\n{log.read(1000)}")
        runs.append({"seconds": seconds, "cpu_seconds": used.ru_utime + used.ru_stime,
                     "rss_kib": used.ru_maxrss})
    return min(runs, key=lambda run: run["seconds"])


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    here = os.path.dirname(os.path.abspath(__file__))
    parser.add_argument("--axond",
                        default=os.path.join(here, "..", "..", "build", "release", "axond"))
    parser.add_argument("--count", type=int, default=100000)
    parser.add_argument("--shape", choices=SHAPES, default=SHAPES[0])
    parser.add_argument("--write", metavar="FILE")
    parser.add_argument("--budget", type=float, help="seconds; more is a failure")
    options = parser.parse_args()
    if options.write:
        write(options.write, options.shape, options.count)
        return 0
    if not os.access(options.axond, os.X_OK):
        raise Failure(f"{options.axond} is missing: build first")
    is_over = False
    with tempfile.TemporaryDirectory(prefix="axond-graph-") as tmp:
        for shape in SHAPES:
            run = check(os.path.abspath(options.axond), tmp, shape, options.count)
            print(f"{options.count} components, linkages {shape}: {run['seconds']:.3f} s "
                  f"({run['cpu_seconds']:.3f} s CPU), {run['rss_kib']} KiB")
            is_over = is_over or (options.budget is not None and run["seconds"] > options.budget)
    return 1 if is_over else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as problem:
        sys.exit(f"load_graph.py: {problem}")
