"""TCPServer and its ConnectedSocketAdapters, as an echo server that real clients use and abuse."""

import contextlib
import os
import re
import socket
import struct
import subprocess
import time

import axond

ECHO = """
components:
  server: {type: TCPServer, %s}
  echo: {type: ProtocolHandler, protocol: EchoProtocol}
linkages:
  - server -> echo
"""

# What comes in goes nowhere: connections are not read from for ever.
STUCK = """
components:
  server:
    type: SimpleServer
    port: "${PORT}"
    protocol: {type: PublishTo, destination: nowhere, boxes: {inbox: {size: 1}}}
"""

LOOPBACK = 'host: 127.0.0.1, listenport: "${PORT}"'


def reset(sock):
    """Closes with a RST."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def echoes(sock, data=b"hello"):
    """Whether what is sent comes back."""
    sock.sendall(data)
    return axond.receive(sock, len(data)) == data


class Server(axond.TestCase):
    def server(self, more="", **args):
        return axond.Axond(ECHO % (LOOPBACK + more), **args)

    def at(self, address, **args):
        return axond.Axond(ECHO % address, **args)

    def refusal(self, address, **args):
        """What axond says when it can't start."""
        path = self.directory() / "graph.yaml"
        path.write_text(ECHO % address)
        done = axond.axond("-s", path.parent / "control.sock", path, cwd=path.parent, **args)
        self.assertEqual(done.returncode, axond.EXIT_CANNOT_START, done.stderr)
        return done.stderr


class Bytes(Server):
    def test_come_back_as_they_went(self):
        with self.server() as daemon:
            sock = daemon.connect()
            for size in (1, 64, 1000, 65536, 65537, 1_000_000):
                data = os.urandom(size)
                self.assertTrue(daemon.ask(data) == data)
            self.assertTrue(echoes(sock))

    def test_nc_gets_the_whole_of_its_answer_after_it_has_finished(self):
        nc = self.need("nc")
        data = bytes(range(256)) * 102400  # 26,214,400 bytes: what the original cut off
        path = self.directory() / "data"
        path.write_bytes(data)
        with self.server() as daemon, path.open() as stdin:
            done = subprocess.run([nc, "-N", "127.0.0.1", str(daemon.port)], stdin=stdin, capture_output=True,
                                  timeout=axond.PATIENCE, check=True)
            self.assertTrue(done.stdout == data)

    def test_an_empty_connection(self):
        with self.server() as daemon:
            self.assertEqual(daemon.ask(b""), b"")

    def test_a_slow_reader_costs_no_processor_time_and_bounded_memory(self):
        with self.server() as daemon:
            before = daemon.rss()
            slow = daemon.connect()
            sent = daemon.fill(slow)
            if not axond.SANITIZED:
                self.assertLess(daemon.rss() - before, 4_000_000)
            daemon.wait_rest(1)
            self.assertTrue(echoes(daemon.connect()))
            slow.shutdown(socket.SHUT_WR)
            self.assertEqual(len(axond.receive_all(slow)), sent)

    def test_an_idle_daemon_does_nothing(self):
        with self.server() as daemon:
            socks = [daemon.connect() for _ in range(20)]
            for sock in socks:
                self.assertTrue(echoes(sock))
            daemon.wait_rest(1)


class Connections(Server):
    def test_a_reset_in_mid_send_ends_that_connection_only(self):
        with self.server() as daemon:
            neighbour = daemon.connect()
            self.assertTrue(echoes(neighbour))
            before = daemon.fds_at_rest()
            for _ in range(20):
                sock = axond.connect(daemon.port)
                sock.sendall(bytes(300_000))
                reset(sock)
            self.assertTrue(echoes(neighbour))
            axond.wait_for(lambda: daemon.fds() == before, "the descriptors to be closed")

    def test_a_reset_is_noticed_though_nothing_is_read_and_nothing_written(self):
        with axond.Axond(STUCK) as daemon:
            before = daemon.fds_at_rest()
            socks = [axond.connect(daemon.port) for _ in range(20)]
            for sock in socks:
                sock.setblocking(False)
                sock.send(bytes(4 << 20))
            daemon.wait_rest(1)  # who is stuck costs nothing
            for sock in socks[1:]:
                reset(sock)
            axond.wait_for(lambda: daemon.ctl("status", json=True)["connections"]["now"] == 1, "all ends but one")
            reset(socks[0])
            axond.wait_for(lambda: daemon.fds() == before, "the descriptors to be closed")

    def test_more_than_select_can_count(self):
        with self.server() as daemon:
            before = daemon.fds()
            socks = [axond.connect(daemon.port) for _ in range(1200)]
            try:
                for number, sock in enumerate(socks):
                    sock.sendall(b"%05d" % number)
                for number, sock in enumerate(socks):
                    self.assertEqual(axond.receive(sock, 5), b"%05d" % number)
                self.assertEqual(daemon.fds(), before + 1200)
            finally:
                for sock in socks:
                    sock.close()
            axond.wait_for(lambda: daemon.fds() == before, "the descriptors to be closed")

    def test_without_descriptors_it_waits_says_so_once_and_goes_on(self):
        with self.server(under=["prlimit", "--nofile=40:40"]) as daemon:
            socks = [axond.connect(daemon.port) for _ in range(60)]
            daemon.wait_line("server: accepting no more connections for now: Too many open files")
            wakeups = daemon.wakeups()
            axond.wait_for(lambda: daemon.wakeups() > wakeups, "another try")
            daemon.wait_rest(0.5)  # it tries once a second
            self.assertEqual(daemon.stderr.count("accepting no more"), 1)
            for sock in socks:
                sock.sendall(b"hello")
            answered = next(axond.in_order_of_answers(socks))
            self.assertEqual(axond.receive(answered, 5), b"hello")
            for sock in socks[:30]:
                sock.close()
            for sock in axond.in_order_of_answers(set(socks[30:]) - {answered}):
                self.assertEqual(axond.receive(sock, 5), b"hello")
                sock.close()
            answered.close()
            self.assertTrue(echoes(daemon.connect()))

    def test_max_connections(self):
        with self.server(", max_connections: 3") as daemon:
            socks = [daemon.connect() for _ in range(3)]
            for sock in socks:
                self.assertTrue(echoes(sock))
            waiting = daemon.connect()
            waiting.sendall(b"when?")
            daemon.wait_rest()
            self.assertFalse(axond.has_more(waiting))
            socks[0].close()
            self.assertEqual(axond.receive(waiting, 5), b"when?")

    def test_idle_timeout(self):
        with self.server(", idle_timeout: 1s") as daemon:
            began = time.monotonic()
            quiet = daemon.connect_answered()
            self.assertEqual(quiet.recv(1), b"")
            self.assertGreater(time.monotonic() - began, 0.99)

    def test_idle_timeout_is_for_those_on_which_nothing_passes(self):
        with self.server(", idle_timeout: 500ms") as daemon:
            busy = None

            def talk(number):
                nonlocal busy
                if number == 0:
                    busy = daemon.connect()
                with contextlib.suppress(ConnectionError):
                    busy.sendall(b"x")
                    return busy.recv(1) == b"x"

            axond.steadily(talk, within=0.5, lasting=1.5)

    def test_options_reach_every_connection(self):
        ss = self.need("ss")
        more = ", socketOptions: [[SOL_SOCKET, SO_RCVBUF, 50000], [IPPROTO_TCP, TCP_MAXSEG, 1000]]"
        with self.server(more) as daemon:
            self.assertTrue(echoes(daemon.connect()))
            seen = subprocess.run([ss, "-tnoim", f"sport = :{daemon.port}"], capture_output=True, text=True,
                                  check=True).stdout
            self.assertIn("rb100000", seen)  # the kernel doubles it
            self.assertIn("keepalive", seen)


class Announced(axond.TestCase):
    """What becomes of a connection depends on who gets its newCSA."""

    def graph(self, handlers, linkages):
        return axond.Axond(f"components:\n  server: {{type: TCPServer, {LOOPBACK}}}\n{handlers}"
                           f"linkages:\n  - {linkages}\n")

    def closes(self, daemon):
        before = daemon.fds_at_rest()
        self.assertEqual(daemon.connect().recv(1), b"")
        axond.wait_for(lambda: daemon.fds() == before, "the socket to be closed")

    def test_of_two_handlers_the_first_has_it(self):
        with self.graph("  a: {type: ProtocolHandler, protocol: EchoProtocol}\n"
                        "  b: {type: ProtocolHandler, protocol: Discard}\n", "server -> [a, b]") as daemon:
            self.assertEqual(daemon.ask(b"one"), b"one")
            self.assertEqual(daemon.ask(b"two"), b"two")

    def test_where_nobody_takes_it_it_is_closed(self):
        with self.graph("  sink: {type: NullSink}\n", "server -> sink") as daemon:
            self.closes(daemon)
            self.closes(daemon)

    def test_what_is_sent_to_a_handler_that_has_stopped_is_closed(self):
        with self.graph("  echo: {type: ProtocolHandler, protocol: EchoProtocol}\n", "server -> echo") as daemon:
            self.assertEqual(daemon.ask(b"one"), b"one")
            daemon.ctl("stop", "echo")
            self.closes(daemon)


class Addresses(Server):
    def test_left_out_it_is_every_address(self):
        with self.at('listenport: "${PORT}"') as daemon:
            self.assertEqual(daemon.ask(b"four"), b"four")
            if axond.has_ipv6():
                self.assertEqual(daemon.ask(b"six", ("::1", daemon.port)), b"six")

    def test_ipv6(self):
        if not axond.has_ipv6():
            self.skipTest("there is no IPv6 here")
        with self.at('host: "::1", listenport: "${PORT}"') as daemon:
            daemon.wait_line(rf"server: listening on \[::1\]:{daemon.port}")
            self.assertEqual(daemon.ask(b"six", ("::1", daemon.port)), b"six")
            with self.assertRaises(ConnectionRefusedError):
                axond.connect(daemon.port)

    def test_a_name(self):
        with self.at('host: localhost, listenport: "${PORT}"') as daemon:
            self.assertEqual(daemon.ask(b"by name"), b"by name")

    def test_a_free_port_of_the_range(self):
        with self.at("host: 127.0.0.1, minrange: 31000, maxrange: 31999") as daemon:
            port = int(daemon.wait_line(r"server: listening on 127\.0\.0\.1:(\d+)").group(1))
            self.assertIn(port, range(31000, 32000))
            self.assertEqual(daemon.ask(b"hello", port), b"hello")

    def test_the_only_free_port_of_the_range_is_found(self):
        first, free, last = axond.free_ports(3)
        with socket.create_server(("127.0.0.1", first)), socket.create_server(("127.0.0.1", last)):
            with self.at(f"host: 127.0.0.1, minrange: {first}, maxrange: {last}") as daemon:
                self.assertEqual(daemon.ask(b"hello", free), b"hello")

    def test_unix_sockets(self):
        with self.at('host: "unix:echo.sock"') as daemon:
            path = daemon.directory / "echo.sock"
            self.assertEqual(daemon.ask(b"local", path), b"local")
            daemon.stop()
            self.assertFalse(path.exists())
        name = f"axond-test-{os.getpid()}"
        with self.at(f'host: "unix:@{name}"') as daemon:
            self.assertEqual(daemon.ask(b"local", f"\0{name}"), b"local")

    def test_a_unix_socket_that_was_left_over_is_replaced_and_a_used_one_is_not(self):
        path = self.directory() / "echo.sock"
        with socket.socket(socket.AF_UNIX) as left_over:
            left_over.bind(str(path))
        with self.at(f'host: "unix:{path}"') as daemon:
            self.assertEqual(daemon.ask(b"new", path), b"new")
            self.assertIn(f"server: could not listen on unix:{path}: Address already in use",
                          self.refusal(f'host: "unix:{path}"'))
            self.assertEqual(daemon.ask(b"still here", path), b"still here")

    def test_sockets_of_systemd(self):
        with socket.create_server(("127.0.0.1", 0)) as web:
            port = web.getsockname()[1]
            with self.at('host: "systemd:web"', sockets={"web": web}) as daemon:
                self.assertEqual(daemon.ask(b"passed", port), b"passed")
            self.assertIn('server: systemd passed no socket named "mail"',
                          self.refusal('host: "systemd:mail"'))

    def test_a_port_shared_by_two(self):
        with self.server(", reuseport: true") as one:
            with self.server(", reuseport: true", env={"PORT": str(one.port)}) as two:
                socks = [axond.connect(one.port) for _ in range(64)]
                for sock in socks:
                    self.assertTrue(echoes(sock))
                self.assertGreater(one.fds(), 10)
                self.assertGreater(two.fds(), 10)
                for sock in socks:
                    sock.close()

    def test_at_once_after_a_stop_though_connections_linger(self):
        with self.server() as daemon:
            port = daemon.port
            sock = daemon.connect()
            self.assertTrue(echoes(sock))
            daemon.stop_at_once()
            with self.server(env={"PORT": str(port)}) as second:
                self.assertEqual(second.ask(b"again"), b"again")


class Refusals(Server):
    def test_a_port_in_use(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            self.assertRegex(self.refusal(f"host: 127.0.0.1, listenport: {port}"),
                             rf"server: could not listen on 127\.0\.0\.1:{port}: Address already in use")

    def test_every_port_in_use(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            self.assertIn(f"server: every port from {port} to {port} is in use",
                          self.refusal(f"host: 127.0.0.1, minrange: {port}, maxrange: {port}"))

    def test_an_address_of_another_machine(self):
        self.assertIn("server: could not listen on 192.0.2.1:8080: Cannot assign requested address",
                      self.refusal("host: 192.0.2.1, listenport: 8080"))

    def test_a_name_that_is_none(self):
        self.assertIn('server: could not find the host "no-such-host.invalid"',
                      self.refusal("host: no-such-host.invalid, listenport: 8080"))

    def test_a_folder_that_is_not_there(self):
        self.assertIn("server: could not listen on unix:nowhere/echo.sock: No such file or directory",
                      self.refusal('host: "unix:nowhere/echo.sock"'))

    def test_a_path_that_is_too_long(self):
        self.assertIn("File name too long", self.refusal('host: "unix:%s"' % ("x" * 120)))

    def test_an_option_that_the_system_refuses(self):
        self.assertIn("could not set TCP_MAXSEG on",
                      self.refusal("host: 127.0.0.1, listenport: %d, socketOptions: [[IPPROTO_TCP, TCP_MAXSEG, 1]]"
                                   % axond.free_port()))


class ServerCore(axond.TestCase):
    """TCPServer and ProtocolHandler in one, by each of its names."""

    GRAPH = 'components:\n  core: {type: %s, host: 127.0.0.1, port: "${PORT}", protocol: EchoProtocol}\n'

    def test_echoes(self):
        for name in ("ServerCore", "SimpleServer", "FastRestartServer"):
            with self.subTest(name), axond.Axond(self.GRAPH % name) as daemon:
                self.assertTrue(echoes(daemon.connect()))
                self.assertEqual(daemon.ask(bytes(1_000_000)), bytes(1_000_000))

    def test_every_parameter_of_its_parts(self):
        more = (', maxlisten: 5, socketOptions: [[SOL_SOCKET, SO_RCVBUF, 50000]], reuseport: true, keepalive: false, '
                'nodelay: false, max_connections: 1, idle_timeout: 1s}\n')
        with axond.Axond((self.GRAPH % "ServerCore").replace("}\n", more)) as daemon:
            first = daemon.connect_answered()
            second = daemon.connect()
            second.sendall(b"x")
            self.assertEqual(axond.receive_all(first), b"")  # idle_timeout
            self.assertEqual(axond.receive(second, 1), b"x")  # max_connections

    def test_a_port_in_use_names_the_part(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            path = self.directory() / "graph.yaml"
            path.write_text(self.GRAPH % "ServerCore")
            done = axond.axond("-s", path.parent / "control.sock", path,
                               env={"PORT": str(taken.getsockname()[1])})
            self.assertEqual(done.returncode, axond.EXIT_CANNOT_START)
            self.assertIn("core/server: could not listen on 127.0.0.1:", done.stderr)

    def test_a_unix_socket_has_no_port(self):
        path = self.directory() / "graph.yaml"
        path.write_text('components:\n  core: {type: ServerCore, host: "unix:x.sock", protocol: EchoProtocol}\n')
        done = axond.axond("--check", path)
        self.assertEqual(done.returncode, axond.EXIT_BAD_GRAPH)
        self.assertRegex(done.stderr, re.escape(f"{path}:2:16: error: unix:x.sock has no port, so port must be 0"))

    def test_connections_go_on_while_it_drains(self):
        with axond.Axond(self.GRAPH % "ServerCore" + "daemon: {drain_timeout: 10min}\n") as daemon:
            sock = daemon.connect()
            self.assertTrue(echoes(sock))
            daemon.signal(15)
            daemon.wait_line("draining")
            self.assertTrue(echoes(sock))
            with self.assertRaises(ConnectionRefusedError):
                axond.connect(daemon.port)
            sock.close()
            daemon.wait()


axond.main()
