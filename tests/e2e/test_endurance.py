"""What must not add up: reloads, connections, failures, each many times over."""

import resource

import axond
import echoing
from graphs import ECHO

# The same to a client, by other components.
ALSO_ECHO = """\
graphs:
  through:
    components:
      first: {type: PassThrough}
      second: {type: PassThrough}
    linkages:
      - self -> first -> second -> self
""" + ECHO.replace("EchoProtocol", "through")
FAILING = ECHO.replace("linkages:", "  other: {type: TCPServer, host: 192.0.2.1, listenport: 80}\nlinkages:") \
    + "  - other -> echo\n"

FEWER = 10 if axond.SANITIZED else 1  # of everything, where it is ten times slower


class Endurance(axond.TestCase):
    def assert_no_growth(self, before, after, room):
        """Memory, in bytes; not measured under a sanitizer, which keeps what was freed."""
        if not axond.SANITIZED:
            self.assertLess(after - before, room)

    def test_500_reloads_under_50_clients_lose_no_byte_and_keep_nothing(self):
        count = 500 // FEWER
        with axond.Axond(ECHO, ["-l", "error"]) as daemon:
            self.assertEqual(daemon.ask(b"hello"), b"hello")
            idle = daemon.fds_at_rest()
            with echoing.Clients(daemon.port, 25) as staying, \
                 echoing.Clients(daemon.port, 25, lasts=40) as coming:
                for times in range(1, count + 1):
                    daemon.reload((ALSO_ECHO, ECHO)[times % 2])
                    coming.wait_echoed(5)
                    if times == count // 5:
                        before = daemon.rss()
                staying.wait_echoed(100)
                coming.wait_echoed(100)
                self.assert_no_growth(before, daemon.rss(), 2 << 20)
            axond.wait_for(lambda: daemon.fds() == idle, "every descriptor to be closed")
            self.assertGreater(coming.connected, 50)
            self.assertEqual(daemon.ask(b"hello"), b"hello")

    def test_500_refused_reloads_keep_nothing(self):
        count = 500 // FEWER
        with axond.Axond(ECHO, ["-l", "notice"], under=("sh", "-c", 'exec "$@" 2>/dev/null', "sh")) as daemon:
            idle = daemon.fds()
            with echoing.Clients(daemon.port, 10) as clients:
                for times in range(1, count + 1):
                    daemon.reload((FAILING, "components: [", ECHO.replace("echo", "ekko", 1))[times % 3])
                    if times == count // 5:
                        before = daemon.rss()
                clients.wait_echoed(100)
                self.assert_no_growth(before, daemon.rss(), 1 << 20)
            axond.wait_for(lambda: daemon.fds() == idle, "every descriptor to be closed")
            self.assertEqual(daemon.ask(b"hello"), b"hello")

    def test_thousands_of_connections_leave_nothing_behind(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        count = min(2000 // FEWER, hard - 100)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count + 100), hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        with axond.Axond(ALSO_ECHO) as daemon:
            idle = daemon.fds()
            for turn in range(5):
                clients = [axond.connect(daemon.port) for _ in range(count)]
                for client in clients:
                    client.sendall(b"hello")
                for client in clients:
                    self.assertEqual(axond.receive(client, 5), b"hello")
                self.assertEqual(daemon.fds(), idle + count)
                for number, client in enumerate(clients):
                    if number % 2 == 0:  # the others are reset, with what they have not read
                        client.sendall(b"more")
                    client.close()
                axond.wait_for(lambda: daemon.fds() == idle, "every descriptor to be closed")
                if turn == 0:
                    before = daemon.rss()
            self.assert_no_growth(before, daemon.rss(), 2 << 20)  # what is cached comes and goes
            self.assertEqual(daemon.ask(b"hello"), b"hello")

    def test_clients_without_descriptors_to_serve_them_wait_and_cost_nothing(self):
        count = 60
        with axond.Axond(ECHO, under=(self.need("prlimit"), "--nofile=40")) as daemon:
            idle = daemon.fds()
            clients = [axond.connect(daemon.port) for _ in range(count)]
            for client in clients:
                client.sendall(b"hello")
            daemon.wait_line("warning server: accepting no more connections for now: Too many open files")
            wakeups = daemon.wakeups()
            axond.wait_for(lambda: daemon.wakeups() > wakeups, "another try")
            daemon.wait_rest(0.5)  # it tries once a second
            served = 0
            for client in axond.in_order_of_answers(clients):
                self.assertEqual(axond.receive(client, 5), b"hello")
                client.close()
                served += 1
            daemon.wait_line("notice server: accepting connections again")
            axond.wait_for(lambda: daemon.fds() == idle, "every descriptor to be closed")

            self.assertEqual(served, count)


axond.main()
