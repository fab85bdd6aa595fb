"""Every graph in etc/, as it stands there, with the clients that people use."""

import contextlib
import os
import socket
import subprocess
import time

import axond
from backend import Backend, echo


class Examples(axond.TestCase):
    def pipe(self, data, *command):
        """What a client prints when it is given this on its standard input."""
        done = subprocess.run([str(word) for word in command], input=data, capture_output=True, timeout=axond.PATIENCE)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def nc(self, daemon, data):
        return self.pipe(data, self.need("nc"), "-N", "127.0.0.1", daemon.port)

    def socat(self, daemon, data):
        return self.pipe(data, self.need("socat"), f"-t{axond.PATIENCE}", "-", f"TCP:127.0.0.1:{daemon.port}")

    def test_all_are_here(self):
        tested = {name[len("test_"):].replace("_", "-") + ".yaml" for name in dir(self) if name.startswith("test_")}
        for path in (axond.SOURCE / "etc").glob("*.yaml"):
            self.assertIn(path.name, tested)
            self.assertEqual(axond.axond("--check", path).stderr, "")  # not even a warning

    def check_echo(self, daemon):
        data = bytes(range(256)) * 4096
        self.assertEqual(self.nc(daemon, b"hello\n"), b"hello\n")
        self.assertTrue(self.nc(daemon, data) == data)
        self.assertTrue(self.socat(daemon, data) == data)

    def test_axond(self):
        with axond.Axond("etc/axond.yaml") as daemon:
            self.check_echo(daemon)

    def test_axond_with_the_graph_that_it_suggests(self):
        lines = (axond.SOURCE / "etc/axond.yaml").read_text().splitlines()
        graphs = [line[2:] for line in lines[lines.index("# graphs:"):] if line.startswith("# ")]
        graphs = graphs[:graphs.index("Settings of the daemon itself; options on its command line win.")]
        text = "\n".join(lines + graphs) + "\n"
        with axond.Axond(text.replace("protocol: EchoProtocol\n", "protocol: shout\n")) as daemon:
            self.assertEqual(self.nc(daemon, b"hello\n"), b"HELLO\n")

    def test_echo(self):
        with axond.Axond("etc/echo.yaml") as daemon:
            self.check_echo(daemon)

    def test_chooser(self):
        with axond.Axond("etc/chooser.yaml") as daemon:
            with daemon.connect() as other:  # has a place of its own
                self.assertEqual(axond.receive(other, 6), b"apple\n")
                self.assertEqual(self.nc(daemon, b"NEXT\nLAST\nPREV\n"), b"apple\nbanana\ncherry\nbanana\n")
                self.assertEqual(self.socat(daemon, b"NEXT\r\nSAME"), b"apple\nbanana\nbanana\n")
                other.sendall(b"NEXT\n")
                self.assertEqual(axond.receive(other, 7), b"banana\n")
            self.assertEqual(self.nc(daemon, b"x" * 1000 + b"\nnext\nLAST\n"), b"apple\ncherry\n")
            daemon.wait_line('chooser .*no such command: "next"; there are NEXT, PREV, FIRST, LAST and SAME')

    def test_metrics(self):
        port = axond.free_port()
        with axond.Axond("etc/metrics.yaml", env={"METRICS_PORT": str(port)}) as daemon:
            self.assertEqual(self.nc(daemon, b"hello\n"), b"HELLO\n")
            text = self.pipe(b"", self.need("curl"), "-sS", f"http://127.0.0.1:{port}/metrics").decode()
            series = 'axond_linkage_messages_total{component="shouting/*/upper",type="PureTransformer",outbox="outbox"} 1'
            self.assertIn(series, text.splitlines())
            self.assertIn('component="shouting/*/upper",type="PureTransformer",inbox="inbox",le="+Inf"} 1\n', text)

    def test_inetd(self):
        with axond.Axond("etc/inetd.yaml") as daemon:
            hello = b"Hello, 127.0.0.1. Send me a text, and I count its lines and words.\n"
            self.assertEqual(self.nc(daemon, b"one two\nthree\n"), hello + b"2 lines, 3 words\n")
            text = b"the quick brown fox\n" * 50000
            self.assertEqual(self.socat(daemon, text), hello + b"50000 lines, 200000 words\n")
            axond.wait_for(lambda: daemon.fds() < 15, "every connection and every pipe to be closed")

    def test_greeting(self):
        with axond.Axond("etc/greeting.yaml") as daemon:
            self.assertEqual(self.nc(daemon, b"hello\n"), b"welcome\nhello\n")
            data = bytes(range(256)) * 4096
            self.assertTrue(self.nc(daemon, data) == b"welcome\n" + data)

    def test_greeting_of_one_who_says_nothing(self):
        with axond.Axond("etc/greeting.yaml", env={"IDLE": "200ms"}) as daemon:
            began = time.monotonic()
            sock = daemon.connect()
            self.assertEqual(axond.receive_all(sock), b"welcome\n")
            self.assertGreater(time.monotonic() - began, 0.19)
            axond.wait_for(lambda: daemon.ctl("list", "hello/**", json=True)["components"] == [], "its end")

    def test_single(self):
        with axond.Axond("etc/single.yaml") as daemon:
            self.assertEqual(self.nc(daemon, b"one\ntwo\n"), b"> one\n> two\n")
            self.assertEqual(self.nc(daemon, b"three\n"), b"> three\n")

    def test_tcpserver(self):
        with axond.Axond("etc/tcpserver.yaml") as daemon:
            self.check_echo(daemon)

    def test_shout(self):
        with axond.Axond("etc/shout.yaml") as daemon:
            self.assertEqual(self.nc(daemon, b"hello\nworld\n"), b"HELLO\nWORLD\n")
            self.assertEqual(self.socat(daemon, b"no newline"), b"NO NEWLINE")
            text = b"the quick brown fox\n" * 50000
            self.assertTrue(self.nc(daemon, text) == text.upper())
            self.assertEqual(self.nc(daemon, b"x" * 100000 + b"\nshort\n"), b"SHORT\n")  # max_line

    def test_fortune(self):
        fortunes = (axond.SOURCE / "etc/fortunes").read_text().split("%\n")
        with axond.Axond("etc/fortune.yaml") as daemon:
            began = time.monotonic()
            told = self.nc(daemon, b"").decode()  # sends nothing, and hears it to the end all the same
            self.assertIn(told, fortunes)
            self.assertGreater(time.monotonic() - began, (len(told) - 8) / 40)

        with axond.Axond("etc/fortune.yaml", env={"RATE": "100000"}) as daemon:
            told = {daemon.ask(b"").decode() for _ in range(50)}
            self.assertGreater(len(told), 3)
            self.assertLessEqual(told, set(fortunes))

    def test_introspect(self):
        view = axond.free_port()
        with axond.Axond("etc/introspect.yaml", env={"VIEW_PORT": str(view)}) as daemon:
            with axond.Process(self.need("nc"), "-d", "127.0.0.1", view) as picture:
                picture.wait_line('^DEL ALL$', "stdout")
                picture.wait_line('^ADD NODE "server" "TCPServer" randompos component$', "stdout")
                picture.wait_line('^ADD LINK "server.o.protocolHandlerSignal" "echo.i.inbox"$', "stdout")
                picture.wait_line('^ADD NODE "viewer/1" "Introspector" randompos component$', "stdout")
                with daemon.connect() as client:
                    client.sendall(b"hello")
                    self.assertEqual(axond.receive(client, 5), b"hello")
                    picture.wait_line('^ADD NODE "echo/1" "EchoProtocol" randompos component$', "stdout")
                    picture.wait_line('^ADD LINK "server/1.o.outbox" "echo/1.i.inbox"$', "stdout")
                picture.wait_line('^DEL LINK "server/1.o.outbox" "echo/1.i.inbox"$', "stdout")
                picture.wait_line('^DEL NODE "echo/1"$', "stdout")
                self.assertEqual(picture.stdout.count("DEL ALL"), 1)
                self.assertEqual(picture.stdout.count('ADD NODE "server" '), 1)

    def test_chat(self):  # test_chat.py has a crowd
        with axond.Axond("etc/chat.yaml") as daemon, daemon.connect() as other:
            axond.wait_for(lambda: "room.subscriber" in daemon.ctl("linkages"), "the first to be there")
            self.assertEqual(self.nc(daemon, b"hello\nworld\n"), b"hello\nworld\n")
            self.assertEqual(axond.receive(other, 12), b"hello\nworld\n")

    def test_lines_to_file(self):
        path = self.directory() / "lines.log"
        with axond.Axond("etc/lines-to-file.yaml", env={"FILE": str(path)}) as daemon:
            self.nc(daemon, b"hello\nworld\n")
            self.nc(daemon, b"no newline")
            self.nc(daemon, b"x" * 100000 + b"\nshort\n")  # max_line
            lines = b"hello\nworld\nno newline\nshort\n"
            axond.wait_for(lambda: len(path.read_bytes()) >= len(lines), "the lines")
            self.assertEqual(path.read_bytes(), lines)

    def test_tail_to_tcp(self):
        path = self.directory() / "lines.log"
        path.write_bytes(b"old\n")
        with axond.Axond("etc/tail-to-tcp.yaml", env={"FILE": str(path)}) as daemon:
            clients = [daemon.connect() for _ in range(3)]
            axond.wait_for(lambda: daemon.ctl("status", json=True)["connections"]["now"] == 3, "three readers")
            with path.open("ab") as file:
                file.write(b"one\ntwo\nunfinished")
            for client in clients:
                self.assertEqual(axond.receive(client, 8), b"one\ntwo\n")
            clients[0].shutdown(socket.SHUT_WR)
            self.assertEqual(axond.receive_all(clients[0]), b"unfinished")

    def redis(self, stack):
        """A redis-server of the test's own; returns its port."""
        port = axond.free_port()
        stack.enter_context(axond.Process(self.need("redis-server"), "--port", port, "--bind", "127.0.0.1",
                                          "--save", "", "--dir", self.directory()))

        def answers():
            with contextlib.suppress(ConnectionRefusedError):
                return axond.connect(port)

        axond.wait_for(answers, "redis-server to listen").close()
        return port

    def test_proxy(self):
        cli, benchmark = self.need("redis-cli"), self.need("redis-benchmark")
        with contextlib.ExitStack() as stack:
            backend = self.redis(stack)
            daemon = stack.enter_context(axond.Axond("etc/proxy.yaml", env={"BACKEND": str(backend)}))
            self.assertEqual(self.pipe(b"", cli, "-p", daemon.port, "ping"), b"PONG\n")
            value = b"v" * 5_000_000
            self.assertEqual(self.pipe(value, cli, "-p", daemon.port, "-x", "set", "key"), b"OK\n")
            self.assertTrue(self.pipe(b"", cli, "-p", daemon.port, "get", "key") == value + b"\n")

            done = subprocess.run([benchmark, "-p", str(daemon.port), "-q", "-n", "2000", "-c", "20"],
                                  capture_output=True, text=True, timeout=5 * axond.PATIENCE)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("SET: ", done.stdout)
            self.assertIn("MSET (10 keys): ", done.stdout)
            self.assertNotIn("Error", done.stdout + done.stderr)
            axond.wait_for(lambda: daemon.fds() < 15, "every connection to be closed")

    def test_handover(self):  # test_upgrade.py and the tests with systemd start it anew
        backend = Backend(echo)
        with axond.Axond("etc/handover.yaml", env={"BACKEND": str(backend.port)}) as daemon:
            self.check_echo(daemon)

    def test_throttle(self):
        cli = self.need("redis-cli")
        with contextlib.ExitStack() as stack:
            limits = {"BACKEND": str(self.redis(stack)), "UP": "10MB", "DOWN": "1MB"}
            daemon = stack.enter_context(axond.Axond("etc/throttle.yaml", env=limits))
            value = b"v" * 900_000
            self.assertEqual(self.pipe(value, cli, "-p", daemon.port, "-x", "set", "key"), b"OK\n")
            began = time.monotonic()
            self.assertTrue(self.pipe(b"", cli, "-p", daemon.port, "get", "key") == value + b"\n")
            self.assertGreater(time.monotonic() - began, 0.5)  # (900,000 - 256 KiB) / 1,000,000 - 0.1

    def test_console(self):
        with contextlib.ExitStack() as stack:
            backend = self.redis(stack)
            axond_on = [axond.AXOND, "-s", self.directory() / "control.sock", axond.SOURCE / "etc/console.yaml"]
            done = subprocess.run([str(word) for word in axond_on], input=b"ping\necho hello",
                                  timeout=axond.PATIENCE,
                                  capture_output=True, env={**os.environ, "BACKEND": str(backend)})
            self.assertEqual(done.stdout, b"+PONG\r\n$5\r\nhello\r\n", done.stderr)
            self.assertEqual(done.returncode, 0)

    def test_proxy_without_a_backend(self):
        with axond.Axond("etc/proxy.yaml", env={"BACKEND": str(axond.free_port())}) as daemon:
            self.assertEqual(self.nc(daemon, b"anybody?\n"), b"")
            daemon.wait_line("proxy/1 .*: could not connect to 127.0.0.1:")


axond.main()
