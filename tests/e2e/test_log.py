"""The log under peers that make a lot of noise."""

import re
import socket
import struct

import axond

NOISY = """
components:
  server: {type: TCPServer, host: 127.0.0.1, listenport: "${PORT}"}
  noisy: {type: ProtocolHandler, protocol: Framer}
linkages:
  - server -> noisy
"""
CONNECTIONS = 300


class Log(axond.TestCase):
    def test_warnings_of_many_connections_are_counted_not_printed(self):
        with axond.Axond(NOISY) as daemon:
            daemon.ctl("metrics")  # from now on, what connections count is kept
            for i in range(CONNECTIONS):
                self.assertEqual(daemon.ask(b"\n"), b"")  # a message without a tag: worth a warning
            metrics = daemon.ctl("metrics")
            daemon.stop()

        printed = re.findall(r"warning noisy/\d+ \(127.0.0.1:\d+\): dropped a message", daemon.stderr)
        held_back = re.findall(r"warning noisy: (\d+) more lines? of its connections w\w+ held back", daemon.stderr)
        self.assertEqual(len(printed) + sum(map(int, held_back)), CONNECTIONS)
        self.assertLess(len(printed), CONNECTIONS / 2)
        self.assertIn(f'axond_framer_untagged_messages_total{{component="noisy/*",type="Framer"}} {CONNECTIONS}\n',
                      metrics)
        self.assertGreater(int(re.search(r"^axond_log_held_back_lines_total (\d+)", metrics, re.M)[1]), 0)

    def test_connections_that_are_reset_say_nothing(self):
        with axond.Axond("etc/echo.yaml") as daemon:
            axond.wait_for(lambda: "running" in daemon.stderr, "the last line of the start")
            before = self.lines(daemon)
            for i in range(CONNECTIONS):
                with axond.connect(daemon.port) as sock:
                    sock.sendall(b"x")
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            failed = "axond_tcp_server_failed_connections_total"
            axond.wait_for(lambda: daemon.ctl("status", json=True)["connections"]["now"] == 0, "all to be over")
            self.assertIn(failed, daemon.ctl("metrics"))
            self.assertEqual(daemon.ask(b"hello"), b"hello")
            self.assertEqual(self.lines(daemon), before)

    @staticmethod
    def lines(daemon):
        return axond.HELD.sub("", daemon.stderr).splitlines()


axond.main()
