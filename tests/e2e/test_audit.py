"""Connections by the thousand that share one inbox of the outer graph: /audit.inbox."""

import collections
import contextlib
import socket

import axond
from graphs import audited

CROWD = 200 if axond.SANITIZED else 2000
LINES = 100  # of each
LINE = 100   # bytes

# What is audited goes to a connection to the test.
GRAPH = audited("{type: TCPClient, host: 127.0.0.1, port: %d, boxes: {inbox: {size: 8KiB, when_full: %s}}}")


def line(name, count):
    return b"%s %d " % (name, count) + b"." * (LINE - len(b"%s %d \n" % (name, count))) + b"\n"


class Audited(axond.TestCase):
    def start(self, stack, when_full):
        """The daemon, and the connection that the audit goes to."""
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        daemon = stack.enter_context(axond.Axond(GRAPH % (listener.getsockname()[1], when_full)))
        listener.settimeout(axond.PATIENCE)
        audit = stack.enter_context(listener.accept()[0])
        audit.settimeout(axond.PATIENCE)
        return daemon, audit

    def fill(self, daemon, client):
        """Sends lines, and hears none of them, until nothing goes any more."""
        daemon.fill(client, line(b"first", 0) * 1_000_000)

    def test_all_wait_for_a_slow_audit_and_get_on_equally(self):
        with contextlib.ExitStack() as stack:
            daemon, audit = self.start(stack, "block")
            clients = [stack.enter_context(daemon.connect()) for _ in range(CROWD)]
            first = stack.enter_context(daemon.connect())
            self.fill(daemon, first)
            for number, client in enumerate(clients):
                client.sendall(b"".join(line(b"%d" % number, count) for count in range(LINES)))
            daemon.wait_rest()
            before = daemon.rss()

            heard = collections.Counter()
            stream = audit.makefile("rb")

            def hear(lines):
                while lines > 0:
                    name, count, _ = stream.readline().split()
                    if name != b"first":
                        self.assertEqual(int(count), heard[name])
                        heard[name] += 1
                        lines -= 1

            hear(CROWD * LINES // 2)
            if axond.WORKERS == 1:  # threads get on as the machine lets them
                self.assertEqual(len(heard), CROWD)
                self.assertGreaterEqual(min(heard.values()), LINES // 4)
            if not axond.SANITIZED:
                self.assertLess(daemon.rss() - before, 64 << 20)
            hear(CROWD * LINES // 2)
            self.assertEqual(set(heard.values()), {LINES})
            for client in clients:
                axond.receive(client, LINES * LINE)

    def test_with_drop_newest_nobody_waits_and_what_is_dropped_is_counted(self):
        with contextlib.ExitStack() as stack:
            daemon, audit = self.start(stack, "drop_newest")
            client = stack.enter_context(daemon.connect())
            text = b"".join(line(b"x", count) for count in range(1000))
            for _ in range(200):  # far more than the sockets to the audit hold
                client.sendall(text)
                self.assertEqual(axond.receive(client, len(text)), text)

            def dropped():
                return [one["dropped"] for one in daemon.ctl("linkages", "visitors/**", json=True)["linkages"]
                        if one["from"].endswith("copy.outbox2")]

            self.assertGreater(dropped()[0], 0)
            self.assertIn("has dropped", daemon.ctl("status"))

    def test_those_who_leave_while_they_wait_hold_nobody_up(self):
        with contextlib.ExitStack() as stack:
            daemon, audit = self.start(stack, "block")
            first = stack.enter_context(daemon.connect())
            self.fill(daemon, first)
            clients = [stack.enter_context(daemon.connect()) for _ in range(50)]
            for number, client in enumerate(clients):
                client.sendall(line(b"%d" % number, 0))
            axond.wait_for(lambda: daemon.ctl("status", json=True)["connections"]["now"] == 51, "all to be there")
            for client in clients[::2]:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                client.close()

            awaited = {b"%d" % number for number in range(1, 50, 2)}
            stream = audit.makefile("rb")
            while awaited:
                awaited.discard(stream.readline().split()[0])


axond.main()
