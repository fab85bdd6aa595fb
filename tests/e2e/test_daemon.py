"""axond as a process: its options and exit statuses, its signals, what it logs and tells its manager.

Reload has a file of its own (test_reload.py), and so has what takes long (test_endurance.py).
"""

import contextlib
import os
import pathlib
import pty
import signal
import socket
import threading
import time

import axond
from graphs import ECHO

PATIENT = ECHO + "daemon: {drain_timeout: 10min}\n"
FINITE = """\
components:
  source: {type: DataSource, messages: [hello, world]}
  console: {type: ConsoleEchoer}
linkages:
  - source -> console
"""
UNREACHABLE = """\
components:
  client: {type: TCPClient, host: 127.0.0.1, port: "${SINK}"}
"""
BAD = """\
components:
  server: {type: TCPServer, listenprot: 8080}
  echo: {type: NoSuchType}
linkages:
  - server -> echo
"""
# Lines of many clients to one place, by way of a bus; each stands before the one that feeds it.
LINES_TO_ONE = """\
daemon: {drain_timeout: 10min}
graphs:
  lines:
    components: {lines: {type: LineFramer}}
    linkages: [self -> lines, lines.outbox -> /relay.inbox]
components:
  out: {type: TCPClient, host: 127.0.0.1, port: "${SINK}"}
  hear: {type: SubscribeTo, source: lines, boxes: {inbox: {size: 3, when_full: block}}}
  bus: {type: Backplane, name: lines}
  publish: {type: PublishTo, destination: lines}
  relay: {type: PassThrough}
  clients: {type: ProtocolHandler, protocol: lines}
  server: {type: TCPServer, host: 127.0.0.1, listenport: "${PORT}"}
linkages:
  - server -> clients
  - relay.outbox -> publish.inbox
  - hear.outbox -> out.inbox
"""
DEFAULT_GRAPH = pathlib.Path("/etc/axond/axond.yaml")


class File(axond.TestCase):
    """A test with graphs in files of its own."""

    def graph(self, text, name="graph.yaml"):
        path = self.directory() / name
        path.write_text(text)
        return path


class CommandLine(File):
    def test_help_names_every_option_and_exit_status(self):
        for option in "-h", "--help":
            done = axond.axond(option)

            self.assertEqual((done.returncode, done.stderr), (0, ""))
            for word in ("--check", "--control", "--workers", "--log-level", "--log-target", "--version",
                         str(DEFAULT_GRAPH), "64", "71", "78"):
                self.assertIn(word, done.stdout)

    def test_version_is_one_line(self):
        for option in "-V", "--version":
            done = axond.axond(option)

            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertRegex(done.stdout, r"\Aaxond \d+\.\d+\.\d+\n\Z")

    def test_wrong_usage_is_explained_and_ends_with_64(self):
        for words, reason in {
            ("--nope",): "--nope",
            ("-x",): "'x'",
            ("--log-level",): "log-level",
            ("--log-level", "loud"): 'error, warning, notice, info or debug; got "loud"',
            ("--log-target", "syslog"): 'auto, stderr or journal; got "syslog"',
            ("--workers", "65"): 'got "65"',
            ("--workers", "many"): 'got "many"',
            ("one.yaml", "two.yaml"): "one graph file, not 2",
        }.items():
            with self.subTest(words):
                done = axond.axond(*words)

                self.assertEqual((done.returncode, done.stdout), (axond.EXIT_USAGE, ""))
                self.assertIn(reason, done.stderr)
                self.assertIn("--help", done.stderr)

    def test_without_a_graph_the_default_is_read(self):
        done = axond.axond("--check")

        if DEFAULT_GRAPH.exists():
            self.assertIn(str(DEFAULT_GRAPH), done.stdout + done.stderr)
        else:
            self.assertEqual(done.returncode, axond.EXIT_BAD_GRAPH)
            self.assertIn(f"{DEFAULT_GRAPH}: error: ", done.stderr)

    def test_a_bad_graph_gets_all_its_errors_and_ends_with_78(self):
        graph = self.graph(BAD)
        for options in (), ("--check",):
            done = axond.axond(*options, graph)

            self.assertEqual((done.returncode, done.stdout), (axond.EXIT_BAD_GRAPH, ""))
            self.assertIn(f'{graph}:2:29: error: TCPServer has no parameter "listenprot"; '
                          'did you mean "listenport"?', done.stderr)
            self.assertIn(f'{graph}:3:16: error: ', done.stderr)
            self.assertIn("    3 |   echo: {type: NoSuchType}\n      |                ^~~~~~~~~~\n", done.stderr)

    def test_a_file_that_cannot_be_read_ends_with_78(self):
        for path in "/nonexistent/graph.yaml", "/tmp":
            done = axond.axond(path)

            self.assertEqual(done.returncode, axond.EXIT_BAD_GRAPH)
            self.assertIn(f"{path}: error: ", done.stderr)


class Check(File):
    def test_says_ok_and_opens_nothing(self):
        port = axond.free_port()
        with socket.create_server(("127.0.0.1", port)):
            done = axond.axond("--check", self.graph(ECHO), env={"PORT": str(port)})

        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("ok", done.stdout)

    def test_creates_no_socket_at_all(self):
        if axond.SANITIZED:
            self.skipTest("the leak sanitizer does not work under strace")
        strace = self.need("strace")
        trace = self.directory() / "trace"
        done = axond.run(strace, "-f", "-o", trace, "-e", "trace=socket,bind,listen,connect",
                         axond.AXOND, "-t", self.graph(ECHO), env={"PORT": "8080"})
        if "ptrace" in done.stderr.lower():
            self.skipTest(f"strace may not trace here: {done.stderr}")

        self.assertEqual(done.returncode, 0, done.stderr)
        calls = [line for line in trace.read_text().splitlines() if "+++" not in line]
        self.assertEqual(calls, [])

    def test_a_wrong_environment_is_an_error_of_the_file(self):
        done = axond.axond("--check", self.graph(ECHO), env={"PORT": "eighty"})

        self.assertEqual(done.returncode, axond.EXIT_BAD_GRAPH)
        self.assertIn("listenport", done.stderr)

    def test_a_warning_is_no_failure(self):
        done = axond.axond("--check", self.graph(ECHO.replace("linkages:", "  alone: {type: PassThrough}\nlinkages:")),
                           env={"PORT": "8080"})

        self.assertEqual(done.returncode, 0)
        self.assertIn("graph.yaml:4:3: warning: ", done.stderr)


class Start(File):
    def test_a_port_in_use_is_named_with_its_component_and_the_reason(self):
        port = axond.free_port()
        with socket.create_server(("127.0.0.1", port)):
            done = axond.axond(self.graph(ECHO), env={"PORT": str(port)})

        self.assertEqual(done.returncode, axond.EXIT_CANNOT_START)
        self.assertIn(f"server: could not listen on 127.0.0.1:{port}: Address already in use", done.stderr)
        self.assertEqual(done.stderr.count("Address already in use"), 1, "once is enough")

    def test_an_address_of_another_machine_is_refused(self):
        done = axond.axond(self.graph(ECHO.replace("127.0.0.1", "192.0.2.1")), env={"PORT": "8080"})

        self.assertEqual(done.returncode, axond.EXIT_CANNOT_START)
        self.assertIn("server: could not listen on 192.0.2.1:8080: Cannot assign requested address",
                      done.stderr)

    def test_a_low_port_without_the_right_to_it_is_refused(self):
        if os.geteuid() != 0:
            under, graph = (), self.graph(ECHO)
        else:
            under, graph = (self.need("setpriv"), "--bounding-set=-all", "--inh-caps=-all"), self.graph(ECHO)
        if int(pathlib.Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text()) <= 81:
            self.skipTest("every port may be used here")
        done = axond.run(*under, axond.AXOND, graph, env={"PORT": "81"})

        self.assertEqual(done.returncode, axond.EXIT_CANNOT_START)
        self.assertIn("server: could not listen on 127.0.0.1:81: Permission denied", done.stderr)

    def test_a_second_server_that_cannot_start_ends_the_first(self):
        port, taken = axond.free_port(), axond.free_port()
        graph = ECHO.replace("  echo:", f"  second: {{type: TCPServer, host: 127.0.0.1, listenport: {taken}}}\n"
                                        "  echo:") + "  - second -> echo\n"
        with socket.create_server(("127.0.0.1", taken)):
            done = axond.axond(self.graph(graph), env={"PORT": str(port)})

        self.assertEqual(done.returncode, axond.EXIT_CANNOT_START)
        self.assertIn(f"second: could not listen on 127.0.0.1:{taken}", done.stderr)
        with socket.create_server(("127.0.0.1", port)):
            pass

    def test_ready_means_that_the_port_is_open(self):
        with axond.Axond(ECHO) as daemon:
            self.assertEqual(daemon.ask(b"hello"), b"hello")

    def test_works_without_standard_descriptors(self):
        with axond.Axond(ECHO, under=("sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh")) as daemon:
            self.assertEqual(daemon.ask(b"hello"), b"hello")
            for number in 0, 1, 2:
                self.assertEqual(os.readlink(f"/proc/{daemon.pid}/fd/{number}"), "/dev/null")


class End(File):
    def test_a_graph_that_has_finished_ends_the_daemon_with_0(self):
        done = axond.axond(self.graph(FINITE))

        self.assertEqual((done.returncode, done.stdout), (0, "helloworld"))

    def test_a_graph_that_has_ended_by_failure_ends_the_daemon_with_1_and_says_why(self):
        done = axond.axond(self.graph(UNREACHABLE), env={"SINK": str(axond.free_port())})

        self.assertEqual(done.returncode, axond.EXIT_FAILED)
        self.assertRegex(done.stderr.splitlines()[-1],
                         "client: ending with status 1: nothing runs any more, and this had failed: "
                         "could not connect to .*: Connection refused$")

    def test_of_several_that_have_failed_the_log_names_the_first(self):
        twice = UNREACHABLE + "  again: {type: TCPClient, host: 127.0.0.1, port: \"${SINK}\", delay: 100ms}\n"
        done = axond.axond(self.graph(twice), env={"SINK": str(axond.free_port())})

        self.assertEqual(done.returncode, axond.EXIT_FAILED)
        self.assertRegex(done.stderr.splitlines()[-1], "client: ending .* had failed, and so had 1 other: could not")

    def test_told_to_stop_it_ends_with_0_whatever_had_failed(self):
        both = ECHO.replace("linkages", UNREACHABLE.partition("\n")[2] + "linkages")
        with axond.Axond(both, env={"SINK": str(axond.free_port())}) as daemon:
            daemon.wait_line("client: could not connect")
            daemon.stop(0)

    def test_without_connections_sigterm_and_sigint_end_it_at_once(self):
        for number in signal.SIGTERM, signal.SIGINT:
            with axond.Axond(ECHO) as daemon:
                daemon.signal(number)
                daemon.wait(0)

                self.assertIn(f"got {signal.Signals(number).name}", daemon.stderr)

    def test_sigterm_lets_a_connection_end_but_takes_no_other(self):
        with axond.Axond(PATIENT) as daemon:
            client = daemon.connect()
            client.sendall(b"before")
            self.assertEqual(axond.receive(client, 6), b"before")
            daemon.signal(signal.SIGTERM)
            daemon.wait_line("draining")
            axond.wait_for(lambda: self.is_refused(daemon.port), "new connections to be refused")
            for _ in range(10):
                client.sendall(b"during")
                self.assertEqual(axond.receive(client, 6), b"during")
            client.shutdown(socket.SHUT_WR)
            self.assertEqual(axond.receive_all(client), b"")
            daemon.wait(0)

    def test_an_answer_under_way_arrives_whole(self):
        data = os.urandom(8 << 20)
        with axond.Axond(PATIENT) as daemon:
            client = daemon.connect()
            sender = threading.Thread(target=lambda: (client.sendall(data), client.shutdown(socket.SHUT_WR)))
            sender.start()
            got = axond.receive(client, 1 << 20)
            daemon.signal(signal.SIGTERM)
            got += axond.receive_all(client)
            sender.join()
            daemon.wait(0)

        self.assertEqual(len(got), len(data))
        self.assertTrue(got == data)

    def test_what_waits_on_its_way_through_a_backplane_arrives_before_the_end(self):
        line = b"x" * 999 + b"\n"
        for workers in 1, 2:
            with self.subTest(workers=workers), socket.create_server(("127.0.0.1", 0)) as sink:
                with axond.Axond(LINES_TO_ONE, args=("--workers", str(workers)),
                                 env={"SINK": str(sink.getsockname()[1])}) as daemon:
                    reader, _ = sink.accept()
                    client = daemon.connect()
                    sent = daemon.fill(client, line * 100000)
                    client.shutdown(socket.SHUT_WR)
                    daemon.signal(signal.SIGTERM)
                    daemon.wait_line("draining")
                    got = axond.receive_all(reader)
                    reader.close()
                    daemon.wait(0)

                self.assertEqual(len(got), sent)

    def test_after_drain_timeout_connections_are_ended(self):
        with axond.Axond(ECHO + "daemon: {drain_timeout: 500ms}\n") as daemon:
            client = daemon.connect()
            client.sendall(b"hello")
            self.assertEqual(axond.receive(client, 5), b"hello")
            began = time.monotonic()
            daemon.signal(signal.SIGTERM)
            self.assertEqual(axond.receive_all(client), b"")
            self.assertGreater(time.monotonic() - began, 0.49)
            daemon.wait_line("draining: 1 connection may take 0.5 s to end; a second signal ends all now")
            daemon.wait_line("drained for long enough: ending server, 1 other component and 1 connection")
            daemon.wait(0)

    def test_draining_without_connections_names_who_is_waited_for(self):
        slow = """
daemon: {drain_timeout: 300ms}
components:
  source: {type: DataSource, messages: [too much for a byte a second]}
  slow: {type: Pipeline, components: [{type: RateControl, rate: 1}]}
linkages: [source -> slow]
"""
        with axond.Axond(slow) as daemon:
            daemon.signal(signal.SIGTERM)
            daemon.wait_line("draining: what still has work may take 0.3 s to end; a second signal ends all now")
            daemon.wait_line("drained for long enough: ending slow, 0 other components and 0 connections")
            daemon.wait(0)

    def test_without_a_drain_timeout_connections_are_ended_at_once(self):
        with axond.Axond(ECHO + "daemon: {drain_timeout: 0}\n") as daemon:
            client = daemon.connect()
            client.sendall(b"hello")
            self.assertEqual(axond.receive(client, 5), b"hello")
            daemon.signal(signal.SIGTERM)
            daemon.wait(0)

    def test_a_second_signal_ends_it_at_once(self):
        for second in signal.SIGTERM, signal.SIGINT:
            with axond.Axond(PATIENT) as daemon:
                client = daemon.connect()
                client.sendall(b"hello")
                self.assertEqual(axond.receive(client, 5), b"hello")
                daemon.signal(signal.SIGTERM)
                daemon.wait_line("draining")
                self.assertTrue(daemon.running)
                daemon.signal(second)
                daemon.wait(0)

    def test_a_slow_reader_does_not_keep_it_longer_than_drain_timeout(self):
        with axond.Axond(ECHO + "daemon: {drain_timeout: 300ms}\n") as daemon:
            client = daemon.connect()
            daemon.fill(client)
            daemon.signal(signal.SIGTERM)
            daemon.wait(0)

    @staticmethod
    def is_refused(port):
        try:
            axond.connect(port).close()
            return False
        except ConnectionRefusedError:
            return True


class Signals(File):
    def test_they_do_not_kill_a_daemon_that_is_ending(self):
        many = "".join(f"  a{i}: {{type: PassThrough}}\n" for i in range(2000))  # it takes a moment to end them
        with axond.Axond(ECHO.replace("linkages:", many + "linkages:")) as daemon:
            while daemon.running:
                for number in signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1:
                    daemon.signal(number)
            daemon.wait(0)

    def test_sigusr1_logs_the_status(self):
        with axond.Axond(ECHO) as daemon:
            client = daemon.connect()
            client.sendall(b"hello")
            axond.receive(client, 5)
            daemon.signal(signal.SIGUSR1)

            daemon.wait_line(r"notice: 1 connection \(1 in all\), 2 components, generation 1$")

    def test_sigpipe_is_harmless(self):
        with axond.Axond(ECHO) as daemon:
            daemon.signal(signal.SIGPIPE)
            self.assertEqual(daemon.ask(b"hello"), b"hello")



class Log(File):
    def started(self, redirection, *args, graph=ECHO, env=()):
        """Runs axond with its stderr redirected by the shell, until it has answered and ended."""
        with axond.Axond(graph, args, under=("sh", "-c", f'exec "$@" {redirection}', "sh"), env=env) as daemon:
            self.assertEqual(daemon.ask(b"hello"), b"hello")

    def to_file(self, *args, **more):
        path = self.directory() / "log"
        self.started(f"2>{path}", *args, **more)
        return axond.HELD.sub("", path.read_text())

    def test_a_file_gets_plain_lines(self):
        lines = self.to_file().splitlines()

        self.assertGreater(len(lines), 2)
        for line in lines:
            self.assertRegex(line, r"\A\d\d:\d\d:\d\d\.\d{3} (info|notice)( [a-z]+)?: [ -~]+\Z")
        self.assertRegex(lines[0], r" info server: listening on 127\.0\.0\.1:\d+\Z")

    @staticmethod
    def read_to_end(terminal):
        """All that was written to a terminal which nobody has open any more."""
        text = b""
        with contextlib.suppress(OSError), open(terminal, "rb", 0) as reader:
            while more := reader.read(65536):
                text += more
        return text

    def test_a_terminal_gets_colours_unless_told_otherwise(self):
        for environment, coloured in ({"TERM": "xterm", "NO_COLOR": ""}, True), ({"NO_COLOR": "1"}, False), \
                                     ({"TERM": "dumb"}, False):
            terminal, other_end = pty.openpty()
            self.started(f"2>{os.ttyname(other_end)}", env=environment)
            os.close(other_end)
            text = self.read_to_end(terminal)

            self.assertIn(b"listening on", text)
            self.assertEqual(b"\x1b[" in text, coloured, (environment, text))

    def test_errors_of_a_graph_have_colours_under_the_same_conditions(self):
        graph = self.graph(BAD)
        for environment, coloured in ({"TERM": "xterm", "NO_COLOR": ""}, True), ({"NO_COLOR": "1"}, False), \
                                     ({"TERM": "dumb"}, False):
            terminal, other_end = pty.openpty()
            axond.run("sh", "-c", f'exec "$@" 2>{os.ttyname(other_end)}', "sh", axond.AXOND, "-t", graph,
                      env=environment)
            os.close(other_end)
            text = self.read_to_end(terminal)

            self.assertIn(b"listenprot", text)
            self.assertEqual(b"\x1b[" in text, coloured, (environment, text))

    def test_levels_leave_out_what_is_below_them(self):
        self.assertEqual(self.to_file("--log-level", "warning"), "")
        notice = self.to_file("-l", "notice")
        self.assertIn(" notice: ", notice)
        self.assertNotIn(" info", notice)
        debug = self.to_file("-l", "debug")
        self.assertIn(" debug echo: running", debug)
        self.assertIn(" info server: ", debug)

    def test_the_file_sets_the_level_and_the_option_wins(self):
        graph = ECHO + "daemon: {log_level: debug}\n"

        self.assertIn(" debug ", self.to_file(graph=graph))
        self.assertEqual(self.to_file("-l", "error", graph=graph), "")

    def test_without_a_journal_lines_go_to_stderr(self):
        if pathlib.Path("/run/systemd/journal/socket").exists():
            self.skipTest("there is a journal here")
        text = self.to_file("--log-target", "journal")

        self.assertIn("warning: there is no journal here", text)
        self.assertIn("listening on", text)

    def test_a_log_that_nobody_reads_holds_nothing_up(self):
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        try:
            while True:
                os.write(writing, b"x" * 4096)
        except BlockingIOError:
            os.set_blocking(writing, True)
        with axond.Axond(ECHO, ["-l", "debug"], under=("sh", "-c", 'exec "$@" 2>"$0"',
                                                       f"/proc/{os.getpid()}/fd/{writing}")) as daemon:
            for _ in range(20):
                daemon.signal(signal.SIGUSR1)
                self.assertEqual(daemon.ask(b"hello"), b"hello")
        os.close(reading)
        os.close(writing)

    def test_a_log_whose_reader_has_gone_is_harmless(self):
        reading, writing = os.pipe()
        with axond.Axond(ECHO, ["-l", "debug"], under=("sh", "-c", 'exec "$@" 2>"$0"',
                                                       f"/proc/{os.getpid()}/fd/{writing}")) as daemon:
            os.close(reading)
            os.close(writing)
            daemon.signal(signal.SIGUSR1)
            self.assertEqual(daemon.ask(b"hello"), b"hello")


class Manager(axond.TestCase):
    """What axond tells whoever started it, by sd_notify()."""

    def test_is_told_of_the_start_and_of_the_end(self):
        with axond.Axond(PATIENT) as daemon:
            client = daemon.connect()
            client.sendall(b"hello")
            axond.receive(client, 5)
            self.assertEqual(daemon.notified("STOPPING=1"), 0)
            daemon.signal(signal.SIGTERM)
            daemon.wait_notified("STOPPING=1")
            daemon.wait_notified("STATUS=draining: 1 connection (1 in all), 2 components, generation 1")
            axond.wait_for(lambda: any(said.startswith("EXTEND_TIMEOUT_USEC=") for said in daemon.notifications))
            client.close()
            daemon.wait(0)

        self.assertEqual(daemon.notified("READY=1"), 1)
        said = self.without_status(daemon)
        self.assertEqual(said[:3], ["READY=1", "STOPPING=1", "EXTEND_TIMEOUT_USEC=15000000"])

    def test_is_told_of_a_drain_but_not_to_wait_for_its_end(self):
        """STOPPING=1 would have systemd end it after TimeoutStopSec=."""
        with axond.Axond(ECHO) as daemon:
            client = daemon.connect()
            client.sendall(b"hello")
            axond.receive(client, 5)
            daemon.ctl("drain")
            daemon.wait_notified("STATUS=draining: 1 connection (1 in all), 2 components, generation 1")
            client.close()
            daemon.wait(0)

        self.assertEqual(self.without_status(daemon), ["READY=1"])

    def test_gets_a_status_with_ready(self):
        with axond.Axond(ECHO) as daemon:
            self.assertEqual(daemon.notified("STATUS=0 connections (0 in all), 2 components, generation 1"), 1)

    def test_is_told_that_a_reload_begins_and_ends(self):
        with axond.Axond(ECHO) as daemon:
            before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
            daemon.reload()
            after = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
            said = self.without_status(daemon)

        self.assertEqual(said[:2] + said[3:], ["READY=1", "RELOADING=1", "READY=1"])
        self.assertRegex(said[2], r"\AMONOTONIC_USEC=\d+\Z")
        self.assertTrue(before <= int(said[2].partition("=")[2]) <= after)

    def test_is_told_the_end_of_a_refused_reload_too(self):
        with axond.Axond(ECHO) as daemon:
            daemon.reload(BAD)

            self.assertEqual(daemon.notified("RELOADING=1"), 1)

    def test_gets_no_ready_from_a_daemon_that_cannot_start(self):
        with socket.create_server(("127.0.0.1", axond.free_port())) as taken:
            daemon = axond.Axond(ECHO, env={"PORT": str(taken.getsockname()[1])})
            daemon.show = lambda: None
            with self.assertRaisesRegex(AssertionError, "ended with status 71"):
                daemon.__enter__()

        self.assertEqual(daemon.notifications, [])

    def test_the_watchdog_is_fed_four_times_in_its_time(self):
        began = time.monotonic()
        with axond.Axond(ECHO, env={"WATCHDOG_USEC": "400000"}) as daemon:
            daemon.wait_notified("WATCHDOG=1", 6)
            self.assertGreater(time.monotonic() - began, 0.59)  # not sooner; tests/test_notify.c: not later

    def test_the_watchdog_of_another_process_is_not_fed(self):
        with axond.Axond(ECHO, env={"WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"}) as daemon:
            for _ in range(100):
                daemon.ask(b"hello")

            self.assertEqual(daemon.notified("WATCHDOG=1"), 0)

    @staticmethod
    def without_status(daemon):
        return [said for said in daemon.notifications
                if said and not said.startswith(("STATUS=", "FDSTORE", "FDNAME="))]


class PassedSockets(axond.TestCase):
    GRAPH = """\
        components:
          web: {type: TCPServer, host: "systemd:web"}
          echo: {type: ProtocolHandler, protocol: EchoProtocol}
        linkages: [web -> echo]
        """

    def test_are_found_by_name(self):
        with socket.create_server(("127.0.0.1", 0)) as mail, socket.create_server(("127.0.0.1", 0)) as web:
            with axond.Axond(self.GRAPH, sockets={"mail": mail, "web": web}) as daemon:
                self.assertEqual(daemon.ask(b"hello", web.getsockname()), b"hello")

    def test_that_share_a_name_are_all_served(self):
        with socket.create_server(("127.0.0.1", 0)) as first, socket.create_server(("127.0.0.1", 0)) as second:
            with axond.Axond(self.GRAPH, sockets=[("web", first), ("web", second)]) as daemon:
                for sock in first, second:
                    self.assertEqual(daemon.ask(b"hello", sock.getsockname()), b"hello")

    def test_stay_open_through_reloads(self):
        with socket.create_server(("127.0.0.1", 0)) as web:
            with axond.Axond(self.GRAPH, sockets={"web": web}) as daemon:
                for times in 2, 3, 4:
                    daemon.signal(signal.SIGHUP)
                    daemon.wait_notified("READY=1", times)
                    self.assertEqual(daemon.ask(b"hello", web.getsockname()), b"hello")

    def test_that_nobody_takes_are_reported(self):
        with socket.create_server(("127.0.0.1", 0)) as mail, socket.create_server(("127.0.0.1", 0)) as web:
            with axond.Axond(self.GRAPH, sockets={"mail": mail, "web": web}) as daemon:
                daemon.wait_line('warning: .*"mail"')
                self.assertNotIn('"web"', daemon.stderr)

    def test_by_an_unknown_name_are_no_start(self):
        with socket.create_server(("127.0.0.1", 0)) as mail:
            daemon = axond.Axond(self.GRAPH, sockets={"mail": mail})
            daemon.show = lambda: None
            with self.assertRaisesRegex(AssertionError, "ended with status 71"):
                daemon.__enter__()

        self.assertRegex(daemon.stderr, 'web: .*"web".*"mail"')

    def test_that_do_not_listen_are_explained(self):
        with socket.socket() as idle:
            daemon = axond.Axond(self.GRAPH, sockets={"web": idle})
            daemon.show = lambda: None
            with self.assertRaisesRegex(AssertionError, "ended with status 71"):
                daemon.__enter__()

        self.assertIn("ListenStream=", daemon.stderr)


class Limits(axond.TestCase):
    def test_more_connections_than_allowed_wait(self):
        with axond.Axond(ECHO + "daemon: {limits: {connections: 2}}\n") as daemon:
            first, second = daemon.connect(), daemon.connect()
            for client in first, second:
                client.sendall(b"hello")
                self.assertEqual(axond.receive(client, 5), b"hello")
            third = daemon.connect()
            third.sendall(b"hello")
            daemon.wait_line("warning server: accepting no more connections for now: .*limits.connections")
            daemon.wait_rest()
            self.assertFalse(axond.has_more(third))
            first.close()
            self.assertEqual(axond.receive(third, 5), b"hello")

    def test_that_connections_are_accepted_again_is_said_once_the_last_that_waited_is(self):
        with axond.Axond(ECHO + "daemon: {limits: {connections: 2}}\n") as daemon:
            clients = [daemon.connect() for _ in range(3)]
            daemon.wait_line("warning server: accepting no more connections for now: .*limits.connections")
            for client in clients[:2]:
                client.close()
            daemon.wait_line("notice server: accepting connections again")
            clients[2].sendall(b"hello")
            self.assertEqual(axond.receive(clients[2], 5), b"hello")

    def test_clients_that_do_not_read_take_no_more_than_buffer_memory(self):
        if axond.SANITIZED:
            self.skipTest("memory is not measured under a sanitizer")
        limit = 8 << 20
        with axond.Axond(ECHO + "daemon: {limits: {buffer_memory: 8MiB}}\n") as daemon:
            self.assertEqual(daemon.ask(b"hello"), b"hello")
            before = daemon.rss()
            clients = [daemon.connect() for _ in range(400)]
            self.push(daemon, clients)
            self.assertLess(daemon.rss() - before, limit + (4 << 20))
            for client in clients:
                client.close()

            self.assertEqual(daemon.ask(b"again" * 100000), b"again" * 100000)

    @staticmethod
    def push(daemon, clients):
        """Sends on all of them until none takes any more, and the daemon rests."""
        rested = False
        while not rested:
            daemon.wait_rest()
            rested = True
            for client in clients:
                client.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    while client.send(b"x" * 65536):
                        rested = False


class Idle(axond.TestCase):
    def test_never_wakes_up(self):
        with axond.Axond(ECHO) as daemon:
            client = daemon.connect()
            client.sendall(b"hello")
            axond.receive(client, 5)

            daemon.wait_rest(2)


axond.main()
