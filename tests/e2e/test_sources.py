"""What makes messages of its own accord, with real clients: Chargen, ConsoleReader, Ticker, Introspector."""

import os

import axond

CHARGEN = """
components:
  server: {type: TCPServer, host: 127.0.0.1, listenport: "${PORT}"}
  chars: {type: ProtocolHandler, protocol: Chargen}
linkages:
  - server -> chars
"""

# What comes by standard input goes to standard output, with a mark before each line.
CONSOLE = """
components:
  reader: {type: ConsoleReader, eol: "!\\n", max_line: 1KiB}
  echoer: {type: ConsoleEchoer, tag: "heard "}
linkages:
  - reader -> echoer
"""

PATTERN = b"".join(bytes(32 + (line + i) % 95 for i in range(72)) + b"\r\n" for line in range(95))


class Characters(axond.TestCase):
    def test_a_client_gets_as_many_as_it_reads(self):
        size = 20 * len(PATTERN) + 1000
        with axond.Axond(CHARGEN) as daemon:
            for _ in range(3):
                with axond.connect(daemon.port) as client:
                    self.assertTrue(axond.receive(client, size) == (PATTERN * 21)[:size])
            axond.wait_for(lambda: daemon.ctl("status", json=True)["connections"]["now"] == 0, "them to have gone")

    def test_clients_that_do_not_read_cost_no_memory_and_no_time(self):
        with axond.Axond(CHARGEN) as daemon:
            with axond.connect(daemon.port) as client:
                axond.receive(client, 1000)
            before = daemon.rss()
            clients = [daemon.connect() for _ in range(50)]
            for client in clients:
                axond.receive(client, 1)
            daemon.wait_rest(0.5)  # everything is full
            if not axond.SANITIZED:
                self.assertLess(daemon.rss() - before, 50 * 64 * 1024)
            self.assertTrue(axond.receive(clients[7], 1 << 20) == (PATTERN * 150)[1:1 + (1 << 20)])

    def test_they_do_not_keep_a_daemon_for_longer_than_drain_timeout(self):
        with axond.Axond(CHARGEN + "daemon: {drain_timeout: 300ms}\n") as daemon:
            client = daemon.connect()
            axond.receive(client, 1000)
            daemon.stop()


class Console(axond.TestCase):
    def on(self, path):
        """The daemon with a standard input of its own."""
        return axond.Axond(CONSOLE, under=["sh", "-c", f'exec "$@" <{path}', "sh"])

    def run_on(self, redirection):
        """What it prints when it runs to the end of its standard input."""
        graph = self.directory() / "graph.yaml"
        graph.write_text(CONSOLE)
        return axond.run("sh", "-c", f'exec "$@" {redirection}', "sh", axond.AXOND, "-s", graph.parent / "control.sock",
                         graph, check=True).stdout

    def fifo(self):
        path = self.directory() / "fifo"
        os.mkfifo(path)
        return path

    def test_lines_come_as_they_are_written_and_their_end_ends_the_graph(self):
        path = self.fifo()
        writer = os.open(path, os.O_RDWR)
        with self.on(path) as daemon:
            os.write(writer, b"one\ntw")
            daemon.wait_line("^heard one!$", "stdout")
            os.write(writer, b"o\n" + b"x" * 3000 + b"\nlast")
            daemon.wait_line("^heard two!$", "stdout")
            os.close(writer)
            daemon.wait(expect=0)
            pieces = "heard " + "x" * 1024 + "heard " + "x" * 1024 + "heard " + "x" * 952 + "!\n"
            self.assertEqual(daemon.stdout, "heard one!\nheard two!\n" + pieces + "heard last!\n")

    def test_waiting_for_a_line_costs_nothing(self):
        path = self.fifo()
        writer = os.open(path, os.O_RDWR)
        with self.on(path) as daemon:
            daemon.wait_rest(0.5)
        os.close(writer)

    def test_a_file_is_read_to_its_end(self):
        path = self.directory() / "lines"
        path.write_text("".join(f"line {i}\n" for i in range(5000)))
        self.assertEqual(self.run_on(f"<{path}"), "".join(f"heard line {i}!\n" for i in range(5000)))

    def test_a_closed_one_has_no_lines(self):
        self.assertEqual(self.run_on("<&-"), "")
        self.assertEqual(self.run_on("</dev/null"), "")

    def test_a_reload_hands_it_over(self):
        path = self.fifo()
        writer = os.open(path, os.O_RDWR)
        with self.on(path) as daemon:
            os.write(writer, b"one\n")
            daemon.wait_line("^heard one!$", "stdout")
            daemon.write(CONSOLE.replace("heard", "seen"))
            daemon.ctl("reload")
            os.write(writer, b"two\n")
            daemon.wait_line("^seen two!$", "stdout")
        os.close(writer)

    def test_one_is_enough_for_a_graph(self):
        path = self.directory() / "graph.yaml"
        path.write_text(CONSOLE.replace("linkages", "  second: {type: ConsoleReader}\nlinkages"))
        done = axond.axond("-s", path.parent / "control.sock", path)
        self.assertEqual(done.returncode, axond.EXIT_CANNOT_START)
        self.assertIn("second: reader reads standard input already", done.stderr)


class Clock(axond.TestCase):
    GRAPH = """
components:
  clock: {type: Ticker, interval: 20ms, message: "tick\\n"}
  screen: {type: ConsoleEchoer}
linkages:
  - clock -> screen
"""

    def test_ticks_while_the_daemon_runs(self):
        with axond.Axond(self.GRAPH) as daemon:
            axond.wait_for(lambda: daemon.stdout.count("tick\n") >= 10, "ten ticks")
            statistics = daemon.ctl("show", "clock")
            self.assertRegex(statistics, "missed")


class Introspection(axond.TestCase):
    # A picture of itself on standard output, without what connections are made of.
    GRAPH = """
components:
  server: {type: TCPServer, host: 127.0.0.1, listenport: "${PORT}"}
  echo: {type: ProtocolHandler, protocol: EchoProtocol}
  map: {type: Introspector, interval: 50ms, connections: false}
  screen: {type: ConsoleEchoer}
linkages:
  - server -> echo
  - map -> screen
"""

    def test_draws_the_file_alone_where_it_is_told_so(self):
        with axond.Axond(self.GRAPH) as daemon:
            daemon.wait_line('^ADD LINK "map.o.outbox" "screen.i.inbox"$', "stdout")
            self.assertEqual(daemon.ask(b"hello"), b"hello")
            daemon.ctl("stop", "echo")
            daemon.wait_line('^DEL NODE "echo"$', "stdout")
            self.assertNotIn("/", daemon.stdout)

    def test_a_thousand_connections_come_and_go_without_holding_anybody_up(self):
        graph = self.GRAPH.replace("connections: false", "connections: true")
        with axond.Axond(graph) as daemon:
            clients = []
            for i in range(1000):
                client = daemon.connect()
                client.sendall(b"x")
                axond.receive(client, 1)
                clients.append(client)
            daemon.wait_line('^ADD NODE "echo/1000" ', "stdout")
            for client in clients:
                client.close()
            axond.wait_for(lambda: {f"{name}/{i}" for name in ("server", "echo") for i in range(1, 1001)}
                           <= set(self.nodes(daemon, "DEL")), "all to be gone")
            made = sorted(node for node in self.nodes(daemon, "ADD") if "/" in node)
            axond.wait_for(lambda: len(self.nodes(daemon, "DEL")) >= len(made), "their boxes to be gone as well")
            self.assertEqual(sorted(self.nodes(daemon, "DEL")), made)

    def nodes(self, daemon, verb):
        return [line.split('"')[1] for line in daemon.stdout.splitlines() if line.startswith(f'{verb} NODE "')]


axond.main()
