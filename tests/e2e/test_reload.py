"""A new graph in the place of the running one: all of it, or nothing, and nobody is refused."""

import os
import signal
import socket
import threading

import axond
from graphs import ECHO

SHOUT = """\
graphs:
  shout:
    components:
      lines: {type: LineFramer}
      upper: {type: PureTransformer, function: upper}
    linkages:
      - self -> lines -> upper -> self
""" + ECHO.replace("EchoProtocol", "shout")
TWO = """\
components:
  server: {type: TCPServer, host: 127.0.0.1, listenport: "${PORT}"}
  second: {type: TCPServer, host: 127.0.0.1, listenport: %d}
  echo: {type: ProtocolHandler, protocol: EchoProtocol}
linkages:
  - server -> echo
  - second -> echo
"""


class Knocking:
    """Clients that come one after another, as fast as they can, and must all be answered.

    Leaving the "with" fails with what went wrong first.
    """

    def __init__(self, address):
        self.address = address
        self.answered = 0
        self.problem = None
        self._goes_on = True
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        self.wait_answered(1)
        return self

    def __exit__(self, *failure):
        self._goes_on = False
        self._thread.join()
        if self.problem is not None and failure[0] is None:
            raise AssertionError(f"after {self.answered} answers: {self.problem!r}")

    def _run(self):
        try:
            while self._goes_on:
                answer = axond.ask(self.address, b"knock\n")
                if answer.lower() != b"knock\n":
                    raise AssertionError(f"answered {answer!r}")
                self.answered += 1
        except Exception as problem:
            self.problem = problem

    def wait_answered(self, more):
        goal = self.answered + more
        axond.wait_for(lambda: self.answered >= goal or self.problem is not None, "clients to be answered")


class Reload(axond.TestCase):
    def test_takes_the_new_graph_for_new_connections_and_the_old_for_old_ones(self):
        with axond.Axond(ECHO) as daemon:
            old = daemon.connect()
            self.greet(old)
            daemon.reload(SHOUT)
            self.greet(old)
            new = daemon.connect()
            self.greet(new, b"hello\n", b"HELLO\n")
            self.greet(old)

            self.assertIn("generation 2", daemon.stderr)

    def test_the_old_graph_goes_with_its_last_connection(self):
        with axond.Axond(ECHO) as daemon:
            old = daemon.connect()
            self.greet(old)
            daemon.reload(SHOUT)
            self.assertNotIn("earlier graph", daemon.stderr)
            old.close()
            daemon.wait_line("the last connection of an earlier graph has ended")

            self.assertEqual(daemon.ask(b"hello\n"), b"HELLO\n")

    def test_a_connection_keeps_what_was_on_its_way(self):
        data = os.urandom(8 << 20)
        with axond.Axond(ECHO) as daemon:
            client = daemon.connect()
            sender = threading.Thread(target=lambda: (client.sendall(data), client.shutdown(socket.SHUT_WR)))
            sender.start()
            got = axond.receive(client, 1 << 20)
            daemon.reload(SHOUT)
            got += axond.receive_all(client)
            sender.join()

        self.assertTrue(got == data)

    def test_refuses_nobody(self):
        with axond.Axond(ECHO) as daemon:
            with Knocking(daemon.port) as first, Knocking(daemon.port) as second:
                for graph in [SHOUT, ECHO] * 10:
                    daemon.reload(graph)
                    first.wait_answered(1)
                    second.wait_answered(1)

    def test_refuses_nobody_on_a_unix_socket(self):
        path = self.directory() / "echo.sock"
        graph = ECHO.replace('host: 127.0.0.1, listenport: "${PORT}"', f"host: 'unix:{path}'")
        with axond.Axond(graph) as daemon:
            with Knocking(path) as clients:
                for _ in range(10):
                    daemon.reload()
                    clients.wait_answered(1)

        self.assertFalse(path.exists())

    def test_an_added_server_starts_and_a_removed_one_drains(self):
        second = axond.free_port()
        with axond.Axond(ECHO) as daemon:
            daemon.reload(TWO % second)
            staying = daemon.connect(second)
            self.greet(staying)
            self.greet(daemon.connect())
            daemon.reload(ECHO)
            with self.assertRaises(ConnectionRefusedError):
                axond.connect(second)
            self.greet(staying)
            self.greet(daemon.connect())
            staying.shutdown(socket.SHUT_WR)
            self.assertEqual(axond.receive_all(staying), b"")

    def test_a_server_can_move_to_another_port(self):
        second = axond.free_port()
        with axond.Axond(ECHO) as daemon:
            old = daemon.connect()
            self.greet(old)
            daemon.reload(ECHO.replace("${PORT}", str(second)))
            with self.assertRaises(ConnectionRefusedError):
                axond.connect(daemon.port)
            self.greet(daemon.connect(second))
            self.greet(old)

    def test_whoever_had_connected_to_a_removed_server_is_still_served(self):
        second = axond.free_port()
        for _ in range(5):  # what the daemon sees first is chance
            with axond.Axond(TWO % second) as daemon:
                daemon.signal(signal.SIGSTOP)
                waiting = [daemon.connect(second) for _ in range(5)]  # in the backlog
                daemon.write(ECHO)
                daemon.signal(signal.SIGHUP)
                daemon.signal(signal.SIGCONT)
                daemon.wait_notified("READY=1", 2)

                for client in waiting:
                    self.greet(client)

    def test_takes_new_settings(self):
        with axond.Axond(ECHO) as daemon:
            self.assertNotIn(" debug ", daemon.stderr)
            daemon.reload(ECHO + "daemon: {log_level: debug, drain_timeout: 0}\n")
            client = daemon.connect()
            self.greet(client)
            daemon.signal(signal.SIGTERM)
            daemon.wait(0)

            self.assertIn(" debug ", daemon.stderr)

    def test_can_follow_a_graph_that_has_ended_while_earlier_connections_go_on(self):
        finite = "components:\n  source: {type: DataSource, messages: [x]}\n" \
                 "  sink: {type: NullSink}\nlinkages: [source -> sink]\n"
        with axond.Axond(ECHO) as daemon:
            client = daemon.connect()
            self.greet(client)
            daemon.reload(finite)
            daemon.wait_line("every component has ended")
            daemon.reload(SHOUT)
            self.assertEqual(daemon.ask(b"hello\n"), b"HELLO\n")
            self.greet(client)
            daemon.reload(finite)
            axond.wait_for(lambda: daemon.stderr.count("every component has ended") == 2)
            daemon.write(ECHO)
            self.assertEqual(daemon.ctl("reload"), "+ server\n+ echo\n- source\n- sink\ngeneration 5: "
                             "2 added, 2 removed, 0 changed, 0 unchanged\n")
            self.assertEqual(daemon.ask(b"hello\n"), b"hello\n")

    def test_while_draining_is_refused(self):
        with axond.Axond(ECHO + "daemon: {drain_timeout: 10min}\n") as daemon:
            client = daemon.connect()
            self.greet(client)
            daemon.signal(signal.SIGTERM)
            daemon.wait_line("draining")
            daemon.signal(signal.SIGHUP)
            daemon.wait_line("warning: no reload")
            self.greet(client)
            self.assertEqual(daemon.notified("RELOADING=1"), 0)
            client.close()
            daemon.wait()


class Refused(axond.TestCase):
    """A reload that cannot be: everything stays."""

    def refused(self, graph, reason, address=None):
        with axond.Axond(ECHO) as daemon:
            old = daemon.connect()
            self.greet(old)
            before = daemon.fds_at_rest()
            with Knocking(daemon.port) as clients:
                daemon.reload(graph)
                clients.wait_answered(3)
            daemon.wait_line(f"error: reload refused, the old graph runs on: .*{reason}")
            self.greet(old)
            axond.wait_for(lambda: daemon.fds() == before, "no descriptor more than before")
            daemon.reload(SHOUT)
            self.assertEqual(daemon.ask(b"hello\n"), b"HELLO\n")
            self.greet(old)
            return daemon

    def test_a_file_that_is_no_yaml(self):
        self.refused("components: [\n", r"1 error: .*graph\.yaml:\d+:\d+: ")

    def test_a_graph_with_mistakes(self):
        daemon = self.refused(ECHO.replace("listenport", "listenprot").replace("EchoProtocol", "EkoProtocol"),
                              r"2 errors, the first: .*graph\.yaml:2:\d+: TCPServer has no parameter")

        self.assertRegex(daemon.stderr, r'error: .*graph\.yaml:3:\d+: .*"EkoProtocol"')

    def test_a_graph_with_warnings_before_its_mistake(self):
        self.refused("components:\n  alone: {type: PassThrough}\n  other: {type: Nonsense}\n",
                     r'1 error: .*graph\.yaml:3:\d+: .*"Nonsense"')

    def test_a_port_in_use_by_another(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            self.refused(TWO % port, f"second: could not listen on 127.0.0.1:{port}: Address already in use")

    def test_an_address_that_overlaps_with_the_running_one(self):
        everywhere = ECHO.replace("host: 127.0.0.1, ", "")
        with axond.Axond(everywhere) as daemon:
            daemon.reload(ECHO)
            daemon.wait_line(rf"could not listen on 127.0.0.1:{daemon.port}: Address already in use, "
                             rf"by axond itself at \*:{daemon.port}: .* a restart can$")

            self.assertEqual(daemon.ask(b"hello"), b"hello")

    def test_a_server_at_the_same_address_that_cannot_start_either(self):
        self.refused(ECHO.replace("listenport:", "socketOptions: [[IPPROTO_IP, IP_TTL, 999]], listenport:"),
                     "server: could not set IP_TTL on 127.0.0.1:[0-9]+: Invalid argument")

    def test_a_missing_directory_for_a_unix_socket(self):
        self.refused(TWO.replace("host: 127.0.0.1, listenport: %d", "host: 'unix:/nonexistent/echo.sock'"),
                     "second: could not listen on unix:/nonexistent/echo.sock: No such file or directory")

    def test_a_unix_socket_of_a_running_server_stays(self):
        path = self.directory() / "echo.sock"
        graph = ECHO.replace('host: 127.0.0.1, listenport: "${PORT}"', f"host: 'unix:{path}'")
        failing = graph.replace("components:\n", "components:\n  other: {type: TCPServer, host: 192.0.2.1, "
                                                 "listenport: 80}\n") + "  - other -> echo\n"
        with axond.Axond(graph) as daemon:
            for _ in range(3):
                daemon.reload(failing)
                self.assertEqual(axond.ask(path, b"hello"), b"hello")

    def test_a_file_that_has_gone(self):
        with axond.Axond(ECHO) as daemon:
            daemon.graph_path.unlink()
            daemon.reload()
            daemon.wait_line("reload refused, .*graph.yaml: .*No such file or directory")

            self.assertEqual(daemon.ask(b"hello"), b"hello")


axond.main()
