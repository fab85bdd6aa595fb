"""SingleServer: one client at a time, its stream on the server's own boxes."""

import contextlib
import socket
import struct

import axond

GRAPH = """
components:
  server: {type: %s, host: 127.0.0.1, port: "${PORT}", linger: 200ms%s}
  echo: {type: EchoProtocol}
linkages:
  - server -> echo -> server
"""

SAYING = """
components:
  server: {type: SingleServer, host: 127.0.0.1, port: "${PORT}"}
  words: {type: DataSource, messages: [all, " of ", it]}
  sink: {type: NullSink}
linkages:
  - words.outbox -> server.inbox
  - server -> sink
"""


class SingleServer(axond.TestCase):
    def server(self, more="", kind="SingleServer"):
        return axond.Axond(GRAPH % (kind, more))

    def talk(self, sock, data):
        sock.sendall(data)
        self.assertEqual(axond.receive(sock, len(data)), data)

    def statistic(self, daemon, name, path="server/client"):
        values = daemon.ctl("show", path, json=True)["statistics"]
        return next(value["value"] for value in values if value["name"] == name)

    def reset(self, sock):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()


class Clients(SingleServer):
    def test_serves_one_after_the_other(self):
        for kind in ("SingleServer", "FastRestartSingleServer"):
            with self.server(kind=kind) as daemon:
                for word in (b"one", b"two", b"three"):
                    with daemon.connect_answered() as sock:
                        self.talk(sock, word)
                self.assertEqual(daemon.ctl("show", "echo", json=True)["state"], "running")

    def test_closes_further_clients_at_once_and_counts_them(self):
        with self.server() as daemon:
            sock = daemon.connect()
            self.talk(sock, b"first")
            for _ in range(3):
                with axond.connect(daemon.port) as other:
                    self.assertEqual(axond.receive_all(other), b"")
            self.talk(sock, b"still here")
            self.assertEqual(self.statistic(daemon, "refused"), 3)
            self.assertEqual(self.statistic(daemon, "handled"), 1)

    def test_further_clients_wait_where_one_connection_is_all_that_is_allowed(self):
        with self.server(", max_connections: 1") as daemon:
            first = daemon.connect()
            self.talk(first, b"first")
            second = daemon.connect()
            second.sendall(b"second")
            self.talk(first, b"again")
            first.close()
            self.assertEqual(axond.receive(second, 6), b"second")
            self.assertEqual(self.statistic(daemon, "refused"), 0)

    def test_a_client_that_has_finished_sending_gets_the_whole_of_its_answer(self):
        data = bytes(range(256)) * 20000
        with self.server() as daemon:
            self.assertTrue(daemon.ask(data) == data)
            daemon.connect_answered().close()

    def test_a_reset_makes_room_for_the_next(self):
        with self.server() as daemon:
            before = daemon.fds()
            for _ in range(5):
                self.reset(daemon.connect_answered())
            axond.wait_for(lambda: daemon.fds() == before, "every connection to be closed")

    def test_a_client_that_does_not_read_makes_the_graph_wait_and_nothing_grow(self):
        with self.server() as daemon:
            sock = daemon.connect_answered()
            daemon.fill(sock)
            before = daemon.rss()
            self.reset(sock)
            if not axond.SANITIZED:
                self.assertLess(before, 64 << 20)
            other = daemon.connect_answered()
            other.close()

    def test_idle_timeout_makes_room_for_the_next(self):
        with self.server(", idle_timeout: 300ms") as daemon:
            forgotten = daemon.connect_answered()
            self.assertEqual(axond.receive_all(forgotten), b"")
            daemon.connect_answered().close()
            self.assertGreaterEqual(self.statistic(daemon, "timed_out", "server/server"), 1)

    def test_each_half_may_be_restarted_by_hand_and_serves_whoever_comes_next(self):
        for half in ("server/server", "server/client"):
            with self.server() as daemon:
                sock = daemon.connect()
                self.talk(sock, b"before")

                self.assertEqual(daemon.ctl("restart", half), "")

                with contextlib.suppress(ConnectionResetError):
                    self.assertEqual(axond.receive_all(sock), b"")
                self.talk(daemon.connect(), b"after")


class Ends(SingleServer):
    def test_sigterm_lets_the_client_finish(self):
        with axond.Axond(GRAPH % ("SingleServer", "") + "daemon: {drain_timeout: 10min}\n") as daemon:
            sock = daemon.connect()
            self.talk(sock, b"x")
            daemon.signal(axond.signal.SIGTERM)
            daemon.wait_line("draining")
            self.talk(sock, b"still served")
            sock.close()
            daemon.wait()

    def test_producer_finished_writes_the_rest_and_closes(self):
        with axond.Axond(SAYING) as daemon:
            sock = daemon.connect()
            self.assertEqual(axond.receive(sock, 9), b"all of it")  # said before anybody was there
            daemon.ctl("send", "server.control", "--notice", "producerFinished")
            self.assertEqual(axond.receive_all(sock), b"")
            sock.close()
            daemon.wait()  # every component has ended

    def test_stop_ends_all_at_once(self):
        with self.server() as daemon:
            sock = daemon.connect()
            self.talk(sock, b"x")
            daemon.ctl("stop", "server")
            self.assertEqual(axond.receive_all(sock), b"")
            daemon.wait()  # its signal has ended the echo, too


axond.main()
