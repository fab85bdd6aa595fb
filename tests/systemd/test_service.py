#!/usr/bin/env python3
"""axond as a service of a real systemd: what its units promise, of the build as it is installed."""

import contextlib
import json
import os
import pathlib
import pwd
import re
import signal
import socket
import subprocess
import threading
import time

import beside
from beside import ETC, UNITS, answer, ask, axond, connect, fails, graph, journal, messages, set_in, show, systemctl

BAD = "components:\n  server: {type: NoSuchType}\n"
CAP_NET_BIND_SERVICE = 1 << 10


def upgrade():
    """SIGUSR2; returns the number of the process that is no more the service."""
    before = show("axond", "MainPID")
    os.kill(int(before), signal.SIGUSR2)
    axond.wait_for(lambda: show("axond", "MainPID") != before, "another main process")
    return before


class TestCase(beside.TestCase):
    default_graph = ""

    @classmethod
    def setUpClass(cls):
        TestCase.default_graph = TestCase.default_graph or (ETC / "axond.yaml").read_text()

    def tearDown(self):
        super().tearDown()
        for path in ETC.glob("*.yaml"):
            path.unlink()
        (ETC / "axond.yaml").write_text(self.default_graph)


class Units(TestCase):
    def test_have_no_mistakes(self):
        done = subprocess.run(["systemd-analyze", "verify", "axond.service", "axond@web.service", "axond.socket"],
                              text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

        self.assertEqual(done.stdout, "")
        self.assertEqual(done.returncode, 0)

    def test_give_away_few_rights(self):
        for unit in "axond.service", "axond@web.service":
            done = subprocess.run(["systemd-analyze", "--no-pager", "--threshold=14", "security", unit],
                                  text=True, stdout=subprocess.PIPE)

            self.assertEqual(done.returncode, 0, done.stdout)

    def test_explain_each_right_that_is_left(self):
        """A setting that systemd-analyze finds fault with is named among those with a reason."""
        unit = subprocess.run(["systemctl", "cat", "axond.service"], text=True, stdout=subprocess.PIPE).stdout
        explained = unit.partition("What is left, and why:")[2].partition("\n\n")[0]
        settings = subprocess.run(["systemd-analyze", "security", "--json=short", "axond.service"], text=True,
                                  stdout=subprocess.PIPE).stdout
        left = [setting["name"] for setting in json.loads(settings) if setting["exposure"]]

        self.assertNotEqual(left, [])
        for name in left:
            setting, _, values = name.split("/")[0].partition("=~")  # such as RestrictAddressFamilies=~AF_UNIX
            if not values:
                self.assertIn(setting, explained)
                continue
            words = re.sub(r"(\w+_)\((.*)\)", lambda found: " ".join(
                found[1] + word for word in found[2].split("|")), values).split()
            self.assertTrue(any(word in explained for word in words), name)

    def test_come_with_a_user(self):
        self.assertEqual(pwd.getpwnam("axond").pw_dir, "/var/lib/axond")
        self.assertEqual(pwd.getpwnam("axond").pw_shell, "/usr/sbin/nologin")


class Service(TestCase):
    def test_serves_the_default_graph_once_started(self):
        systemctl("start", "axond")

        self.assertEqual(ask(8080), b"hello")
        self.assertIn("Active: active (running)", systemctl("status", "axond"))

    def test_says_how_it_is(self):
        systemctl("start", "axond")

        self.assertNotEqual(show("axond", "StatusText"), "")
        self.assertIn(f'Status: "{show("axond", "StatusText")}"', systemctl("status", "axond"))

    def test_has_only_the_right_to_low_ports(self):
        systemctl("start", "axond")
        pid = show("axond", "MainPID")
        lines = pathlib.Path("/proc", pid, "status").read_text().splitlines()
        status = {key: value.split() for key, value in (line.split(":", 1) for line in lines)}

        self.assertEqual(status["Uid"], [str(pwd.getpwnam("axond").pw_uid)] * 4)
        for capabilities in "CapEff", "CapPrm", "CapBnd":
            self.assertEqual(int(status[capabilities][0], 16), CAP_NET_BIND_SERVICE)
        self.assertEqual(status["NoNewPrivs"], ["1"])
        self.assertEqual(status["Seccomp"], ["2"])

    def test_may_listen_on_a_low_port(self):
        graph("axond", "listenport: 80")
        systemctl("start", "axond")

        self.assertEqual(ask(80), b"hello")

    def test_may_run_programs(self):
        (ETC / "axond.yaml").write_text("""\
components:
  server: {type: TCPServer, host: 127.0.0.1, listenport: 8080}
  inetd:
    type: ProtocolHandler
    protocol:
      type: UnixProcess
      command: |
        date -u +%Y; echo "$REMOTE_ADDR $NOTIFY_SOCKET"; id -un; sort /etc/passwd | head -n 1 | wc -l
        grep -E "^Cap(Prm|Eff|Amb)" /proc/self/status | cut -f 2
        echo to the journal >&2
        exec cat
linkages: [server -> inetd]
""")
        systemctl("start", "axond")
        with connect(8080) as client:
            client.sendall(b"the end\n")
            client.shutdown(socket.SHUT_WR)
            lines = client.makefile().read().splitlines()

        self.assertEqual(lines[1:], ["127.0.0.1 ", "axond", "1"] + ["0" * 16] * 3 + ["the end"])
        self.assertIn("to the journal", messages("axond"))

    def test_leaves_no_program_behind(self):
        (ETC / "axond.yaml").write_text("""\
components:
  it: {type: UnixProcess, command: "echo $$ >pid; sleep 1000 & sleep 1000 & wait"}
  out: {type: ConsoleEchoer}
linkages: [it -> out]
""")
        path = pathlib.Path("/var/lib/axond/pid")
        systemctl("start", "axond")
        group = int(axond.wait_for(lambda: path.exists() and path.read_text(), "the program to start"))
        systemctl("stop", "axond")

        self.assertEqual(show("axond", "Result"), "success")
        self.assertNotIn("SIGKILL", messages("axond"))
        with self.assertRaises(ProcessLookupError):
            os.killpg(group, 0)

    def test_a_program_serves_its_connection_to_the_end(self):
        (ETC / "axond.yaml").write_text("""\
components:
  server: {type: TCPServer, listenport: 8080}
  programs: {type: ProtocolHandler, protocol: {type: UnixProcess, command: [cat]}}
linkages: [server -> programs]
""")
        systemctl("start", "axond")
        with connect(8080) as client:
            client.sendall(b"before")
            self.assertEqual(client.recv(6, socket.MSG_WAITALL), b"before")
            stopping = subprocess.Popen(["systemctl", "stop", "axond"])
            axond.wait_for(lambda: "draining: 1 connection" in messages("axond"), "it to drain")
            client.sendall(b"after")
            self.assertEqual(client.recv(5, socket.MSG_WAITALL), b"after")
        self.assertEqual(stopping.wait(axond.PATIENCE), 0)

        self.assertEqual(show("axond", "Result"), "success")

    def test_answers_axonctl_until_it_stops(self):
        control = pathlib.Path("/run/axond/control.sock")
        systemctl("start", "axond")
        self.assertEqual(subprocess.run(["axonctl", "status"], stdout=subprocess.DEVNULL).returncode, 0)
        self.assertTrue(control.is_socket())
        systemctl("stop", "axond")

        self.assertFalse(control.exists())
        self.assertEqual(show("axond", "Result"), "success")
        self.assertEqual(show("axond", "ExecMainStatus"), "0")
        with self.assertRaises(ConnectionRefusedError):
            connect(8080)

    def test_lets_connections_end_however_long_drain_timeout_is(self):
        set_in("axond.service", "Service", "TimeoutStopSec=500ms")
        graph("axond", "listenport: 8080")
        with open(ETC / "axond.yaml", "a") as file:
            file.write("daemon: {drain_timeout: 10min}\n")
        systemctl("start", "axond")
        with connect(8080) as client:
            self.assertEqual(answer(client, b"before"), b"before")
            systemctl("stop", "--no-block", "axond")
            axond.wait_for(lambda: show("axond", "StatusText").startswith("draining: 1 connection "),
                           "the daemon to drain")
            time.sleep(1)  # well past the unit's own time
            self.assertEqual(answer(client, b"after"), b"after")
        axond.wait_for(lambda: show("axond", "ActiveState") == "inactive", "the end")

        self.assertEqual(show("axond", "Result"), "success")

    def test_restarts(self):
        systemctl("start", "axond")
        before = show("axond", "MainPID")
        systemctl("restart", "axond")

        self.assertNotEqual(show("axond", "MainPID"), before)
        self.assertEqual(ask(8080), b"hello")

    def test_reloads_under_its_clients(self):
        systemctl("start", "axond")
        before = show("axond", "MainPID")
        with connect(8080) as client:
            self.assertEqual(answer(client, b"before"), b"before")
            systemctl("reload", "axond")
            self.assertEqual(answer(client, b"after"), b"after")

        self.assertEqual(show("axond", "ActiveState"), "active")
        self.assertEqual(show("axond", "MainPID"), before)

    def test_a_reload_that_systemd_did_not_ask_for_is_known_to_it(self):
        """SIGHUP and axonctl reload are the same as systemctl reload: the unit is reloading meanwhile."""
        systemctl("start", "axond")
        for reload in ["systemctl", "kill", "--kill-who=main", "--signal=SIGHUP", "axond"], ["axonctl", "reload"]:
            before = int(show("axond", "StateChangeTimestampMonotonic"))
            subprocess.run(reload, check=True, stdout=subprocess.DEVNULL)
            axond.wait_for(lambda: int(show("axond", "StateChangeTimestampMonotonic")) > before and
                           show("axond", "SubState") == "running", "the unit to reload and run again")

        self.assertEqual(ask(8080), b"hello")

    def test_a_refused_reload_fails_and_changes_nothing(self):
        systemctl("start", "axond")
        with connect(8080) as client:
            (ETC / "axond.yaml").write_text(BAD)
            self.assertTrue(fails("reload", "axond"))
            self.assertEqual(answer(client, b"still here"), b"still here")

        axond.wait_for(lambda: show("axond", "SubState") == "running", "the end of the reload")
        self.assertEqual(ask(8080), b"hello")

    def test_a_daemon_that_hangs_is_replaced(self):
        set_in("axond.service", "Service", "WatchdogSec=4s", "RestartSec=100ms")  # it is fed every second
        systemctl("start", "axond")
        os.kill(int(show("axond", "MainPID")), signal.SIGSTOP)
        axond.wait_for(lambda: show("axond", "NRestarts") != "0", "the watchdog")
        axond.wait_for(lambda: show("axond", "ActiveState") == "active", "another daemon")
        self.assertIn("Watchdog timeout", messages("axond"))

        self.assertEqual(ask(8080), b"hello")

    def test_a_daemon_that_was_killed_is_replaced(self):
        set_in("axond.service", "Service", "RestartSec=100ms")
        systemctl("start", "axond")
        os.kill(int(show("axond", "MainPID")), signal.SIGKILL)
        axond.wait_for(lambda: show("axond", "NRestarts") == "1", "the restart")
        axond.wait_for(lambda: show("axond", "ActiveState") == "active", "another daemon")

        self.assertEqual(ask(8080), b"hello")

    def test_a_bad_graph_is_explained_and_not_tried_again(self):
        (ETC / "axond.yaml").write_text(BAD)
        self.assertTrue(fails("start", "axond"))

        self.assertEqual(show("axond", "ActiveState"), "failed")  # else "activating"
        self.assertEqual(show("axond", "ExecMainStatus"), str(axond.EXIT_BAD_GRAPH))
        self.assertEqual(show("axond", "NRestarts"), "0")
        self.assertIn("/etc/axond/axond.yaml:2:", messages("axond"))
        self.assertIn("NoSuchType", messages("axond"))

    def test_a_port_in_use_is_tried_again(self):
        set_in("axond.service", "Service", "RestartSec=1h")
        with socket.create_server(("127.0.0.1", 8080)):
            self.assertTrue(fails("start", "axond"))
            self.assertEqual(show("axond", "SubState"), "auto-restart")
            self.assertEqual(show("axond", "ExecMainStatus"), str(axond.EXIT_CANNOT_START))
            self.assertIn("Address already in use", messages("axond"))
            systemctl("stop", "axond")
            set_in("axond.service", "Service", "RestartSec=100ms")
            self.assertTrue(fails("start", "axond"))
        axond.wait_for(lambda: show("axond", "ActiveState") == "active", "the restart")

        self.assertEqual(ask(8080), b"hello")


class Files(TestCase):
    def test_lie_in_the_logs_directory_of_the_service(self):
        collect = (axond.SOURCE / "etc/lines-to-file.yaml").read_text()
        tail = (axond.SOURCE / "etc/tail-to-tcp.yaml").read_text()
        (ETC / "axond.yaml").write_text(collect.replace("end_lines: true", "fsync: always"))
        (ETC / "tail.yaml").write_text(tail.replace("8080", "8081").replace("from: end", "from: start"))
        systemctl("start", "axond", "axond@tail")
        with connect(8080) as client:
            client.sendall(b"hello\n")

        with connect(8081) as reader:
            self.assertEqual(reader.recv(6, socket.MSG_WAITALL), b"hello\n")
        self.assertEqual(pathlib.Path("/var/log/axond/lines.log").stat().st_mode & 0o777, 0o640)


class Journal(TestCase):
    def write_noisy(self):
        """A graph whose connections get a warning each, for a message without a tag."""
        (ETC / "axond.yaml").write_text((beside.ECHO % "listenport: 8080").replace("EchoProtocol", "Framer"))

    def test_has_fields(self):
        systemctl("start", "axond")
        entries = journal("COMPONENT=server", "_SYSTEMD_UNIT=axond.service")

        self.assertNotEqual(entries, [])
        for entry in entries:
            self.assertEqual(entry["SYSLOG_IDENTIFIER"], "axond")
            self.assertIn(entry["PRIORITY"], "34567")
            self.assertEqual(entry["_COMM"], "axond")

    def test_finds_what_the_connections_of_a_component_say(self):
        self.write_noisy()
        systemctl("start", "axond")
        with connect(8080) as client:
            client.sendall(b"\n")
            client.shutdown(socket.SHUT_WR)
            client.recv(1)
            peer = "127.0.0.1:%d" % client.getsockname()[1]
        entry, = journal("COMPONENT=echo", "PRIORITY=4")

        self.assertEqual(entry["COMPONENT"], ["echo/1", "echo"])
        self.assertEqual(entry["PEER"], peer)
        self.assertIn("dropped a message", entry["MESSAGE"])

    def test_is_not_filled_by_connections(self):
        self.write_noisy()
        systemctl("start", "axond")
        for i in range(200):
            with connect(8080) as client:
                client.sendall(b"\n")
                client.shutdown(socket.SHUT_WR)
                client.recv(1)
        systemctl("stop", "axond")
        told = [entry["MESSAGE"] for entry in journal("COMPONENT=echo", "PRIORITY=4")]
        held_back = [int(text.split()[0]) for text in told if "held back" in text]

        self.assertEqual(len(told) - len(held_back) + sum(held_back), 200)
        self.assertLess(len(told), 100)


class Instances(TestCase):
    def test_run_beside_each_other(self):
        graph("first", "listenport: 8081")
        graph("second", "listenport: 8082")
        systemctl("start", "axond", "axond@first", "axond@second")
        for port in 8080, 8081, 8082:
            self.assertEqual(ask(port), b"hello")
        systemctl("stop", "axond", "axond@first")

        self.assertEqual(ask(8082), b"hello")
        for directory in "/var/lib/axond@second", "/var/log/axond@second":
            self.assertEqual(pathlib.Path(directory).stat().st_mode & 0o777, 0o750)
            self.assertEqual(pathlib.Path(directory).owner(), "axond")
        status = ["axonctl", "-s", "/run/axond@second/control.sock", "status"]
        self.assertEqual(subprocess.run(status, stdout=subprocess.DEVNULL).returncode, 0)
        for port in 8080, 8081:
            with self.assertRaises(ConnectionRefusedError):
                connect(port)


class KeptSockets(TestCase):
    """The ports that the graph itself opens are kept by systemd while axond is away."""

    def test_no_client_is_refused_through_ten_restarts(self):
        systemctl("start", "axond")
        daemons = {show("axond", "MainPID")}
        for _ in range(10):
            restart = subprocess.Popen(["systemctl", "restart", "axond"])
            asked = 0
            while restart.poll() is None or asked == 0:
                self.assertEqual(ask(8080), b"hello")  # never refused, always answered
                asked += 1
            self.assertEqual(restart.returncode, 0)
            daemons.add(show("axond", "MainPID"))

        self.assertEqual(len(daemons), 11)

    def test_an_upgrade_is_followed(self):
        """SIGUSR2: another process is the service, and what systemd keeps is there for the next start."""
        systemctl("start", "axond")
        for _ in range(3):
            before = upgrade()
            axond.wait_for(lambda: not pathlib.Path(f"/proc/{before}").exists(), "the end of the one before")
            self.assertEqual(ask(8080), b"hello")
        after = int(show("axond", "MainPID"))

        self.assertEqual(show("axond", "ActiveState"), "active")
        self.assertEqual(show("axond", "NFileDescriptorStore"), "1")
        systemctl("reload", "axond")
        restart = subprocess.Popen(["systemctl", "restart", "axond"])
        while restart.poll() is None:
            self.assertEqual(ask(8080), b"hello")
        self.assertEqual(restart.returncode, 0)
        self.assertNotEqual(int(show("axond", "MainPID")), after)
        self.assertNotIn("reception only permitted", messages("axond"))

    def test_clients_wait_while_a_killed_daemon_is_replaced(self):
        set_in("axond.service", "Service", "RestartSec=1h")
        systemctl("start", "axond")
        self.assertEqual(show("axond", "NFileDescriptorStore"), "1")
        os.kill(int(show("axond", "MainPID")), signal.SIGKILL)
        axond.wait_for(lambda: show("axond", "SubState") == "auto-restart", "the end of the first daemon")
        with connect(8080) as client:  # nobody is there
            systemctl("restart", "axond")

            self.assertEqual(answer(client, b"hello"), b"hello")

    def test_a_restart_can_move_the_server(self):
        """To an address that overlaps with the one before, or to another port."""
        systemctl("start", "axond")
        graph("axond", "host: 127.0.0.1, listenport: 8080")
        systemctl("restart", "axond")
        self.assertEqual(ask(8080), b"hello")
        graph("axond", "listenport: 8081")
        systemctl("restart", "axond")

        self.assertEqual(ask(8081), b"hello")
        with self.assertRaises(ConnectionRefusedError):
            connect(8080)
        self.assertEqual(show("axond", "NFileDescriptorStore"), "1")

    def test_a_reload_can_move_the_server(self):
        systemctl("start", "axond")
        graph("axond", "listenport: 8081")
        systemctl("reload", "axond")

        self.assertEqual(ask(8081), b"hello")
        with self.assertRaises(ConnectionRefusedError):
            connect(8080)
        axond.wait_for(lambda: show("axond", "NFileDescriptorStore") == "1", "systemd to close the first")

    def test_nothing_is_kept_of_a_stopped_daemon(self):
        systemctl("start", "axond")
        systemctl("stop", "axond")

        with self.assertRaises(ConnectionRefusedError):
            connect(8080)


class KeptConnections(TestCase):
    """With "handover: true" connections outlive "systemctl restart"."""

    @staticmethod
    def handing(protocol="EchoProtocol", more=""):
        """A server at port 8080 whose connections are handed over."""
        (ETC / "axond.yaml").write_text(f"""\
components:
  server: {{type: TCPServer, host: 127.0.0.1, listenport: 8080}}
  handler: {{type: ProtocolHandler, handover: true, protocol: {protocol}}}
  other: {{type: TCPServer, host: 127.0.0.1, listenport: 8081}}
  others: {{type: ProtocolHandler, protocol: EchoProtocol}}
linkages: [server -> handler, other -> others]
{more}""")

    def restart(self):
        before = show("axond", "MainPID")
        systemctl("restart", "axond")
        self.assertNotEqual(show("axond", "MainPID"), before)

    def assert_closed(self, client):
        self.assertEqual(client.recv(1), b"")

    def test_clients_do_not_notice_restarts(self):
        self.handing(more="daemon: {workers: 2}\n")
        systemctl("start", "axond")
        stored = show("axond", "NFileDescriptorStore")
        with contextlib.ExitStack() as crowd:
            clients = [crowd.enter_context(connect(8080)) for _ in range(300)]
            for client in clients:
                self.assertEqual(answer(client, b"before"), b"before")
            for number in range(3):
                self.restart()
                for client in clients:
                    self.assertEqual(answer(client, b"after %d" % number), b"after %d" % number)
            self.assertIn("300 connections wait with systemd", messages("axond"))
            self.assertIn("went on with 300 connections", messages("axond"))
            axond.wait_for(lambda: show("axond", "NFileDescriptorStore") == stored, "the ports alone to be stored")
            for client in clients:
                client.shutdown(socket.SHUT_WR)
                self.assert_closed(client)

    def test_a_long_transfer_through_the_proxy_of_the_example_runs_on(self):
        size, block, stops = 64 << 20, os.urandom(1 << 20), 3
        (ETC / "axond.yaml").write_text((axond.SOURCE / "etc/handover.yaml").read_text())
        (ETC / "environment").write_text("BACKEND=8082\n")
        self.addCleanup((ETC / "environment").unlink)
        with socket.create_server(("127.0.0.1", 8082)) as backend:
            systemctl("start", "axond")
            with connect(8080) as client, backend.accept()[0] as server:
                server.settimeout(axond.PATIENCE)
                progress, trouble = {client: 0, server: 0}, []
                go_on = [threading.Event() for _ in range(stops)]

                def send(sock):
                    for _ in range(size // len(block)):
                        sock.sendall(block)

                def receive(sock):
                    while progress[sock] < size:
                        stop = progress[sock] * (stops + 1) // size
                        want = progress[sock] % len(block)
                        got = sock.recv(min(1 << 18, len(block) - want))
                        if not got or got != block[want:want + len(got)]:
                            trouble.append(progress[sock])
                            return
                        progress[sock] += len(got)
                        if stop < progress[sock] * (stops + 1) // size <= stops:
                            go_on[stop].wait(axond.PATIENCE)

                threads = [threading.Thread(target=function, args=[sock])
                           for function in (send, receive) for sock in progress]
                for thread in threads:
                    thread.start()
                for number in range(stops):
                    axond.wait_for(lambda: trouble or all(
                        done >= size * (number + 1) // (stops + 1) for done in progress.values()), "a part of it")
                    self.restart()
                    go_on[number].set()
                for thread in threads:
                    thread.join(axond.PATIENCE)

                self.assertEqual(trouble, [])
                self.assertEqual(list(progress.values()), [size, size])
                client.shutdown(socket.SHUT_WR)
                self.assert_closed(server)

    def test_nor_do_they_after_an_upgrade(self):
        self.handing()
        systemctl("start", "axond")
        with connect(8080) as client:
            self.assertEqual(answer(client, b"before"), b"before")
            upgrade()
            self.assertEqual(answer(client, b"meanwhile"), b"meanwhile")
            self.restart()

            self.assertEqual(answer(client, b"after"), b"after")

    def test_a_stop_drains(self):
        self.handing()
        systemctl("start", "axond")
        with connect(8080) as client:
            self.assertEqual(answer(client, b"before"), b"before")
            systemctl("stop", "--no-block", "axond")
            axond.wait_for(lambda: show("axond", "StatusText").startswith("draining: 1 connection "), "it to drain")
            self.assertEqual(answer(client, b"after"), b"after")
        axond.wait_for(lambda: show("axond", "ActiveState") == "inactive", "the end")

        self.assertNotIn("with systemd", messages("axond"))

    def test_a_stop_drains_what_drains_since_an_upgrade(self):
        systemctl("start", "axond")
        with connect(8080) as client:
            self.assertEqual(answer(client, b"before"), b"before")
            before = upgrade()
            systemctl("stop", "--no-block", "axond")
            axond.wait_for(lambda: show("axond", "StatusText").startswith("waiting for 1 process "), "it to wait")
            self.assertEqual(answer(client, b"after"), b"after")
        axond.wait_for(lambda: show("axond", "ActiveState") == "inactive", "the end")

        self.assertFalse(pathlib.Path(f"/proc/{before}").exists())

    def test_they_are_served_until_others_have_ended(self):
        self.handing(more="daemon: {drain_timeout: 10min}\n")
        systemctl("start", "axond")
        with connect(8080) as client:
            with connect(8081) as other:
                self.assertEqual(answer(other, b"before"), b"before")
                systemctl("restart", "--no-block", "axond")
                axond.wait_for(lambda: show("axond", "StatusText").startswith("draining: 2 "), "it to drain")
                for sock in client, other:
                    self.assertEqual(answer(sock, b"meanwhile"), b"meanwhile")
            axond.wait_for(lambda: "went on with 1 connection" in messages("axond"), "the next process")

            self.assertEqual(answer(client, b"after"), b"after")

    def test_they_wait_no_longer_than_drain_timeout(self):
        self.handing(more="daemon: {drain_timeout: 300ms}\n")
        systemctl("start", "axond")
        with connect(8080) as client, connect(8081) as other:
            self.assertEqual(answer(other, b"before"), b"before")
            self.restart()

            self.assertEqual(answer(client, b"after"), b"after")
            self.assert_closed(other)

    def test_what_the_new_graph_does_not_take_is_closed_and_told(self):
        self.handing()
        systemctl("start", "axond")
        with connect(8080) as client:
            self.assertEqual(answer(client, b"before"), b"before")
            self.handing("Discard")
            self.restart()
            self.assert_closed(client)

        self.assertIn("its protocol is another one here", messages("axond"))
        self.assertIn("closed 1 that could not go on here", messages("axond"))

    def assert_drains(self, why):
        with connect(8080) as client:
            self.assertEqual(answer(client, b"before"), b"before")
            self.restart()
            self.assert_closed(client)
        self.assertIn(why, messages("axond"))
        self.assertEqual(ask(8080), b"hello")

    def test_they_drain_where_the_store_is_full(self):
        set_in("axond.service", "Service", "FileDescriptorStoreMax=2")  # for the ports
        self.handing(more="daemon: {drain_timeout: 100ms}\n")
        systemctl("start", "axond")

        self.assert_drains("FileDescriptorStoreMax= for this unit is reached")

    def test_they_drain_where_there_is_no_bus(self):
        set_in("axond.service", "Service", "InaccessiblePaths=/run/dbus")
        self.handing(more="daemon: {drain_timeout: 100ms}\n")
        systemctl("start", "axond")

        self.assert_drains("could not ask systemd whether it will start us again")


class Credentials(TestCase):
    SECRET = "hunter2-s3cret"

    def log_in(self, name):
        (ETC / "axond.yaml").write_text(
            "components:\n"
            "  server: {type: TCPServer, listenport: 8080}\n"
            "  echo: {type: ProtocolHandler, protocol: {type: Pipeline, components: [\n"
            "    {type: PureTransformer, function: prefix, text: '${credential:%s} '}]}}\n"
            "linkages: [server -> echo]\n" % name)

    def assert_given_and_hidden(self):
        told = f"{self.SECRET} hello".encode()
        with connect(8080) as client:
            client.sendall(b"hello")
            got = b""
            while len(got) < len(told):
                got += client.recv(len(told) - len(got)) or self.fail(f"only {got}")
        self.assertEqual(got, told)
        for command in ["status"], ["show", "echo"], ["config", "--origin"], ["check"], ["list"]:
            done = subprocess.run(["axonctl", *command], text=True, capture_output=True)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertNotIn(self.SECRET, done.stdout)
        self.assertNotIn(self.SECRET, messages("axond"))

    def test_one_is_loaded_from_a_file_that_only_root_may_read(self):
        path = ETC / "token"
        path.write_text(self.SECRET + "\n")
        path.chmod(0o600)
        self.addCleanup(path.unlink)
        set_in("axond.service", "Service", f"LoadCredential=token:{path}")
        self.log_in("token")
        systemctl("start", "axond")

        self.assert_given_and_hidden()

    def test_one_may_be_encrypted(self):
        path = ETC / "token.encrypted"
        subprocess.run(["systemd-creds", "encrypt", "--with-key=host", "--name=token", "-", path], text=True, check=True,
                       input=self.SECRET + "\n", stderr=subprocess.DEVNULL)
        self.addCleanup(path.unlink)
        set_in("axond.service", "Service", f"LoadCredentialEncrypted=token:{path}")
        self.log_in("token")
        systemctl("start", "axond")

        self.assert_given_and_hidden()

    def test_one_may_stand_in_the_unit(self):
        set_in("axond.service", "Service", f"SetCredential=word:{self.SECRET}")
        self.log_in("word")
        systemctl("start", "axond")
        self.assert_given_and_hidden()

        systemctl("reload", "axond")  # it is still there
        self.assert_given_and_hidden()

    def test_one_that_is_missing_is_told_with_what_to_do(self):
        self.log_in("token")
        self.assertTrue(fails("start", "axond"))
        self.assertIn("the unit needs LoadCredential=token:PATH", messages("axond"))

        set_in("axond.service", "Service", "SetCredential=other:x")
        systemctl("reset-failed", "axond")
        self.assertTrue(fails("start", "axond"))
        self.assertIn("the unit needs LoadCredential=token:PATH or SetCredential=token:TEXT", messages("axond"))


class SocketActivation(TestCase):
    def setUp(self):
        super().setUp()
        graph("axond", "host: systemd:echo")

    def test_the_first_client_starts_the_daemon(self):
        systemctl("start", "axond.socket")
        self.assertEqual(show("axond", "ActiveState"), "inactive")

        self.assertEqual(ask(8080), b"hello")
        self.assertEqual(show("axond", "ActiveState"), "active")

    def test_clients_wait_while_the_daemon_is_restarted(self):
        systemctl("start", "axond.socket")
        systemctl("start", "axond")
        restart = subprocess.Popen(["systemctl", "restart", "axond"])
        asked = 0
        while restart.poll() is None or asked == 0:
            with connect(8080):  # never refused
                asked += 1

        self.assertEqual(restart.returncode, 0)
        self.assertEqual(ask(8080), b"hello")

    @staticmethod
    def socket_unit(name, service, *lines):
        (UNITS / name).write_text("\n".join(["[Socket]", *lines, f"Service={service}", ""]))
        systemctl("daemon-reload")

    def assert_serves_all(self, four, six, path):
        for family, address in ((socket.AF_INET, ("127.0.0.1", four)), (socket.AF_INET6, ("::1", six)),
                                (socket.AF_UNIX, path)):
            with socket.socket(family) as client:
                client.settimeout(axond.PATIENCE)
                client.connect(address)
                self.assertEqual(answer(client, b"hello"), b"hello")

    def test_sockets_of_several_units_are_known_by_their_names(self):
        """One for IPv4, one for IPv6 and a Unix socket, passed to a server each."""
        for name, where in ("four", "127.0.0.1:8081"), ("six", "[::1]:8082"), ("path", "/run/axond-test.sock"):
            self.socket_unit(f"axond-{name}.socket", "axond.service", f"ListenStream={where}",
                             f"FileDescriptorName={name}")
        (ETC / "axond.yaml").write_text("""\
components:
  four: {type: TCPServer, host: "systemd:four"}
  six: {type: TCPServer, host: "systemd:six"}
  path: {type: TCPServer, host: "systemd:path"}
  echo: {type: ProtocolHandler, protocol: EchoProtocol}
linkages: [four -> echo, six -> echo, path -> echo]
""")
        systemctl("start", "axond-four.socket", "axond-six.socket", "axond-path.socket")

        self.assert_serves_all(8081, 8082, "/run/axond-test.sock")
        systemctl("restart", "axond")
        self.assert_serves_all(8081, 8082, "/run/axond-test.sock")

    def test_one_server_of_an_instance_takes_all_sockets_of_its_name(self):
        self.socket_unit("axond-web.socket", "axond@web.service", "ListenStream=0.0.0.0:8081",
                         "ListenStream=[::1]:8081", "ListenStream=/run/axond-test.sock",
                         "BindIPv6Only=ipv6-only", "FileDescriptorName=web")
        graph("web", "host: systemd:web")
        systemctl("start", "axond-web.socket")

        self.assert_serves_all(8081, 8081, "/run/axond-test.sock")
        self.assertEqual(show("axond@web", "ActiveState"), "active")

    def test_an_unknown_name_is_told_which_there_are(self):
        graph("axond", "host: systemd:ecko")
        systemctl("start", "axond.socket")
        self.assertTrue(fails("start", "axond"))

        self.assertEqual(show("axond", "ExecMainStatus"), str(axond.EXIT_CANNOT_START))
        self.assertIn('"ecko"', messages("axond"))
        self.assertIn('"echo"', messages("axond"))

    def test_a_socket_that_no_component_takes_is_reported(self):
        set_in("axond.socket", "Socket", "ListenStream=", "ListenStream=8090")
        graph("axond", "listenport: 8080")
        systemctl("start", "axond.socket")
        systemctl("start", "axond")

        warnings = [entry["MESSAGE"] for entry in journal("--unit=axond", "PRIORITY=4")]
        self.assertTrue(any('"echo"' in warning for warning in warnings), warnings)


def layers(directory):
    build = pathlib.Path(axond.AXOND).parent
    subprocess.run(["cmake", "--install", build], env={**os.environ, "DESTDIR": str(directory / "layer")}, check=True,
                   stdout=subprocess.DEVNULL)
    return ["--layer", directory / "layer"]


if __name__ == "__main__":
    beside.main(layers)
