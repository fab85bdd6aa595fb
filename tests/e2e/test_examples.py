"""Every graph in etc/, as it stands there, with the clients that people use."""

import contextlib
import subprocess
import time

import axond


class Examples(axond.TestCase):
    def pipe(self, data, *command, timeout=30):
        """What a client prints when it is given this on its standard input."""
        done = subprocess.run([str(word) for word in command], input=data, capture_output=True, timeout=timeout)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def nc(self, daemon, data):
        return self.pipe(data, self.need("nc"), "-N", "127.0.0.1", daemon.port)

    def socat(self, daemon, data):
        return self.pipe(data, self.need("socat"), "-t10", "-", f"TCP:127.0.0.1:{daemon.port}")

    def test_all_are_here(self):
        tested = {name[len("test_"):] + ".yaml" for name in dir(self) if name.startswith("test_")}
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

    def test_greeting(self):
        with axond.Axond("etc/greeting.yaml") as daemon:
            self.assertEqual(self.nc(daemon, b"hello\n"), b"welcome\nhello\n")
            data = bytes(range(256)) * 4096
            self.assertTrue(self.nc(daemon, data) == b"welcome\n" + data)

    def test_greeting_of_one_who_says_nothing(self):
        with axond.Axond("etc/greeting.yaml", env={"IDLE": "200ms"}) as daemon:
            sock = daemon.connect()
            began = time.monotonic()
            self.assertEqual(axond.receive_all(sock), b"welcome\n")
            self.assertGreater(time.monotonic() - began, 0.15)
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
                                  capture_output=True, text=True, timeout=100)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("SET: ", done.stdout)
            self.assertIn("MSET (10 keys): ", done.stdout)
            self.assertNotIn("Error", done.stdout + done.stderr)
            axond.wait_for(lambda: daemon.fds() < 15, "every connection to be closed")

    def test_proxy_without_a_backend(self):
        with axond.Axond("etc/proxy.yaml", env={"BACKEND": str(axond.free_port())}) as daemon:
            self.assertEqual(self.nc(daemon, b"anybody?\n"), b"")
            daemon.wait_line("proxy/1 .*: could not connect to 127.0.0.1:")


axond.main()
