"""Restarts of components, as an operator sees them: real sockets, axonctl, the log.

What fails here is a TCPClient: it has nobody to connect to until the test opens a socket."""

import re
import signal
import socket
import struct
import threading

import axond

GRAPH = """
components:
  server: {type: TCPServer, host: 127.0.0.1, listenport: "${PORT}"}
  echo: {type: ProtocolHandler, protocol: EchoProtocol}
  source: {type: PassThrough}
  client:
    type: TCPClient
    host: 127.0.0.1
    port: ${OTHER}
    restart: {policy: on-failure, delay: 20ms, max_delay: 40ms, %s}
  sink: {type: NullSink}
linkages:
  - server -> echo
  - source -> client -> sink
"""

PROXY = """
components:
  server: {type: TCPServer, host: 127.0.0.1, listenport: "${PORT}"}
  proxy:
    type: ProtocolHandler
    protocol:
      type: TCPClient
      host: 127.0.0.1
      port: ${OTHER}
      restart: {delay: 20ms, max_delay: 40ms, %s}
linkages:
  - server -> proxy
"""

# Its end is to be said by the last, which never begins.
CANNOT_START = """
graphs:
  program:
    components:
      run: {type: UnixProcess, command: [/nowhere/at-all]}
      upper: {type: PureTransformer, function: upper}
    linkages:
      - self -> run -> upper -> self
components:
  server: {type: TCPServer, host: 127.0.0.1, listenport: "${PORT}"}
  program: {type: ProtocolHandler, protocol: program}
linkages:
  - server -> program
"""


class Supervise(axond.TestCase):
    def setUp(self):
        self.other = axond.free_port()

    def start(self, graph):
        daemon = axond.Axond(graph, env={"OTHER": str(self.other)})
        self.enterContext(daemon)
        return daemon

    def backend(self):
        server = socket.create_server(("127.0.0.1", self.other))
        server.settimeout(axond.PATIENCE)
        self.addCleanup(server.close)
        return server

    def accept(self, server):
        sock, _ = server.accept()
        sock.settimeout(axond.PATIENCE)
        self.addCleanup(sock.close)
        return sock

    def show(self, daemon, path):
        return daemon.ctl("show", path, json=True)

    def test_what_fails_is_started_again_until_it_succeeds(self):
        daemon = self.start(GRAPH % "limit: 0")

        daemon.wait_line(r"client: failed: .*Connection refused; restart 3 in \d+ ms")
        daemon.ctl("send", "source.inbox", "kept")
        self.assertEqual(daemon.ask(b"hello"), b"hello")
        sock = self.accept(self.backend())

        self.assertEqual(axond.receive(sock, 4), b"kept")
        axond.wait_for(lambda: self.show(daemon, "client")["state"] == "running")
        self.assertGreater(self.show(daemon, "client")["restarts"], 2)

    def test_restarts_are_in_status_list_show_and_events(self):
        daemon = self.start(GRAPH % "limit: 0")

        with daemon.ctl_stream("events") as events:
            events.wait_line("waiting for events")
            for kind in ("component_failed", "component_restarting", "component_restarted"):
                events.wait_line(f"{kind}  client", "stdout")
        waiting = axond.wait_for(lambda: next(
            (c for c in daemon.ctl("list", "client", json=True)["components"]
             if c["state"] == "restarting"), None))
        shown = axond.wait_for(lambda: next(
            (s for s in [self.show(daemon, "client")] if s["state"] == "restarting"), None))

        self.assertIn("Connection refused", waiting["reason"])
        self.assertGreater(waiting["restarts"], 0)
        self.assertGreaterEqual(waiting["next_restart"], waiting["since"])
        self.assertEqual(shown["restart"], "on-failure, after 20ms to 40ms")
        self.assertIsNone(shown["address"])
        axond.wait_for(lambda: daemon.ctl("status", json=True)["components"]["restarting"] == 1)
        axond.wait_for(lambda: "client: failed: " in daemon.ctl("status"))
        self.assertIn("restart: on-failure, after 20ms to 40ms", daemon.ctl("show", "client"))

    def test_giving_up_leaves_the_others_alone(self):
        backend = self.backend()
        daemon = self.start(GRAPH % "limit: 2, within: 5min")
        far = self.accept(backend)

        with daemon.ctl_stream("events") as events:
            events.wait_line("waiting for events")
            backend.close()
            far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            far.close()  # a reset: it has failed
            events.wait_line("component_gave_up  client: gave up after 2 restarts", "stdout")
        daemon.wait_line("client: gave up after 2 restarts in 300 s: .*Connection refused")
        status = daemon.ctl("status", json=True)

        self.assertEqual(status["components"]["failed"], 1)
        self.assertTrue(any(w.startswith("client: gave up after 2 restarts") for w in daemon.warnings()))
        self.assertEqual(daemon.ask(b"hello"), b"hello")
        self.assertIn("client has failed and has no linkages any more",
                      daemon.ctl("restart", "client", expect=1))

    def test_one_connections_restart_is_its_own(self):
        daemon = self.start(PROXY % "limit: 0")
        sock = daemon.connect()

        sock.sendall(b"hello")
        daemon.wait_line(r"proxy/1 .*: failed: .*; restart 2 in \d+ ms")
        far = self.accept(self.backend())
        self.assertEqual(axond.receive(far, 5), b"hello")
        far.sendall(b"back")

        self.assertEqual(axond.receive(sock, 4), b"back")

    def test_a_connection_whose_component_gives_up_is_ended_and_no_other(self):
        daemon = self.start(PROXY % "limit: 1")
        backend = self.backend()
        good = daemon.connect()
        far = self.accept(backend)
        backend.close()

        bad = daemon.connect()
        self.assertEqual(axond.receive_all(bad), b"")

        good.sendall(b"hello")
        self.assertEqual(axond.receive(far, 5), b"hello")

    def test_a_server_is_restarted_by_hand_at_its_address(self):
        daemon = self.start(GRAPH % "limit: 0")
        sock = daemon.connect()
        sock.sendall(b"hello")
        axond.receive(sock, 5)

        self.assertEqual(daemon.ctl("restart", "server"), "")

        self.assertEqual(axond.receive_all(sock), b"")
        self.assertEqual(daemon.ask(b"again"), b"again")
        self.assertEqual(self.show(daemon, "server")["restarts"], 1)
        self.assertIn("server: restarted 1 time, the last ", daemon.ctl("status"))
        daemon.wait_line("server: restarted")

    def test_a_protocol_handler_that_is_restarted_leaves_no_client_without_a_protocol(self):
        daemon = self.start(GRAPH % "limit: 0")
        sock = daemon.connect()
        sock.sendall(b"hello")
        axond.receive(sock, 5)

        self.assertEqual(daemon.ctl("restart", "echo"), "")

        self.assertEqual(axond.receive_all(sock), b"")
        axond.wait_for(lambda: daemon.ctl("status", json=True)["connections"]["now"] == 0)
        self.assertEqual(daemon.ask(b"again"), b"again")

    def test_a_protocol_that_cannot_start_closes_its_connection(self):
        daemon = self.start(CANNOT_START)
        sock = daemon.connect()

        self.assertEqual(axond.receive_all(sock), b"")

        axond.wait_for(lambda: daemon.ctl("status", json=True)["connections"]["now"] == 0)
        daemon.wait_line("could not run /nowhere/at-all: No such file")

    def test_what_is_of_no_file_is_not_restarted_by_hand(self):
        daemon = self.start(GRAPH % "limit: 0")
        sock = daemon.connect()
        sock.sendall(b"hello")
        axond.receive(sock, 5)

        self.assertIn("server/1 is of no graph file", daemon.ctl("restart", "server/1", expect=1))
        self.assertEqual(daemon.ctl("restart", "echo/1"), "")

        sock.sendall(b"again")
        self.assertEqual(axond.receive(sock, 5), b"again")

    def test_one_that_waits_can_be_stopped(self):
        daemon = self.start(GRAPH % "limit: 0")
        axond.wait_for(lambda: self.show(daemon, "client")["state"] == "restarting")

        self.assertEqual(daemon.ctl("stop", "client"), "")

        self.assertEqual(self.show(daemon, "client")["state"], "stopped")
        axond.wait_for(lambda: self.show(daemon, "sink")["state"] == "stopped")

    def test_who_cannot_start_with_the_daemon_ends_it_whatever_the_policy(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            run = axond.axond(self.write("components:\n  server: {type: TCPServer, host: 127.0.0.1, "
                                         f"listenport: {port}, restart: always}}\n"))

        self.assertEqual(run.returncode, axond.EXIT_CANNOT_START)
        self.assertIn("Address already in use", run.stderr)

    def test_what_holds_the_loop_is_said_and_counted(self):
        daemon = self.start("components: {one: {type: PassThrough}, other: {type: PassThrough}}\n"
                            "linkages: [one.outbox -> other.inbox, other.outbox -> one.inbox]\n")
        before = daemon.ctl("status", json=True)["held"]["times"]
        daemon.ctl("send", "one.inbox", "round and round")  # hardly ever is the loop between two turns

        def is_held_and_noticed():
            daemon.signal(signal.SIGSTOP)
            threading.Event().wait(0.15)
            daemon.signal(signal.SIGCONT)
            return re.search(r"warning.*: (the loop was )?held (the loop )?for \d+ ms", daemon.stderr)

        axond.wait_for(is_held_and_noticed, "a warning")
        held = daemon.ctl("status", json=True)["held"]
        self.assertEqual(held["limit"], 0.1)
        self.assertGreater(held["times"], before)
        self.assertGreater(held["longest"], 0.1)
        self.assertRegex(daemon.ctl("status"), r"loop +held for more than 100 ?ms \d+ times?, for up to ")

    def write(self, text):
        path = self.directory() / "graph.yaml"
        path.write_text(text)
        return str(path)

    def test_a_graph_that_drains_does_not_wait_for_a_restart(self):
        daemon = self.start(GRAPH.replace("20ms", "1h").replace("40ms", "1h") % "limit: 0")
        daemon.wait_line(r"client: failed: .*; restart 1 in \d+ s")

        daemon.stop()  # told once


axond.main()
