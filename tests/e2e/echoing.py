"""Many clients at once that check every byte that comes back to them.

    with echoing.Clients(daemon.port, 50) as clients:
        clients.wait_echoed(1000)
"""

import random
import selectors
import socket
import threading

import axond

BYTES = random.Random(1).randbytes(1 << 16)
MOST = 8192  # bytes of one message


class Client:
    """One of them: sends a message, waits for the whole of it, sends the next."""

    def __init__(self, address, lasts):
        self.sock = axond.connect(address)
        self.sock.setblocking(False)
        self.left = lasts  # messages; None: no end
        self.expected = memoryview(b"")
        self.unsent = memoryview(b"")

    def begin(self):
        start = random.randrange(len(BYTES) - MOST)
        self.expected = self.unsent = memoryview(BYTES)[start:start + random.randint(1, MOST)]
        self.push()

    def push(self):
        if self.unsent:
            try:
                self.unsent = self.unsent[self.sock.send(self.unsent):]
            except BlockingIOError:
                pass

    def pull(self):
        """Returns true once the message is back."""
        data = self.sock.recv(MOST)
        if not data:
            raise AssertionError(f"closed with {len(self.expected)} bytes to come")
        if data != self.expected[:len(data)]:
            raise AssertionError("other bytes came back than were sent")
        self.expected = self.expected[len(data):]
        self.push()
        return not self.expected


class Clients:
    """So many of them, in a thread.  Leaving the "with" fails with what went wrong first.

    lasts: messages after which a client closes and another comes in its place; None: it stays
    """

    def __init__(self, address, count, lasts=None):
        self.address = address
        self.count = count
        self.lasts = lasts
        self.echoed = 0  # messages
        self.connected = 0
        self.problem = None
        self._goes_on = True
        self._selector = selectors.DefaultSelector()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        for number in range(self.count):
            self._add(self.lasts if self.lasts is None else 1 + number % self.lasts)
        self._thread.start()
        return self

    def __exit__(self, *failure):
        self._goes_on = False
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            key.data.sock.close()
        self._selector.close()
        if self.problem is not None and failure[0] is None:
            raise AssertionError(f"after {self.echoed} messages: {self.problem!r}")

    def _add(self, lasts):
        client = Client(self.address, lasts)
        self._selector.register(client.sock, selectors.EVENT_READ, client)
        self.connected += 1
        client.begin()

    def _run(self):
        try:
            while self._goes_on:
                for key, _ in self._selector.select(0.1):
                    if key.data.pull():
                        self._next(key.data)
        except Exception as problem:
            self.problem = problem

    def _next(self, client):
        self.echoed += 1
        if client.left is not None:
            client.left -= 1
            if client.left == 0:
                self._selector.unregister(client.sock)
                client.sock.shutdown(socket.SHUT_WR)
                client.sock.close()
                self._add(self.lasts)
                return
        client.begin()

    def wait_echoed(self, more):
        """Waits for so many more messages."""
        goal = self.echoed + more
        axond.wait_for(lambda: self.echoed >= goal or self.problem is not None, "echoes")
        if self.problem is not None:
            raise AssertionError(f"after {self.echoed} messages: {self.problem!r}")
