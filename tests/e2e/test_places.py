"""A limit of connections is there: whoever waits comes in after a bounded number of others."""

import collections
import itertools
import os
import pathlib

import axond

PLACES = 4
WAITING = 4  # at least so many at each worker
CHURN = 15  # so many come later, in the place of those who have come in

ONE = """\
daemon: {limits: {connections: %d}}
components:
  server: {type: TCPServer, host: 127.0.0.1, listenport: "${PORT}", max_connections: %d}
  echo: {type: ProtocolHandler, protocol: EchoProtocol}
linkages:
  - server -> echo
"""
TWO = """\
daemon: {limits: {connections: %d}}
components:
  server: {type: TCPServer, host: 127.0.0.1, listenport: "${PORT}"}
  echo: {type: ProtocolHandler, protocol: EchoProtocol}
  other: {type: TCPServer, host: 127.0.0.1, listenport: "${OTHER}"}
  echo2: {type: ProtocolHandler, protocol: EchoProtocol}
linkages:
  - server -> echo
  - other -> echo2
"""


def queues(daemon):
    """How many wait to be accepted, by the address and inode of each listening socket of the daemon."""
    folder = pathlib.Path(f"/proc/{daemon.pid}/fd")
    own = {os.readlink(fd) for fd in folder.iterdir() if fd.is_symlink()}
    rows = itertools.takewhile(lambda row: row[3] == "0A", axond.tcp_table())
    return {(row[1], row[9]): int(row[4].partition(":")[2], 16) for row in rows if f"socket:[{row[9]}]" in own}


class Crowd:
    """Clients that wait, and those that have come in, by the listening socket that they came by."""

    def __init__(self, daemon):
        self.daemon = daemon
        self.waiting = set()
        self.inside = collections.deque()

    def come(self, port=None):
        client = self.daemon.connect(port)
        client.sendall(b"in?")
        self.waiting.add(client)

    def fill(self, port=None, most=PLACES):
        """So many come in."""
        while len(self.inside) < most:
            self.come(port)
            self.next()

    def next(self, count=1):
        """The next ones that come in: nobody else may."""
        def arrivals():
            arrived = {client for client in self.waiting if axond.has_more(client)}
            return arrived if len(arrived) >= count else None

        arrived = axond.wait_for(arrivals, f"{count} of {len(self.waiting)} to come in")
        assert len(arrived) == count, f"{len(arrived)} have come in"
        for client in arrived:
            assert axond.receive(client, 3) == b"in?"
        self.waiting -= arrived
        self.inside += arrived

    def leave(self, which=0):
        client = self.inside[which]
        del self.inside[which]
        client.close()


class Places(axond.TestCase):
    def assert_fair(self, daemon, crowd):
        """As long as somebody waits at a socket, few come in by others before one comes in by it."""
        churn = CHURN
        before = queues(daemon)
        passed_over = dict.fromkeys(before, 0)
        bound = len(before)  # each of the others once; and one is just finding out that nobody waits
        while crowd.waiting:
            crowd.leave(-1)  # of the server that has just let one in: it sees it first
            crowd.next()
            now = self.queued(daemon, crowd)
            came_by, = [queue for queue in before if now[queue] == before[queue] - 1]
            for queue in before:
                passed_over[queue] = 0 if queue == came_by or before[queue] == 0 else passed_over[queue] + 1
                self.assertLessEqual(passed_over[queue], bound, f"{now}")
            if churn > 0:
                churn -= 1
                crowd.come()
                now = self.queued(daemon, crowd)
            before = now

    def queued(self, daemon, crowd):
        """The queues, once all who wait are in them and each server has seen to its own."""
        def look():
            now = queues(daemon)
            return now if daemon.asleep() and sum(now.values()) == len(crowd.waiting) else None

        return axond.wait_for(look, "all to be in a queue")

    def gather(self, daemon, crowd, ports):
        """Until enough wait at each socket."""
        while min(queues(daemon).values()) < WAITING:
            for port in ports:
                crowd.come(port)
        self.queued(daemon, crowd)

    def test_each_worker_accepts_in_turn(self):
        """Below either limit, and below both."""
        for limits, workers in ((0, PLACES), 2), ((0, PLACES), 3), ((PLACES, 0), 2), ((PLACES, 0), 3), \
                ((PLACES, PLACES), 3):
            with self.subTest(limits=limits, workers=workers), \
                    axond.Axond(ONE % limits, args=["-w", workers]) as daemon:
                crowd = Crowd(daemon)
                crowd.fill()
                self.gather(daemon, crowd, [daemon.port])
                self.assert_fair(daemon, crowd)

    def test_and_each_server_does_on_each_worker(self):
        for workers in 1, 2:
            other = axond.free_port()
            with self.subTest(workers=workers), \
                    axond.Axond(TWO % PLACES, args=["-w", workers], env={"OTHER": str(other)}) as daemon:
                crowd = Crowd(daemon)
                crowd.fill()
                self.gather(daemon, crowd, [daemon.port, other])
                self.assert_fair(daemon, crowd)


class Changes(axond.TestCase):
    """Who waits is not forgotten, whatever becomes of those before him, and no place is there twice."""

    def crowd(self, daemon, waiting=20, ports=(None,)):
        crowd = Crowd(daemon)
        crowd.fill()
        for port, _ in itertools.product(ports, range(waiting)):
            crowd.come(port)
        daemon.wait_rest(0.1)
        return crowd

    def assert_full(self, daemon, crowd):
        """Nobody else comes in."""
        daemon.wait_rest(0.1)
        self.assertFalse(any(axond.has_more(client) for client in crowd.waiting))
        self.assertEqual(daemon.ctl("status", json=True)["connections"]["now"], len(crowd.inside))

    def assert_all_served(self, daemon, crowd, most=PLACES):
        """One after the other; and then there is room for as many as there was, and no more."""
        while crowd.waiting:
            crowd.leave()
            crowd.next()
        while crowd.inside:
            crowd.leave()
        axond.wait_for(lambda: daemon.ctl("status", json=True)["connections"]["now"] == 0, "all to have left")
        crowd.fill(most=most)
        for _ in range(10):
            crowd.come()
        self.assert_full(daemon, crowd)

    def reload(self, daemon, graph):
        daemon.write(graph)
        daemon.ctl("reload")

    def test_max_connections_is_set_to_more_to_less_and_to_none(self):
        for workers in 1, 3:
            with self.subTest(workers=workers), axond.Axond(ONE % (0, PLACES), args=["-w", workers]) as daemon:
                crowd = self.crowd(daemon)
                daemon.ctl("set", "server", f"max_connections={PLACES + 5}")
                crowd.next(5)
                self.assert_full(daemon, crowd)
                daemon.ctl("set", "server", f"max_connections={PLACES}")
                for _ in range(5):
                    crowd.leave()
                self.assert_full(daemon, crowd)
                crowd.leave()
                crowd.next()
                daemon.ctl("set", "server", "max_connections=0")
                crowd.next(len(crowd.waiting))
                daemon.ctl("set", "server", f"max_connections={PLACES}")
                self.assert_all_served(daemon, crowd)

    def test_a_reload_raises_the_limit_of_all_servers(self):
        for workers in 1, 3:
            with self.subTest(workers=workers), axond.Axond(ONE % (PLACES, 0), args=["-w", workers]) as daemon:
                crowd = self.crowd(daemon)
                self.reload(daemon, ONE % (PLACES + 5, 0))
                crowd.next(5)
                self.assert_full(daemon, crowd)
                self.reload(daemon, ONE % (0, 0))
                crowd.next(len(crowd.waiting))
                self.reload(daemon, ONE % (PLACES, 0))
                self.assert_all_served(daemon, crowd)

    def test_a_server_that_waits_is_replaced(self):
        for workers in 1, 3:
            graph = ONE % (PLACES, 0)
            with self.subTest(workers=workers), axond.Axond(graph, args=["-w", workers]) as daemon:
                crowd = self.crowd(daemon)
                self.reload(daemon, graph.replace("max_conn", "nodelay: false, max_conn"))
                self.assert_full(daemon, crowd)
                self.assert_all_served(daemon, crowd)

    def test_a_server_that_waits_goes_and_the_others_take_its_turn(self):
        for workers in 1, 3:
            other = axond.free_port()
            with self.subTest(workers=workers), \
                    axond.Axond(TWO % PLACES, args=["-w", workers], env={"OTHER": str(other)}) as daemon:
                crowd = self.crowd(daemon, ports=(other, daemon.port))
                gone = {client for client in crowd.waiting if client.getpeername()[1] == other}
                self.reload(daemon, ONE % (PLACES, 0))
                crowd.waiting -= gone
                self.assert_full(daemon, crowd)
                self.assert_all_served(daemon, crowd)

    def test_clients_that_give_up_hold_up_nobody(self):
        for graph in ONE % (0, PLACES), ONE % (PLACES, 0):
            with self.subTest(graph), axond.Axond(graph, args=["-w", 3]) as daemon:
                crowd = self.crowd(daemon)
                for _ in range(len(crowd.waiting) - 2):
                    crowd.waiting.pop().close()
                crowd.leave()
                crowd.next()
                crowd.leave()
                crowd.next()
                self.assert_all_served(daemon, crowd)


axond.main()
