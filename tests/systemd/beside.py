"""For tests that run beside a systemd of their own: see with-systemd.

    if __name__ == "__main__":
        beside.main(layers)     # the same file again, beside systemd, where TestCase's tests are run

layers(directory) prepares, in a directory that goes when all is over, what systemd is to find, and
returns the options for with-systemd that say so.
"""

import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

import axond

ETC = pathlib.Path("/etc/axond")
UNITS = pathlib.Path("/run/systemd/system")  # of the tests' own, and drop-ins
ECHO = """\
components:
  server: {type: TCPServer, %s}
  echo: {type: ProtocolHandler, protocol: EchoProtocol}
linkages:
  - server -> echo
"""


def main(layers):
    """Runs the tests of the file that was started; ends with 77 where no such systemd can be had."""
    if sys.argv[1:2] == ["--beside-systemd"]:
        sys.argv.remove("--beside-systemd")
        axond.main()
    with tempfile.TemporaryDirectory() as directory:
        options = layers(pathlib.Path(directory))
        status = subprocess.run([HERE / "with-systemd", *options, "python3", "-B",
                                 os.path.abspath(sys.argv[0]), "--beside-systemd", *sys.argv[1:]],
                                cwd=axond.SOURCE).returncode  # with-systemd shows it to the tests
    if status == 125:
        skip("this needs a systemd of its own, and there is none to be had here")
    sys.exit(status)


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


# ---- systemd


def systemctl(*arguments, check=True):
    """Runs systemctl and returns what it printed."""
    done = subprocess.run(["systemctl", "--no-pager", *arguments], stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if check and done.returncode != 0:
        raise AssertionError(f"systemctl {' '.join(arguments)}: {done.stdout}\n{messages('axond*')}")
    return done.stdout


def fails(*arguments):
    """Runs systemctl and says whether it failed."""
    return subprocess.run(["systemctl", *arguments], stderr=subprocess.DEVNULL).returncode != 0


def show(unit, name):
    return systemctl("show", "--value", "--property", name, unit).strip()


def journal(*matches):
    """The entries of this test that match, as dictionaries."""
    subprocess.run(["journalctl", "--sync"], check=True)
    lines = subprocess.run(["journalctl", "--output=json", "--all", *matches], check=True, text=True,
                           stdout=subprocess.PIPE).stdout
    entries = [json.loads(line) for line in lines.splitlines()]
    return [entry for entry in entries if int(entry["__MONOTONIC_TIMESTAMP"]) > TestCase.began * 1e6]


def messages(unit):
    return "\n".join(str(entry.get("MESSAGE")) for entry in journal("--unit", unit))


def set_in(unit, section, *lines):
    """Changes a unit with a drop-in, until the test ends."""
    path = UNITS / f"{unit}.d" / "test.conf"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([f"[{section}]", *lines, ""]))
    systemctl("daemon-reload")


# ---- axond


def graph(name, parameters):
    (ETC / f"{name}.yaml").write_text(ECHO % parameters)


def connect(port):
    return socket.create_connection(("127.0.0.1", port), timeout=axond.PATIENCE)


def ask(port, data=b"hello"):
    with connect(port) as client:
        return answer(client, data)


def answer(client, data):
    client.sendall(data)
    got = b""
    while len(got) < len(data):
        more = client.recv(len(data) - len(got))
        if not more:
            break
        got += more
    return got


class TestCase(unittest.TestCase):
    """Ends with no unit of axond's running, and with none but the installed ones."""

    began = 0.0  # seconds since the machine started

    def setUp(self):
        TestCase.began = time.monotonic()

    def tearDown(self):
        for unit in systemctl("list-units", "--all", "--plain", "--no-legend", "axond*").splitlines():
            systemctl("stop", unit.split()[0], check=False)
        systemctl("reset-failed")
        for path in UNITS.glob("axond*.d/test.conf"):
            path.unlink()
            path.parent.rmdir()
        for path in UNITS.glob("axond*.socket"):
            path.unlink()
        systemctl("daemon-reload")
