#!/usr/bin/env python3
"""A new process of axond in the place of one that runs: SIGUSR2, and nobody is refused."""

import contextlib
import os
import pathlib
import signal
import socket
import threading

import axond
from backend import Backend, echo, full_listener

ECHO = """
components:
  server: {type: TCPServer, host: 127.0.0.1, listenport: "${PORT}"}
  local: {type: TCPServer, host: "unix:${SOCKET}"}
  echo: {type: ProtocolHandler, protocol: EchoProtocol}
  echoes: {type: ProtocolHandler, protocol: EchoProtocol}
linkages:
  - server -> echo
  - local -> echoes
"""


class Asking:
    """Connects, asks and is answered, again and again, until it ends; what went wrong is in trouble."""

    def __init__(self, *addresses):
        self.trouble, self.asked = [], dict.fromkeys(addresses, 0)
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=[address]) for address in addresses]

    def _ask(self, address):
        try:
            while not self._over.is_set():
                if axond.ask(address, b"hello") != b"hello":
                    raise AssertionError(f"{address} did not answer")
                self.asked[address] += 1
        except (AssertionError, OSError) as error:
            self.trouble.append(error)

    def wait_more(self):
        """Waits until each has been asked once more, from its connect on."""
        before = dict(self.asked)
        axond.wait_for(lambda: self.trouble or all(self.asked[a] > before[a] + 1 for a in before), "more answers")

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join()


class TestCase(axond.TestCase):
    @contextlib.contextmanager
    def daemon(self, graph, **more):
        """axond, which ends when its last process has."""
        with axond.Axond(graph, **more) as daemon:
            self.pids = [daemon.pid]
            self.addCleanup(self.end)
            yield daemon
            daemon.hang_up()
            self.end()
            daemon.wait()

    def end(self, number=signal.SIGTERM):
        for pid in self.pids[-1:] if number == signal.SIGTERM else self.pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def is_alive(self, daemon, pid):
        if pid == daemon.pid:
            return daemon.running
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        return False

    def upgrade(self, daemon):
        """SIGUSR2; returns when another process is the daemon."""
        ready = daemon.notified("READY=1")
        os.kill(self.pids[-1], signal.SIGUSR2)
        axond.wait_for(lambda: daemon.notified("READY=1") > ready, "another process")
        self.pids.append(daemon.ctl("status", json=True)["pid"])
        self.assertNotIn(self.pids[-1], self.pids[:-1])

    def wait_gone(self, daemon, pid):
        axond.wait_for(lambda: not self.is_alive(daemon, pid), "the earlier process to end")


class Upgrade(TestCase):
    def test_refuses_nobody(self):
        path = self.directory() / "echo.sock"
        with self.daemon(ECHO, env={"SOCKET": str(path)}) as daemon:
            with Asking(daemon.port, str(path)) as asking:
                for _ in range(5):
                    asking.wait_more()
                    self.upgrade(daemon)
                    self.wait_gone(daemon, self.pids[-2])
                asking.wait_more()

            self.assertEqual(asking.trouble, [])

    def test_tells_the_manager_which_process_it_is_before_that_speaks(self):
        path = self.directory() / "echo.sock"
        with self.daemon(ECHO, env={"SOCKET": str(path)}) as daemon:
            self.upgrade(daemon)

            told = daemon.notifications
            main = told.index(f"MAINPID={self.pids[-1]}")
            self.assertGreater(len(told) - 1 - told[::-1].index("READY=1"), main)
            self.assertEqual(told[:main].count("READY=1"), 1)

    def test_leaves_connections_to_the_process_that_has_them(self):
        path = self.directory() / "echo.sock"
        with self.daemon(ECHO, env={"SOCKET": str(path)}) as daemon:
            client = daemon.connect()
            client.sendall(b"before")
            self.assertEqual(client.recv(6, socket.MSG_WAITALL), b"before")
            self.upgrade(daemon)
            client.sendall(b"after")
            self.assertEqual(client.recv(5, socket.MSG_WAITALL), b"after")
            self.assertTrue(self.is_alive(daemon, self.pids[0]))
            client.close()

            self.wait_gone(daemon, self.pids[0])

    def test_never_leaves_the_control_socket_without_a_listener(self):
        path = self.directory() / "echo.sock"
        with self.daemon(ECHO, env={"SOCKET": str(path)}) as daemon:
            over, trouble = threading.Event(), []

            def call():
                while not over.is_set():
                    try:
                        client = axond.connect(str(daemon.control))
                    except OSError as error:
                        trouble.append(error)
                        return
                    with client, contextlib.suppress(OSError):  # the one that was asked may have ended
                        client.sendall(b'{"method":"org.varlink.service.GetInfo"}\0')
                        client.recv(1 << 16)

            thread = threading.Thread(target=call)
            thread.start()
            for _ in range(3):
                self.upgrade(daemon)
                self.wait_gone(daemon, self.pids[-2])
            over.set()
            thread.join()

            self.assertEqual(trouble, [])
            self.end()
            axond.wait_for(lambda: not daemon.control.exists(), "its end, and the socket's")
            self.assertFalse(path.exists())

    def test_runs_what_the_file_says_now(self):
        path = self.directory() / "echo.sock"
        with self.daemon(ECHO, env={"SOCKET": str(path)}) as daemon:
            other = axond.free_port()
            daemon.write(ECHO.replace('"${PORT}"', str(other)))
            self.upgrade(daemon)
            self.wait_gone(daemon, self.pids[0])

            self.assertEqual(daemon.ask(b"hello", other), b"hello")
            with self.assertRaises(ConnectionRefusedError):
                daemon.ask(b"hello")


def handing(protocol, more=""):
    return f"""
daemon: {{drain_timeout: 10min}}
components:
  server: {{type: TCPServer, host: 127.0.0.1, listenport: "${{PORT}}"}}
  handler:
    type: ProtocolHandler
    handover: true
    protocol: {protocol}
{more}linkages:
  - server -> handler
"""


PROXY = "{type: TCPClient, host: 127.0.0.1, port: \"${BACKEND}\"}"


class HandingOver(TestCase):
    def upgrade(self, daemon):
        """Also waits until the process before is gone: it has no connection left."""
        super().upgrade(daemon)
        self.wait_gone(daemon, self.pids[-2])

    def answer(self, client, data):
        client.sendall(data)
        self.assertEqual(client.recv(len(data), socket.MSG_WAITALL), data)

    def transfer(self, graph, more):
        """Bulk, which pipes move, in both directions at once; "more" are run one after the other meanwhile."""
        size, block = 96 << 20, os.urandom(1 << 20)
        with socket.create_server(("127.0.0.1", 0)) as backend:
            with self.daemon(graph, env={"BACKEND": str(backend.getsockname()[1])}) as daemon:
                client = daemon.connect()
                server, _ = backend.accept()
                server.settimeout(axond.PATIENCE)
                progress, trouble = {}, []

                def send(sock):
                    for _ in range(size // len(block)):
                        sock.sendall(block)

                stop = size // 4

                def receive(sock, name):
                    progress[name] = 0
                    while progress[name] < size:
                        want = progress[name] % len(block)
                        got = sock.recv(min(1 << 18, len(block) - want))
                        if not got or got != block[want:want + len(got)]:
                            trouble.append(f"{name} at {progress[name]}")
                            return
                        progress[name] += len(got)
                        axond.wait_for(lambda: progress[name] <= stop, "the end of an upgrade")

                threads = [threading.Thread(target=send, args=[sock]) for sock in (client, server)]
                threads += [threading.Thread(target=receive, args=pair)
                            for pair in ((client, "down"), (server, "up"))]
                for thread in threads:
                    thread.start()
                for graph in more:
                    daemon.write(graph)
                    axond.wait_for(lambda: trouble or all(progress.get(n, 0) > stop for n in ("up", "down")),
                                   "a part of it")
                    self.upgrade(daemon)
                    stop += size // 4
                stop = size
                for thread in threads:
                    thread.join(axond.PATIENCE)

                self.assertEqual(trouble, [])
                self.assertEqual(progress, {"up": size, "down": size})
                client.shutdown(socket.SHUT_WR)
                self.assertEqual(server.recv(1), b"")
                server.close()
                self.assertEqual(client.recv(1), b"")


class Handover(HandingOver):
    """With "handover: true" connections go on in the new process."""

    def test_connections_survive_many_upgrades(self):
        with self.daemon(handing("EchoProtocol")) as daemon:
            clients = [daemon.connect() for _ in range(50)]
            for client in clients:
                self.answer(client, b"before")
            for _ in range(3):
                self.upgrade(daemon)
                for number, client in enumerate(clients):
                    self.answer(client, b"after %d" % number)

            self.assertEqual(daemon.ctl("status", json=True)["connections"]["now"], 50)
            for client in clients:
                client.shutdown(socket.SHUT_WR)
                self.assertEqual(client.recv(1), b"")
            axond.wait_for(lambda: daemon.ctl("status", json=True)["connections"]["now"] == 0, "their end")

    def test_what_waits_goes_along(self):
        """The client reads nothing: all boxes on the way are full."""
        with self.daemon(handing("{type: Pipeline, components: [{type: PassThrough}, {type: EchoProtocol}]}")) as daemon:
            client = daemon.connect()
            data = os.urandom(1 << 20) * 256
            sent = daemon.fill(client, data)
            self.upgrade(daemon)
            got = bytearray()
            while len(got) < sent:
                got += client.recv(1 << 20)

            self.assertTrue(got == data[:sent])
            self.answer(client, b"and more")

    def test_half_a_line_goes_along(self):
        protocol = "{type: Pipeline, components: [{type: LineFramer}, {type: PureTransformer, function: upper}]}"
        with self.daemon(handing(protocol)) as daemon:
            client = daemon.connect()
            client.sendall(b"one\ntw")
            self.assertEqual(client.recv(4, socket.MSG_WAITALL), b"ONE\n")
            daemon.wait_rest()
            self.upgrade(daemon)
            client.sendall(b"o\n")

            self.assertEqual(client.recv(4, socket.MSG_WAITALL), b"TWO\n")

    def test_a_long_transfer_through_a_proxy_runs_on(self):
        self.transfer(handing(PROXY), 3 * [handing(PROXY)])

    def test_what_is_published_reaches_who_subscribed_before(self):
        protocol = "{type: Graphline, components: {from: {type: SubscribeTo, source: chat}, " \
                   "to: {type: PublishTo, destination: chat}}, " \
                   "linkages: [self.inbox -> to.inbox, from.outbox -> self.outbox]}"
        with self.daemon(handing(protocol, "  chat: {type: Backplane, name: chat}\n")) as daemon:
            clients = [daemon.connect() for _ in range(3)]
            for client in clients:  # each hears itself, once it has joined
                self.answer(client, b"x")
            daemon.wait_rest()
            for client in clients:
                client.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    client.recv(100)
                client.settimeout(axond.PATIENCE)
            self.upgrade(daemon)
            clients[0].sendall(b"hello")

            for client in clients:
                self.assertEqual(client.recv(5, socket.MSG_WAITALL), b"hello")

    @contextlib.contextmanager
    def proxied(self):
        """A client and the server behind the proxy, connected to each other."""
        with socket.create_server(("127.0.0.1", 0)) as backend:
            with self.daemon(handing(PROXY), env={"BACKEND": str(backend.getsockname()[1])}) as daemon:
                client = daemon.connect()
                server, _ = backend.accept()
                server.settimeout(axond.PATIENCE)
                with client, server:
                    yield daemon, client, server

    def wait_idle(self, daemon):
        """Until no connection is left, of the process that there is now."""
        axond.wait_for(lambda: daemon.ctl("status", json=True)["connections"]["now"] == 0, "its end")

    def test_a_client_that_has_finished_gets_its_answer(self):
        with self.proxied() as (daemon, client, server):
            client.sendall(b"question")
            client.shutdown(socket.SHUT_WR)
            self.assertEqual(server.recv(100, socket.MSG_WAITALL), b"question")
            for _ in range(2):
                self.upgrade(daemon)
                server.sendall(b"answer ")
                self.assertEqual(client.recv(7, socket.MSG_WAITALL), b"answer ")
            server.sendall(b"end")
            server.close()

            self.assertEqual(client.recv(100, socket.MSG_WAITALL), b"end")
            self.wait_idle(daemon)

    def test_a_server_that_has_finished_hears_the_client_out(self):
        with self.proxied() as (daemon, client, server):
            server.sendall(b"greeting")
            server.shutdown(socket.SHUT_WR)
            self.assertEqual(client.recv(100, socket.MSG_WAITALL), b"greeting")
            for _ in range(2):
                self.upgrade(daemon)
                client.sendall(b"more ")
                self.assertEqual(server.recv(5, socket.MSG_WAITALL), b"more ")
            client.sendall(b"end")
            client.close()

            self.assertEqual(server.recv(100, socket.MSG_WAITALL), b"end")
            self.wait_idle(daemon)

    def test_an_end_waits_behind_what_comes_before_it(self):
        """The client has finished, but the server is slow: the end is still on its way through."""
        with self.proxied() as (daemon, client, server):
            data = os.urandom(1 << 20) * 256
            sent = daemon.fill(client, data)
            client.shutdown(socket.SHUT_WR)
            self.upgrade(daemon)
            got = bytearray()
            while more := server.recv(1 << 20):
                got += more

            self.assertTrue(got == data[:sent])
            server.sendall(b"thanks")
            server.close()
            self.assertEqual(client.recv(100, socket.MSG_WAITALL), b"thanks")
            self.wait_idle(daemon)

    def test_a_client_that_still_dials_dials_again(self):
        """Nobody is there to answer before the upgrade."""
        protocol = PROXY.replace('}"}', '}", reconnect: true, reconnect_min: 100ms, reconnect_max: 100ms}')
        port = axond.free_port()
        with self.daemon(handing(protocol), env={"BACKEND": str(port)}) as daemon:
            client = daemon.connect()
            client.sendall(b"early")
            daemon.wait_line("trying again")
            self.upgrade(daemon)
            with socket.create_server(("127.0.0.1", port)) as backend:
                server, _ = backend.accept()
            server.settimeout(axond.PATIENCE)

            self.assertEqual(server.recv(5, socket.MSG_WAITALL), b"early")
            server.sendall(b"welcome")
            self.assertEqual(client.recv(7, socket.MSG_WAITALL), b"welcome")
            server.close()
            client.close()

    def test_an_attempt_under_way_is_made_again(self):
        listener, fillers = full_listener()
        protocol = PROXY.replace('}"}', '}", connect_timeout: 10min}')
        with self.daemon(handing(protocol), env={"BACKEND": str(listener.getsockname()[1])}) as daemon:
            client = daemon.connect()
            client.sendall(b"early")
            axond.wait_for(lambda: "connecting to" in daemon.ctl("show", "handler/1"), "it to dial")
            self.upgrade(daemon)
            self.assertIn("connecting to", daemon.ctl("show", "handler/1"))
            for filler in fillers:
                filler.close()
            listener.listen(100)
            listener.settimeout(axond.PATIENCE)
            got = b""
            while got != b"early":
                server, _ = listener.accept()
                server.settimeout(axond.PATIENCE)
                self.addCleanup(server.close)
                with contextlib.suppress(ConnectionError):
                    got = server.recv(5, socket.MSG_WAITALL)
            server.sendall(b"welcome")

            self.assertEqual(client.recv(7, socket.MSG_WAITALL), b"welcome")
            server.close()
            client.close()
        listener.close()

    def test_what_has_ended_in_part_ends_where_it_was(self):
        """The first half of the protocol has; the other waits for the client to read."""
        many, text = 500, "x" * (1 << 16)
        protocol = "{type: Pipeline, components: [{type: LineFramer}, " \
                   f"{{type: PureTransformer, function: prefix, text: {text}}}]}}"
        with self.daemon(handing(protocol), args=["-l", "debug"]) as daemon:
            client = daemon.connect()
            client.sendall(b"\n" * many)
            client.shutdown(socket.SHUT_WR)
            axond.wait_for(lambda: "stopped" in daemon.ctl("show", "handler/1/lineframer"), "the first half to end")
            TestCase.upgrade(self, daemon)
            daemon.wait_line("this connection is not handed over: a part of it has ended")
            self.assertTrue(self.is_alive(daemon, self.pids[0]))

            self.assertEqual(len(axond.receive_all(client)), many * (len(text) + 1))
            self.wait_gone(daemon, self.pids[0])

    def test_another_protocol_in_the_file_keeps_connections_where_they_are(self):
        with self.daemon(handing("EchoProtocol")) as daemon:
            client = daemon.connect()
            self.answer(client, b"before")
            daemon.write(handing("Discard"))
            TestCase.upgrade(self, daemon)
            self.answer(client, b"after")
            self.assertTrue(self.is_alive(daemon, self.pids[0]))
            client.close()

            self.wait_gone(daemon, self.pids[0])

    def test_the_example_keeps_its_promise(self):
        with self.daemon("etc/handover.yaml", env={"BACKEND": str(Backend(echo).port)}) as daemon:
            client = daemon.connect()
            self.answer(client, b"before")
            self.upgrade(daemon)

            self.answer(client, b"after")

    def test_goes_with_a_server_core(self):
        graph = "components:\n  server: {type: ServerCore, host: 127.0.0.1, port: \"${PORT}\", " \
                "protocol: EchoProtocol, handover: true}\n"
        with self.daemon(graph) as daemon:
            client = daemon.connect()
            self.answer(client, b"before")
            self.upgrade(daemon)

            self.answer(client, b"after")


class HandoverOfWorkers(HandingOver):
    """Each process has as many workers as the file says when it starts."""

    COUNTS = (2, 3, 1, 2)

    @staticmethod
    def on(workers, graph):
        return graph.replace("daemon: {", f"daemon: {{workers: {workers}, ")

    def threads(self):
        names = axond.texts_of_threads(self.pids[-1], "comm")
        return 1 + sum(name.startswith("axond/") for name in names.values())

    def test_connections_survive_many_upgrades(self):
        graph = handing("EchoProtocol")
        with self.daemon(self.on(self.COUNTS[0], graph)) as daemon:
            clients = [daemon.connect() for _ in range(50)]
            for client in clients:
                self.answer(client, b"before")
            for workers in self.COUNTS[1:]:
                daemon.write(self.on(workers, graph))
                self.upgrade(daemon)
                self.assertEqual(self.threads(), axond.WORKERS if axond.WORKERS > 1 else workers)
                clients.append(daemon.connect())
                for number, client in enumerate(clients):
                    self.answer(client, b"after %d" % number)

                self.assertEqual(daemon.ctl("status", json=True)["connections"]["now"], len(clients))
            for client in clients:
                client.shutdown(socket.SHUT_WR)
                self.assertEqual(client.recv(1), b"")
            axond.wait_for(lambda: daemon.ctl("status", json=True)["connections"]["now"] == 0, "their end")

    def test_a_long_transfer_through_a_proxy_runs_on(self):
        first, *more = [self.on(workers, handing(PROXY)) for workers in self.COUNTS]
        self.transfer(first, more)

    def test_after_a_reload_that_has_removed_something(self):
        """Its place is free in all parts."""
        graph = handing("EchoProtocol")
        more = handing("EchoProtocol", "  first: {type: NullSink}\n  more: {type: NullSink}\n")
        for workers in 1, 2:
            with self.subTest(workers=workers), self.daemon(self.on(workers, more)) as daemon:
                client = daemon.connect()
                self.answer(client, b"before")
                daemon.write(self.on(workers, graph))
                daemon.ctl("reload")
                self.upgrade(daemon)

                self.answer(client, b"after")


class FewerWorkers(TestCase):
    """Each worker has a socket of its own for an address; who waits in that of one that is no more is let in."""

    GRAPH = """
daemon: {workers: %d}
components:
  server: {type: TCPServer, host: 127.0.0.1, listenport: "${PORT}", max_connections: %d}
  echo: {type: ProtocolHandler, protocol: EchoProtocol}
linkages:
  - server -> echo
"""

    def test_those_who_wait_are_let_in_by_those_that_there_are(self):
        for workers, fewer in (3, 1), (4, 3), (2, 1):
            with self.subTest(workers=workers, fewer=fewer), self.daemon(self.GRAPH % (workers, 1)) as daemon:
                inside = daemon.connect()
                inside.sendall(b"inside")
                self.assertEqual(inside.recv(6, socket.MSG_WAITALL), b"inside")
                waiting = [daemon.connect() for _ in range(40)]
                for client in waiting:
                    client.sendall(b"waiting")
                daemon.write(self.GRAPH % (fewer, 0))
                self.upgrade(daemon)
                inside.close()
                self.wait_gone(daemon, self.pids[0])
                for client in waiting:
                    self.assertEqual(client.recv(7, socket.MSG_WAITALL), b"waiting")
                    client.close()
                said = daemon.stderr.count(f"listening on 127.0.0.1:{daemon.port}\n")
                self.assertEqual(said, 2)

                daemon.write(self.GRAPH % (workers, 0))
                with Asking(daemon.port) as asking:
                    asking.wait_more()
                    daemon.ctl("reload")  # which changes no number of workers
                    asking.wait_more()
                    self.upgrade(daemon)
                    self.wait_gone(daemon, self.pids[1])
                    asking.wait_more()
                self.assertEqual(asking.trouble, [])


class Restart(axond.TestCase):
    """What becomes of connections between one process and the next; with systemd: tests/systemd."""

    def test_who_can_not_be_asked_is_told_and_connections_drain(self):
        env = {"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent"}
        with axond.Axond(handing("EchoProtocol"), env=env) as daemon:
            client = daemon.connect()
            client.sendall(b"before")
            self.assertEqual(client.recv(6, socket.MSG_WAITALL), b"before")
            daemon.signal(signal.SIGTERM)
            daemon.wait_line("could not ask systemd whether it will start us again: connections drain")
            client.sendall(b"after")
            self.assertEqual(client.recv(5, socket.MSG_WAITALL), b"after")
            client.close()
            self.assertEqual(daemon.wait(), 0)

    def test_what_was_left_in_disorder_is_refused_and_forgotten(self):
        for leave in (lambda sock: None, lambda sock: sock.sendall(b"\0" * 8), lambda sock: sock.sendall(b"\xff" * 20)):
            ours, theirs = socket.socketpair()
            leave(ours)
            ours.close()
            with theirs, axond.Axond(handing("EchoProtocol"), sockets={"connections=": theirs}) as daemon:
                daemon.wait_line("can't go on with what the process before has left with systemd, so its connections "
                                 "are closed: ")
                self.assertEqual(daemon.ask(b"hello"), b"hello")
                self.assertIn("FDNAME=connections=", daemon.notifications)


class Stop(TestCase):
    """A stop of the service is one of those who drain since an upgrade, too."""

    def setUp(self):
        super().setUp()
        self.env = {"SOCKET": str(self.directory() / "echo.sock")}

    def assert_served(self, *clients):
        for client in clients:
            client.sendall(b"still")
            self.assertEqual(axond.receive(client, 5), b"still")

    def assert_all_alive(self, daemon):
        for pid in self.pids:
            self.assertTrue(self.is_alive(daemon, pid))

    def wait_all_gone(self, daemon):
        for pid in self.pids:
            self.wait_gone(daemon, pid)

    def test_waits_for_their_connections(self):
        with self.daemon(ECHO, env=self.env) as daemon:
            clients = []
            for _ in range(2):
                clients.append(daemon.connect_answered())
                self.upgrade(daemon)
            self.end()
            daemon.wait_line("waiting for 2 processes from before an upgrade")
            self.assert_served(*clients)
            self.assert_all_alive(daemon)
            clients[0].close()
            self.wait_gone(daemon, self.pids[0])
            self.assert_served(clients[1])
            self.assertTrue(self.is_alive(daemon, self.pids[2]))
            clients[1].close()

            self.wait_all_gone(daemon)

    def test_gives_them_drain_timeout(self):
        with self.daemon(f"daemon: {{drain_timeout: 50ms}}\n{ECHO}", env=self.env) as daemon:
            with daemon.connect_answered() as client:
                self.upgrade(daemon)
                self.assert_served(client)
                self.end()
                self.assertEqual(client.recv(1), b"")
                self.wait_all_gone(daemon)

    def test_a_second_signal_ends_them_at_once(self):
        with self.daemon(f"daemon: {{drain_timeout: 1h}}\n{ECHO}", env=self.env) as daemon:
            with daemon.connect_answered():
                self.upgrade(daemon)
                self.end()
                daemon.wait_line("waiting for 1 process from before an upgrade")
                self.end()
                self.wait_all_gone(daemon)

    def test_a_signal_to_all_is_one_signal(self):
        """As a terminal sends it."""
        with self.daemon(f"daemon: {{drain_timeout: 1h}}\n{ECHO}", env=self.env) as daemon:
            with daemon.connect_answered() as client:
                self.upgrade(daemon)
                os.kill(self.pids[0], signal.SIGTERM)
                daemon.wait_line("draining: 1 connection")
                self.end()
                daemon.wait_line("the process that came in this one's place was told to stop")
                daemon.wait_line("waiting for 1 process from before an upgrade")
                self.assert_served(client)
                self.assert_all_alive(daemon)
            self.wait_all_gone(daemon)

    def test_nothing_else_can_be_had_of_it_meanwhile(self):
        with self.daemon(ECHO, env=self.env) as daemon, daemon.connect_answered() as client:
            self.upgrade(daemon)
            self.end()
            daemon.wait_line("waiting for 1 process from before an upgrade")
            for number, answer in (signal.SIGHUP, "no reload: the daemon is stopping"), \
                    (signal.SIGUSR1, "stopping: 0 connections"), \
                    (signal.SIGUSR2, "no upgrade, this process goes on: the daemon is stopping"):
                os.kill(self.pids[-1], number)
                daemon.wait_line(answer)
            self.assert_served(client)
            client.close()

            self.wait_all_gone(daemon)

    def test_without_anybody_to_wait_for_is_no_longer(self):
        with self.daemon(ECHO, env=self.env) as daemon:
            self.upgrade(daemon)
            self.wait_gone(daemon, self.pids[0])
            self.end()
            self.wait_gone(daemon, self.pids[1])

            self.assertNotIn("waiting for", daemon.stderr)

    def test_is_not_the_end_of_a_service_that_is_killed(self):
        with self.daemon(ECHO, env=self.env) as daemon, daemon.connect_answered() as client:
            self.upgrade(daemon)
            os.kill(self.pids[1], signal.SIGKILL)
            self.wait_gone(daemon, self.pids[1])

            self.assert_served(client)
            self.assertTrue(self.is_alive(daemon, self.pids[0]))
            client.close()
            self.wait_gone(daemon, self.pids[0])


class Refused(TestCase):
    def assert_goes_on(self, daemon, path):
        self.assertEqual(daemon.ask(b"hello"), b"hello")
        self.assertEqual(daemon.ask(b"hello", str(path)), b"hello")
        self.assertEqual(daemon.ctl("status", json=True)["pid"], daemon.pid)

    def test_by_a_bad_graph(self):
        path = self.directory() / "echo.sock"
        with axond.Axond(ECHO, env={"SOCKET": str(path)}) as daemon, daemon.connect() as client:
            daemon.write("components:\n  server: {type: NoSuchType}\n")
            daemon.signal(signal.SIGUSR2)
            daemon.wait_line("no upgrade, this process goes on: it has ended, and has logged why")
            client.sendall(b"hello")

            self.assertEqual(client.recv(5, socket.MSG_WAITALL), b"hello")
            self.assertIn("NoSuchType", daemon.stderr)
            self.assert_goes_on(daemon, path)

    def test_by_a_port_that_is_in_use(self):
        path = self.directory() / "echo.sock"
        with axond.Axond(ECHO, env={"SOCKET": str(path)}) as daemon, socket.create_server(("127.0.0.1", 0)) as other:
            more = f"more: {{type: TCPServer, host: 127.0.0.1, listenport: {other.getsockname()[1]}}}"
            daemon.write(ECHO.replace("linkages:", f"  {more}\nlinkages:\n  - more -> echo"))
            daemon.signal(signal.SIGUSR2)
            daemon.wait_line("no upgrade, this process goes on: it has ended, and has logged why")

            self.assertIn("Address already in use", daemon.stderr)
            self.assert_goes_on(daemon, path)

    def test_by_a_program_that_is_gone(self):
        path = self.directory() / "echo.sock"
        program = self.directory() / "axond"
        program.symlink_to(axond.AXOND)
        daemon = axond.Axond(ECHO, env={"SOCKET": str(path)})
        daemon.command[0] = str(program)
        with daemon:
            program.unlink()
            daemon.signal(signal.SIGUSR2)
            daemon.wait_line("no upgrade, this process goes on: No such file or directory")

            self.assert_goes_on(daemon, path)


axond.main()
