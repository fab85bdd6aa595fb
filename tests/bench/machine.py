"""What figures are of: the machine, and the versions of the programs."""

import contextlib
import datetime
import os
import platform
import re
import subprocess


def first_match(path, pattern, fallback):
    with contextlib.suppress(OSError), open(path, encoding="utf-8") as file:
        found = re.search(pattern, file.read(), re.MULTILINE)
        if found:
            return found.group(1)
    return fallback


def version(command, pattern=".*"):
    """What a program says of itself, wherever it says it."""
    with contextlib.suppress(OSError):
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        found = re.search(pattern, run.stdout or run.stderr)
        if found:
            return found.group()
    return ""


def describe(programs, network):
    """network: what network.enter() said"""
    cpu = first_match("/proc/cpuinfo", r"^model name.*: (.*)$", platform.machine())
    system = first_match("/etc/os-release", r'^PRETTY_NAME="?([^"\n]*)', "system unknown")
    lines = [f"- {datetime.date.today()}, {cpu}, {len(os.sched_getaffinity(0))} CPUs, "
             f"{platform.system()} {platform.release().partition('-')[0]}, {system}",
             f"- load average at the start {os.getloadavg()[0]:.2f}: "
             + ("the machine was ours" if os.getloadavg()[0] < 0.5 else
                "**others were at work too**; trust counts and ratios, not times"),
             f"- {network}"]
    if "axond" in programs:
        lines.append("- " + version([programs["axond"], "-V"]))
    if "haproxy" in programs:
        lines.append("- " + version([programs["haproxy"], "-v"]).partition(" - ")[0])
    if "nginx" in programs:
        lines.append("- " + version([programs["nginx"], "-v"]))
    if "socat" in programs:
        lines.append("- " + version([programs["socat"], "-V"], r"socat version \S+"))
    return "\n".join(lines)
