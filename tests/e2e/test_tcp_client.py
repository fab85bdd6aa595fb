"""TCPClient, as the protocol of a proxy: real clients on one side, backends of the test's own on the other."""

import contextlib
import random
import socket
import struct
import subprocess
import threading
import time

import axond
from backend import Backend, echo, full_listener

PROXY = """
components:
  server: {type: TCPServer, host: 127.0.0.1, listenport: "${PORT}"}
  proxy:
    type: ProtocolHandler
    protocol: {type: TCPClient, %s}
  other: {type: TCPServer, host: "unix:echo.sock"}
  echo: {type: ProtocolHandler, protocol: EchoProtocol}
linkages:
  - server -> proxy
  - other -> echo
"""


class Client(axond.TestCase):
    def proxy(self, client, **more):
        return axond.Axond(PROXY % client, **more)

    def proxy_to(self, backend, more="", **args):
        return self.proxy(f"host: 127.0.0.1, port: {backend.port}{more}", **args)

    def is_closed(self, daemon):
        """Whether a new connection is ended by the daemon, without a byte."""
        with axond.connect(daemon.port) as sock:
            return axond.receive_all(sock) == b""

    def assert_lives(self, daemon):
        self.assertEqual(axond.ask(daemon.directory / "echo.sock", b"still here"), b"still here")


class Bytes(Client):
    def test_go_both_ways(self):
        with Backend(echo) as backend, self.proxy_to(backend) as daemon:
            sock = daemon.connect()
            for word in (b"one", b"two", b"three"):
                sock.sendall(word)
                self.assertEqual(axond.receive(sock, len(word)), word)

    def test_twenty_megabytes_come_back_as_they_went(self):
        data = bytes(range(256)) * 80000
        with Backend(echo) as backend, self.proxy_to(backend) as daemon:
            self.assertTrue(daemon.ask(data) == data)

    def test_a_slow_backend_slows_the_client_and_costs_no_memory(self):
        go = threading.Event()
        received = []

        def slow(sock):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            go.wait(axond.PATIENCE)
            received.append(len(axond.receive_all(sock)))

        with Backend(slow) as backend, self.proxy_to(backend) as daemon:
            before = daemon.rss()
            sock = daemon.connect()
            sent = daemon.fill(sock, bytes(50_000_000))  # the rest waits here
            if not axond.SANITIZED:
                self.assertLess(daemon.rss() - before, 4_000_000)
            daemon.wait_rest(0.5)
            go.set()
            sock.shutdown(socket.SHUT_WR)
            self.assertEqual(axond.receive_all(sock), b"")
            self.assertEqual(received, [sent])

    def test_what_comes_before_the_connection_is_made_is_delivered(self):
        with Backend(echo) as backend, self.proxy_to(backend, ", delay: 300ms") as daemon:
            self.assertEqual(daemon.ask(b"early" * 1000), b"early" * 1000)

    def test_a_bound_given_to_the_inbox_holds_for_the_connection(self):
        with Backend(lambda sock: axond.receive_all(sock)) as backend:
            with self.proxy_to(backend, ", boxes: {inbox: {size: 4KiB}}") as daemon:
                self.assertEqual(daemon.ask(bytes(1_000_000)), b"")

    def test_many_connections_leave_nothing_behind(self):
        with Backend(echo) as backend, self.proxy_to(backend) as daemon:
            self.assertEqual(daemon.ask(b"x"), b"x")
            before = daemon.fds_at_rest()
            for _ in range(5):
                socks = [axond.connect(daemon.port) for _ in range(100)]
                for sock in socks:
                    sock.sendall(b"hello")
                for sock in socks:
                    self.assertEqual(axond.receive(sock, 5), b"hello")
                    sock.close()
            axond.wait_for(lambda: daemon.fds() <= before, "the descriptors to be closed")


class HalfClose(Client):
    def test_the_backend_answers_after_the_client_has_finished(self):
        def count(sock):
            sock.sendall(b"%d" % len(axond.receive_all(sock)))

        with Backend(count) as backend, self.proxy_to(backend) as daemon:
            self.assertEqual(daemon.ask(bytes(1_000_000)), b"1000000")

    def test_the_client_goes_on_after_the_backend_has_finished(self):
        received = []

        def greet(sock):
            sock.sendall(b"that is all from me")
            sock.shutdown(socket.SHUT_WR)
            received.append(axond.receive_all(sock))

        with Backend(greet) as backend, self.proxy_to(backend) as daemon:
            sock = daemon.connect()
            self.assertEqual(axond.receive_all(sock), b"that is all from me")
            sock.sendall(b"but not from me")
            sock.close()
            axond.wait_for(lambda: received, "the backend's end of file")
            self.assertEqual(received, [b"but not from me"])

    def test_what_waits_for_a_slow_backend_is_delivered_though_both_ends_have_finished(self):
        go = threading.Event()
        received = []

        def slow(sock):
            sock.shutdown(socket.SHUT_WR)
            go.wait(axond.PATIENCE)
            received.append(len(axond.receive_all(sock)))

        with Backend(slow) as backend, self.proxy_to(backend) as daemon:
            sock = daemon.connect()
            self.assertEqual(axond.receive_all(sock), b"")
            sent = daemon.fill(sock)
            sock.shutdown(socket.SHUT_WR)
            sock.close()
            daemon.wait_rest()
            go.set()
            axond.wait_for(lambda: received, "the backend's end of file")
            self.assertEqual(received, [sent])

    def test_a_client_that_resets_takes_the_connection_to_its_backend_along(self):
        gone = threading.Event()

        def stay(sock):
            axond.receive_all(sock)
            gone.wait(axond.PATIENCE)

        with Backend(stay) as backend, self.proxy_to(backend) as daemon:
            before = daemon.fds()
            sock = axond.connect(daemon.port)
            sock.sendall(b"x")
            axond.wait_for(lambda: backend.connections, "the connection")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.close()  # a reset
            axond.wait_for(lambda: daemon.fds() <= before, "both sockets to be closed")
            gone.set()


class Failures(Client):
    def test_a_backend_that_refuses_closes_the_client_and_nobody_else(self):
        port = axond.free_port()
        with self.proxy(f"host: 127.0.0.1, port: {port}") as daemon:
            neighbour = daemon.connect(daemon.directory / "echo.sock")
            for _ in range(3):
                self.assertTrue(self.is_closed(daemon))

            daemon.wait_line(rf"proxy/3 .*: could not connect to 127\.0\.0\.1:{port}: Connection refused")
            neighbour.sendall(b"hello")
            self.assertEqual(axond.receive(neighbour, 5), b"hello")

    def test_a_backend_that_does_not_answer_is_given_up_after_connect_timeout(self):
        listener, fillers = full_listener()
        with contextlib.ExitStack() as stack:
            for sock in [listener, *fillers]:
                stack.enter_context(sock)
            client = f"host: 127.0.0.1, port: {listener.getsockname()[1]}, connect_timeout: 300ms"
            with self.proxy(client) as daemon:
                began = time.monotonic()
                self.assertTrue(self.is_closed(daemon))

                self.assertGreater(time.monotonic() - began, 0.29)
                daemon.wait_line("proxy/1 .*: could not connect to .*: Connection timed out")
                self.assert_lives(daemon)

    def test_a_client_that_leaves_ends_the_attempt(self):
        listener, fillers = full_listener()
        with contextlib.ExitStack() as stack:
            for sock in [listener, *fillers]:
                stack.enter_context(sock)
            client = f"host: 127.0.0.1, port: {listener.getsockname()[1]}, connect_timeout: 10min"
            with self.proxy(client) as daemon:
                before = daemon.fds()
                sock = axond.connect(daemon.port)
                axond.wait_for(lambda: daemon.fds() == before + 2, "the attempt")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                sock.close()
                axond.wait_for(lambda: daemon.fds() == before, "its end")

    def test_a_backend_that_resets_ends_its_client_only(self):
        def reset(sock):
            sock.recv(1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

        with Backend(reset) as backend, self.proxy_to(backend) as daemon:
            sock = daemon.connect()
            sock.sendall(b"x")
            self.assertEqual(axond.receive_all(sock), b"")
            daemon.wait_line("lost the connection to .*: Connection reset by peer")
            self.assert_lives(daemon)

    def test_running_out_of_descriptors_is_one_connections_misfortune(self):
        with Backend(echo) as backend:
            with self.proxy_to(backend, under=["prlimit", "--nofile=30:30"]) as daemon:
                socks = [axond.connect(daemon.port) for _ in range(30)]
                daemon.wait_line("Too many open files")
                for sock in socks:
                    sock.close()
                self.assertEqual(axond.wait_for(lambda: daemon.ask(b"after"), "an answer"), b"after")

    def test_no_such_host(self):
        with self.proxy("host: no-such-host.invalid, port: 80, connect_timeout: 2s") as daemon:
            self.assertTrue(self.is_closed(daemon))
            daemon.wait_line('proxy/1 .*: could not find the host "no-such-host.invalid": ')
            self.assert_lives(daemon)

    def test_mistakes_in_the_file(self):
        for client, message in (
                ("host: 127.0.0.1", "127.0.0.1 needs a port"),
                ('host: "unix:/run/x", port: 1', "unix:/run/x has no port, so leave port out"),
                ('host: "unix:%s"' % ("x" * 108), "its path must have from 1 to 107 bytes"),
                ("port: 1", 'TCPClient needs the parameter "host"'),
                ("host: a, port: 1, reconnect_min: 5s, reconnect_max: 1s",
                 "reconnect_min must not be above reconnect_max")):
            with self.subTest(client):
                path = self.directory() / "graph.yaml"
                path.write_text(PROXY % client)
                done = axond.axond("--check", path, env={"PORT": "1"})
                self.assertEqual(done.returncode, axond.EXIT_BAD_GRAPH)
                self.assertIn(message, done.stderr)


class Addresses(Client):
    def test_localhost_though_the_backend_has_no_ipv6(self):
        with Backend(echo) as backend:
            with self.proxy(f"host: localhost, port: {backend.port}") as daemon:
                for _ in range(3):
                    self.assertEqual(daemon.ask(b"by name"), b"by name")

    def test_ipv6(self):
        if not axond.has_ipv6():
            self.skipTest("there is no IPv6 here")
        with Backend(echo, ("::1", 0), socket.AF_INET6) as backend:
            for host in ("'::1'", "'[::1]'"):
                with self.proxy(f"host: {host}, port: {backend.port}") as daemon:
                    self.assertEqual(daemon.ask(b"six"), b"six")

    def test_unix_sockets(self):
        path = self.directory() / "backend.sock"
        for address, host in ((str(path), f"unix:{path}"),
                              (f"\0axond-test-{path.parent.name}", f"unix:@axond-test-{path.parent.name}")):
            with Backend(echo, address, socket.AF_UNIX), self.proxy(f'host: "{host}"') as daemon:
                self.assertEqual(daemon.ask(b"local"), b"local")

    def test_a_unix_socket_with_a_full_backlog_is_tried_again(self):
        path = self.directory() / "backend.sock"
        with socket.socket(socket.AF_UNIX) as listener, self.proxy(f'host: "unix:{path}"') as daemon:
            listener.bind(str(path))
            listener.listen(0)
            with axond.connect(path):
                client = daemon.connect()
                client.sendall(b"patience")
                axond.wait_for(lambda: daemon.ctl("status", json=True)["connections"]["now"] == 1, "the client")
                tries = daemon.wakeups()
                axond.wait_for(lambda: daemon.wakeups() > tries + 5, "further tries")
                listener.accept()[0].close()
                sock, _ = listener.accept()
                with sock:
                    self.assertEqual(axond.receive(sock, 8), b"patience")

    def test_options_of_the_socket(self):
        self.need("ss")
        options = ", keepalive: true, socketOptions: [[SOL_SOCKET, SO_RCVBUF, 50000], [IPPROTO_TCP, TCP_MAXSEG, 1000]]"
        with Backend(echo) as backend, self.proxy_to(backend, options) as daemon:
            sock = daemon.connect()
            sock.sendall(b"x")
            axond.receive(sock, 1)
            seen = subprocess.run(["ss", "-tnoim", f"dport = :{backend.port}"], capture_output=True,
                                  text=True, check=True).stdout
            self.assertIn("rb100000", seen)
            self.assertIn("keepalive", seen)


class Names(Client):
    """Name servers of the test's own, in a mount namespace where /etc/resolv.conf names them."""

    def resolver(self, answers):
        """A name server: answers maps a name to addresses; None: silence.  Returns "under" for axond."""
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(server.close)
        address = "127.53.%d.%d" % divmod(random.randrange(256, 65536), 256)
        try:
            server.bind((address, 53))
        except OSError as error:
            self.skipTest(f"no name server can be put on port 53: {error}")
        self.queries = []

        def answer():
            with contextlib.suppress(OSError):
                while True:
                    query, peer = server.recvfrom(512)
                    name, kind, size = self.question(query)
                    self.queries.append(query)
                    if answers.get(name, ()) is not None:
                        server.sendto(self.reply(query[:size], kind, answers.get(name, ())), peer)

        threading.Thread(target=answer, daemon=True).start()
        conf = self.directory() / "resolv.conf"
        conf.write_text(f"nameserver {address}\n")
        return self.under_files({"/etc/resolv.conf": conf})

    def under_files(self, files):
        """What makes axond see other files in the place of these."""
        if subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode != 0:
            self.skipTest("no mount namespace can be made here")
        binds = "".join(f"mount --bind {mine} {theirs} && " for theirs, mine in files.items())
        return ["unshare", "-m", "sh", "-c", binds + 'exec "$@"', "sh"]

    @staticmethod
    def question(query):
        labels = []
        at = 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode())
            at += 1 + query[at]
        return ".".join(labels), struct.unpack("!H", query[at + 1:at + 3])[0], at + 5

    @staticmethod
    def reply(query, kind, addresses):
        family = {1: socket.AF_INET, 28: socket.AF_INET6}.get(kind)
        chosen = [packed for address in addresses
                  for packed in [socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)]
                  if len(packed) == {socket.AF_INET: 4, socket.AF_INET6: 16}.get(family)]
        header = query[:2] + struct.pack("!HHHHH", 0x8180 if addresses else 0x8183, 1, len(chosen), 0, 0)
        return header + query[12:] + b"".join(
            b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 30, len(packed)) + packed for packed in chosen)

    def test_an_answer_is_asked_for_once(self):
        under = self.resolver({"backend.test": ["127.0.0.1"]})
        with Backend(echo) as backend:
            with self.proxy(f"host: backend.test, port: {backend.port}", under=under) as daemon:
                socks = [daemon.connect() for _ in range(20)]
                for sock in socks:
                    sock.sendall(b"all")
                for sock in socks:
                    self.assertEqual(axond.receive(sock, 3), b"all")
                self.assertEqual(daemon.ask(b"later"), b"later")
                # A and AAAA, by each worker; asked again, they are the same
                self.assertLessEqual(len(set(self.queries)), 2 * axond.WORKERS)

    def test_a_silent_name_server_holds_nobody_up(self):
        under = self.resolver({"backend.test": None})
        with self.proxy("host: backend.test, port: 80, connect_timeout: 10min", under=under) as daemon:
            waiting = daemon.connect()
            axond.wait_for(lambda: self.queries, "a query")
            self.assert_lives(daemon)
            self.assertFalse(axond.has_more(waiting))  # it does wait
        with self.proxy("host: backend.test, port: 80, connect_timeout: 300ms", under=under) as daemon:
            began = time.monotonic()
            self.assertTrue(self.is_closed(daemon))
            self.assertGreater(time.monotonic() - began, 0.29)
            daemon.wait_line('could not find the host "backend.test": no answer')

    def test_an_address_that_is_silent_has_a_head_start_and_no_more(self):
        under = self.resolver({"backend.test": ["127.0.0.1", "127.0.0.2"]})
        port = axond.free_port()
        with contextlib.ExitStack() as stack:
            stack.enter_context(Backend(echo, ("127.0.0.2", port)))
            listener, fillers = full_listener("127.0.0.1", port)
            for sock in [listener, *fillers]:
                stack.enter_context(sock)
            client = f"host: backend.test, port: {port}, connect_timeout: 10min"  # it is never given up
            with self.proxy(client, under=under) as daemon:
                began = time.monotonic()
                self.assertEqual(daemon.ask(b"by the other way"), b"by the other way")
                self.assertGreater(time.monotonic() - began, 0.24)
                self.assertNotIn("could not connect", daemon.stderr)

    def test_etc_hosts_is_heeded_and_its_families_tried_by_turns(self):
        if not axond.has_ipv6():
            self.skipTest("there is no IPv6 here")
        hosts = self.directory() / "hosts"
        hosts.write_text("127.0.0.1 both.test\n::1 both.test\n")
        under = self.under_files({"/etc/hosts": hosts})
        for address, family in (("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)):
            with Backend(echo, (address, 0), family) as backend:
                with self.proxy(f"host: both.test, port: {backend.port}", under=under) as daemon:
                    self.assertEqual(daemon.ask(b"by name"), b"by name")

    def test_every_address_refuses(self):
        under = self.resolver({"backend.test": ["127.0.0.1", "127.0.0.2", "::1"]})
        port = axond.free_port()
        with self.proxy(f"host: backend.test, port: {port}", under=under) as daemon:
            self.assertTrue(self.is_closed(daemon))
            daemon.wait_line(f"could not connect to backend.test:{port}, by none of its 3 addresses: ")


class Idle(Client):
    def test_a_connection_on_which_nothing_passes_is_closed_in_order(self):
        with Backend(echo) as backend, self.proxy_to(backend, ", idle_timeout: 300ms") as daemon:
            before = daemon.fds()
            began = time.monotonic()
            self.assertEqual(axond.receive_all(daemon.connect_answered()), b"")
            self.assertGreater(time.monotonic() - began, 0.29)
            daemon.hang_up()
            axond.wait_for(lambda: daemon.fds() == before, "both sockets to be closed")
            self.assertNotIn("lost the connection", daemon.stderr)

    def test_what_passes_keeps_it_open(self):
        with Backend(echo) as backend, self.proxy_to(backend, ", idle_timeout: 400ms") as daemon:
            sock = None

            def talk(number):
                nonlocal sock
                if number == 0:
                    sock = daemon.connect()
                with contextlib.suppress(ConnectionError):
                    sock.sendall(b"x")
                    return sock.recv(1) == b"x"

            axond.steadily(talk, within=0.4, lasting=1.2)

    def test_a_backend_that_does_not_read_is_idle_once_nothing_goes_any_more(self):
        silent = threading.Event()
        with Backend(lambda sock: silent.wait(axond.PATIENCE)) as backend:
            with self.proxy_to(backend, ", idle_timeout: 300ms") as daemon:
                sock = daemon.connect()
                sock.setblocking(False)

                def is_closed():
                    with contextlib.suppress(BlockingIOError):
                        while not axond.has_more(sock):
                            sock.send(b"x" * 65536)
                    return axond.has_more(sock)

                with contextlib.suppress(ConnectionError):
                    axond.wait_for(is_closed, "the end")
                    self.assertEqual(sock.recv(1), b"")
                silent.set()

    def test_with_reconnect_it_is_made_again(self):
        graph = """
components:
  client: {type: TCPClient, host: 127.0.0.1, port: %d, idle_timeout: 100ms, reconnect: true, reconnect_min: 10ms}
  sink: {type: NullSink}
linkages: [client -> sink]
"""
        with Backend(echo) as backend, axond.Axond(graph % backend.port) as daemon:
            axond.wait_for(lambda: backend.connections >= 3, "the third connection")
            daemon.wait_line("client: closed the connection to 127.0.0.1:.*, idle for 100ms; trying again")
            values = daemon.ctl("show", "client", json=True)["statistics"]
            values = {value["name"]: value["value"] for value in values}
            self.assertGreaterEqual(values["timed_out"], 2)
            self.assertEqual(values["failed"], 0)


class Reconnect(Client):
    def test_waits_for_the_backend_and_comes_back(self):
        port = axond.free_port()
        client = f"host: 127.0.0.1, port: {port}, reconnect: true, reconnect_min: 20ms, reconnect_max: 100ms"
        with self.proxy(client) as daemon:
            sock = daemon.connect()
            sock.sendall(b"early")
            daemon.wait_line("could not connect to .*: Connection refused; trying again")
            received, accepted = [], []

            def once(peer):
                accepted.append(peer)
                received.append(axond.receive(peer, 5))

            with Backend(once, ("127.0.0.1", port)):
                for number, word in enumerate((b"early", b"later", b"again")):
                    if number > 0:  # what goes to a connection that is being closed is lost
                        axond.wait_for(lambda: len(accepted) > number, "the next connection")
                        sock.sendall(word)
                    axond.wait_for(lambda: word in received, f"{word} to arrive")
            self.assertEqual(daemon.stderr.count("could not connect"), 1)  # said once
            daemon.wait_line("proxy/1 .*: connected to")

    def test_ends_when_its_client_does(self):
        port = axond.free_port()
        with self.proxy(f"host: 127.0.0.1, port: {port}, reconnect: true, reconnect_min: 20ms") as daemon:
            before = daemon.fds()
            daemon.ask(b"")
            axond.wait_for(lambda: daemon.fds() == before, "the end")

    def test_a_client_at_the_top_does_not_keep_a_daemon_from_stopping(self):
        graph = f"""
components:
  client: {{type: TCPClient, host: 127.0.0.1, port: {axond.free_port()}, reconnect: true}}
  sink: {{type: NullSink}}
linkages: [client -> sink]
"""
        with axond.Axond(graph) as daemon:
            daemon.wait_line("trying again")
            daemon.stop()  # told once


axond.main()
