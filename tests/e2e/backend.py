"""Backends for a proxy under test, in threads of the test's own."""

import contextlib
import socket
import threading

import axond


class Backend:
    """A listening socket; each connection is handed to a function in a thread of its own."""

    def __init__(self, serve, address=("127.0.0.1", 0), family=socket.AF_INET):
        self.serve = serve
        self.socket = socket.socket(family)
        if family != socket.AF_UNIX:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(address)
        self.socket.listen(512)
        self.connections = 0
        self.failures = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self):
        return self.socket.getsockname()[1]

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self.socket.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        sock.settimeout(axond.PATIENCE)
        with sock:
            try:
                self.serve(sock)
            except Exception as failure:  # for the test's own thread
                self.failures.append(failure)

    def __enter__(self):
        return self

    def __exit__(self, kind, failure, traceback):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)  # wakes accept()
        self.socket.close()
        if kind is None and self.failures:
            raise self.failures[0]


def echo(sock):
    while data := sock.recv(1 << 16):
        sock.sendall(data)


def full_listener(address="127.0.0.1", port=0):
    """A socket that answers no SYN, as its backlog is full, and what fills it."""
    listener = socket.socket()
    listener.bind((address, port))
    listener.listen(0)
    fillers = []
    for _ in range(4):
        filler = socket.socket()
        filler.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            filler.connect(listener.getsockname())
        fillers.append(filler)
    return listener, fillers
