#!/usr/bin/env python3
"""The Debian package in use: installed, upgraded, removed and purged on a clean Debian with a real systemd.

The Debian is made of this machine's own packages (clean_root.py), so nothing comes from a network, and
what the package does not say that it needs is not there.
"""

import os
import pathlib
import pwd
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "systemd"))

import beside
import clean_root
from beside import ETC, ask, axond, connect, graph, messages, show, systemctl

FIRST, SECOND = pathlib.Path("/first.deb"), pathlib.Path("/second.deb")
GRAPH = ETC / "axond.yaml"
NEW_DEFAULT = "\n# of the second package\n"
NOT_OURS = ("/dev/", "/proc/", "/run/", "/sys/", "/tmp/", "/var/lib/dpkg/", "/var/lib/systemd/", "/var/log/",
            "/var/tmp/")
USER = {f"/etc/{name}{old}" for name in ("passwd", "group", "shadow", "gshadow") for old in ("", "-")}


# ---- outside


def output(*command):
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout


def layers(directory):
    if os.geteuid() != 0:
        beside.skip("only root can install a package")
    if shutil.which("dpkg-query") is None:
        beside.skip("this machine has no packages of Debian's")
    packages = sorted(pathlib.Path(axond.AXOND).parent.glob("package/axond_*.deb"), key=os.path.getmtime)
    if not packages:
        beside.skip("there is no package; the test package.contents makes one")
    root = directory / "root"
    root.mkdir()
    try:
        clean_root.make(root, "systemd, python3, " + output("dpkg-deb", "--field", packages[-1], "Depends"))
    except clean_root.NotInstalled as error:
        beside.skip(f"a clean root needs a package that is not installed here: {error}")
    (root / FIRST.name).write_bytes(packages[-1].read_bytes())
    make_second(packages[-1], directory / "second", root / SECOND.name)
    return ["--root", root]


def make_second(first, directory, second):
    """The same package in the next version, with another default graph."""
    subprocess.run(["dpkg-deb", "--raw-extract", first, directory], check=True)
    control = directory / "DEBIAN/control"
    version = output("dpkg-deb", "--field", first, "Version").strip()
    control.write_text(control.read_text().replace(f"Version: {version}", f"Version: {version}.1"))
    with open(directory / "etc/axond/axond.yaml", "a") as file:
        file.write(NEW_DEFAULT)
    (directory / "DEBIAN/md5sums").unlink()
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Znone", "--build", directory, second], check=True,
                   stdout=subprocess.DEVNULL)


# ---- beside systemd


def dpkg(*arguments):
    done = subprocess.run(["dpkg", *arguments], stdin=subprocess.DEVNULL, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    if done.returncode != 0:
        raise AssertionError(f"dpkg {' '.join(map(str, arguments))}: {done.stdout}\n{messages('axond*')}")
    return done.stdout


def install(package):
    return dpkg("--force-confold", "--install", package)


def state():
    """What dpkg says of the package, such as "ii 0.1.0-1"."""
    return output("dpkg-query", "--show", "--showformat", "${db:Status-Abbrev}${Version}", "axond")


def is_enabled(unit):
    return systemctl("is-enabled", unit, check=False).strip()


def all_files():
    return {path for path in output("find", "/", "-xdev", "-not", "-type", "d").splitlines()
            if not path.startswith(NOT_OURS)}


class Package(beside.TestCase):
    def tearDown(self):
        dpkg("--purge", "axond")
        for path in ETC.glob("*"):
            path.unlink()
        super().tearDown()

    def test_starts_the_service_when_it_is_installed(self):
        install(FIRST)

        self.assertEqual(ask(8080), b"hello")
        self.assertEqual(is_enabled("axond.service"), "enabled")
        self.assertEqual(is_enabled("axond.socket"), "disabled")
        self.assertEqual(pwd.getpwnam("axond").pw_dir, "/var/lib/axond")
        self.assertIn("generation 1", output("axonctl", "status"))

    def test_is_installed_although_the_service_cannot_start(self):
        with axond.socket.create_server(("127.0.0.1", 8080)):
            install(FIRST)
            self.assertRegex(state(), "^ii ")
            self.assertIn("Address already in use", messages("axond"))

        axond.wait_for(lambda: show("axond", "ActiveState") == "active", "the next attempt")
        self.assertEqual(ask(8080), b"hello")

    def test_can_be_installed_where_no_systemd_runs(self):
        """As into the image of a container: enabled for later, and nothing is started."""
        done = subprocess.run(["unshare", "--mount", "sh", "-ec", f"""
            mount -t tmpfs tmpfs /run
            dpkg --install {FIRST}
            axond --check
        """], stdin=subprocess.DEVNULL, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertRegex(state(), "^ii ")
        self.assertTrue(os.path.lexists("/etc/systemd/system/multi-user.target.wants/axond.service"))
        self.assertIsNotNone(pwd.getpwnam("axond"))
        with self.assertRaises(ConnectionRefusedError):
            connect(8080)

    def test_refuses_no_client_while_it_is_upgraded(self):
        install(FIRST)
        before = show("axond", "MainPID"), state()
        upgrade = subprocess.Popen(["dpkg", "--install", SECOND], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        asked = 0
        while upgrade.poll() is None or asked == 0:
            self.assertEqual(ask(8080), b"hello")
            asked += 1

        self.assertEqual(upgrade.returncode, 0)
        self.assertNotEqual(show("axond", "MainPID"), before[0])
        self.assertNotEqual(state(), before[1])
        self.assertIn(NEW_DEFAULT, GRAPH.read_text())  # nobody had changed the default
        self.assertEqual(ask(8080), b"hello")

    def test_keeps_a_changed_graph_through_an_upgrade(self):
        install(FIRST)
        graph("axond", "listenport: 8081")
        text = GRAPH.read_text()
        systemctl("reload", "axond")
        install(SECOND)

        self.assertEqual(GRAPH.read_text(), text)
        self.assertEqual(ask(8081), b"hello")

    def test_restarts_what_runs_and_nothing_else_when_it_is_upgraded(self):
        install(FIRST)
        graph("one", "listenport: 8081")
        graph("two", "listenport: 8082")
        systemctl("enable", "--now", "axond@one")
        self.addCleanup(systemctl, "disable", "axond@one", check=False)
        systemctl("disable", "--now", "axond")
        before = show("axond@one", "MainPID")
        install(SECOND)

        self.assertNotEqual(show("axond@one", "MainPID"), before)
        self.assertEqual(ask(8081), b"hello")
        self.assertEqual(is_enabled("axond"), "disabled")
        for unit in "axond", "axond@two":
            self.assertEqual(show(unit, "ActiveState"), "inactive")

    def test_keeps_graphs_and_user_when_it_is_removed(self):
        install(FIRST)
        graph("axond", "listenport: 8081")
        text = GRAPH.read_text()
        systemctl("reload", "axond")
        dpkg("--remove", "axond")

        with self.assertRaises(ConnectionRefusedError):
            connect(8081)
        self.assertEqual(show("axond", "LoadState"), "not-found")
        self.assertFalse(pathlib.Path("/usr/bin/axond").exists())
        self.assertEqual(GRAPH.read_text(), text)
        self.assertTrue(pathlib.Path("/var/lib/axond").is_dir())
        self.assertIsNotNone(pwd.getpwnam("axond"))

        install(FIRST)  # goes on where it was
        self.assertEqual(ask(8081), b"hello")

    def test_leaves_nothing_but_the_user_when_it_is_purged(self):
        before = all_files()
        install(FIRST)
        graph("mine", "listenport: 8081")
        systemctl("start", "axond@mine")
        pathlib.Path("/var/log/axond@mine/log").write_text("a line\n")
        dpkg("--purge", "axond")

        self.assertEqual(all_files() - before - USER, {"/etc/axond/mine.yaml"})  # it was not the package's
        for directory in "/var/lib", "/var/log":
            self.assertEqual(list(pathlib.Path(directory).glob("axond*")), [])
        self.assertIsNotNone(pwd.getpwnam("axond"))


if __name__ == "__main__":
    beside.main(layers)
