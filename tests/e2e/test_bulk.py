"""Bulk through a proxy: it goes from socket to socket by pipes, and nobody can tell but by the cost."""

import contextlib
import functools
import hashlib
import math
import os
import queue
import random
import resource
import socket
import struct
import threading

import axond
from backend import Backend, echo

# The kernel may keep tens of megabytes for a reader that was fast; here it keeps what is little to SIZE.
PROXY = """
components:
  server: {type: TCPServer, host: 127.0.0.1, listenport: "${PORT}", socketOptions: [[SOL_SOCKET, SO_RCVBUF, 200000]]}
  proxy:
    type: ProtocolHandler
    protocol: {type: TCPClient, host: 127.0.0.1, port: %s, socketOptions: [%s]}
linkages:
  - server -> proxy
"""

UNSENT = 1 << 20  # what a socket may hold and has not sent, when bulk goes through it
SEGMENT = 1 << 16

SIZE = 20_000_000 if axond.SANITIZED else 40_000_000  # more than all buffers on the way hold


@functools.cache
def noise(size):
    return random.Random(1).randbytes(size)


def pipes(daemon):
    """How many ends of pipes the daemon has open."""
    count = 0
    for entry in os.scandir(f"/proc/{daemon.pid}/fd"):
        with contextlib.suppress(FileNotFoundError):
            count += os.readlink(entry.path).startswith("pipe:")
    return count


def unsent_to(port):
    """Bytes that wait in the sockets connected to this port, once their readers take nothing any more (proc(5))."""
    rows = [row for row in axond.tcp_table() if row[2].endswith(f":{port:04X}")]
    return sum(int(row[4].partition(":")[0], 16) for row in rows)


class Sink(Backend):
    """Takes as much as it may, and answers the end with the digest of all."""

    def __init__(self, ready=True):
        self.portions = queue.Queue()
        if ready:
            self.go()
        super().__init__(self.digest)

    def go(self, size=math.inf):
        """It may take so many bytes more."""
        self.portions.put(size)

    def digest(self, sock):
        digest, data = hashlib.sha256(), True
        while data:
            left = self.portions.get(timeout=axond.PATIENCE)
            while left > 0 and (data := sock.recv(min(left, 1 << 16))):
                digest.update(data)
                left -= len(data)
        sock.sendall(digest.digest())


class Bulk(axond.TestCase):
    def proxy_to(self, backend, options=""):
        return axond.Axond(PROXY % (backend.port, options))

    def fill_pipes(self, daemon, sock, backend, data):
        """Sends until nothing goes any more and what waits does so in pipes; returns how much went."""
        before = pipes(daemon)
        sent = daemon.fill(sock, data)
        while pipes(daemon) == before:  # who reads what comes at once may see no bulk in it: let some gather
            backend.go(1 << 20)
            sent += daemon.fill(sock, data[sent:])
        return sent

    def test_arrives_as_it_was_sent_both_ways_at_once(self):
        data = noise(SIZE)
        with Backend(echo) as backend, self.proxy_to(backend) as daemon:
            self.assertTrue(daemon.ask(data) == data)

    def test_goes_by_pipes_and_waits_in_them(self):
        data = noise(SIZE)
        with Sink(ready=False) as backend, self.proxy_to(backend) as daemon:
            before, memory = pipes(daemon), daemon.rss()
            sock = daemon.connect()
            sent = self.fill_pipes(daemon, sock, backend, data)
            self.assertEqual(pipes(daemon), before + 2)  # both ends of one
            self.assertLessEqual(unsent_to(backend.port), UNSENT + SEGMENT)
            if not axond.SANITIZED:
                self.assertLess(daemon.rss() - memory, 1_000_000)
            backend.go()
            sock.sendall(data[sent:])
            sock.shutdown(socket.SHUT_WR)
            self.assertEqual(axond.receive_all(sock), hashlib.sha256(data).digest())
            axond.wait_for(lambda: pipes(daemon) == before, "the pipes to be closed")

    def test_waits_in_the_socket_as_long_as_an_option_says(self):
        data = noise(SIZE)
        with Sink(ready=False) as backend:
            with self.proxy_to(backend, "[IPPROTO_TCP, TCP_NOTSENT_LOWAT, 100000]") as daemon:
                sock = daemon.connect()
                sent = self.fill_pipes(daemon, sock, backend, data)
                backend.go(1 << 20)  # what waits in a pipe is written now
                daemon.fill(sock, data[sent:])
                self.assertLessEqual(unsent_to(backend.port), 100000 + SEGMENT)
            backend.go()

    def test_small_messages_after_it_are_copied_again(self):
        data = noise(SIZE)
        with Backend(echo) as backend, self.proxy_to(backend) as daemon:
            before = pipes(daemon)
            sock = daemon.connect()
            sender = threading.Thread(target=sock.sendall, args=(data,))
            sender.start()
            self.assertTrue(axond.receive(sock, SIZE) == data)
            sender.join()
            for _ in range(20):
                sock.sendall(b"small")
                self.assertEqual(axond.receive(sock, 5), b"small")
            self.assertEqual(pipes(daemon), before)

    def test_can_be_tapped_on_its_way_and_loses_nothing(self):
        data = noise(SIZE)
        with Sink(ready=False) as backend, self.proxy_to(backend) as daemon:
            sock = daemon.connect()
            sent = self.fill_pipes(daemon, sock, backend, data)
            with daemon.ctl_stream("--json", "tap", "server/1.outbox", "--count", "20") as tap:
                axond.wait_for(lambda: daemon.ctl("show", "server/1.outbox", json=True) and True)
                backend.go()
                sender = threading.Thread(target=sock.sendall, args=(data[sent:],))
                sender.start()
                tap.wait()
            self.assertEqual(len(tap.stdout.splitlines()), 20)
            sender.join()
            sock.shutdown(socket.SHUT_WR)
            self.assertEqual(axond.receive_all(sock), hashlib.sha256(data).digest())

    def test_a_reset_of_the_client_leaves_no_pipe_behind(self):
        with Sink(ready=False) as backend, self.proxy_to(backend) as daemon:
            before, before_pipes = daemon.fds(), pipes(daemon)
            sock = daemon.connect()
            self.fill_pipes(daemon, sock, backend, noise(SIZE))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.close()
            backend.go()
            axond.wait_for(lambda: daemon.fds() == before, "the descriptors to be closed")
            self.assertEqual(pipes(daemon), before_pipes)

    def test_without_descriptors_for_pipes_it_is_copied(self):
        data = noise(SIZE)
        with Backend(echo) as backend, self.proxy_to(backend) as daemon:
            sock = daemon.connect()
            sock.sendall(b"x")
            self.assertEqual(axond.receive(sock, 1), b"x")
            before = daemon.fds_at_rest()
            resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, (before + 1, before + 1))
            sender = threading.Thread(target=sock.sendall, args=(data,))
            sender.start()
            self.assertTrue(axond.receive(sock, SIZE) == data)
            sender.join()
            self.assertEqual(daemon.fds(), before)

    def test_counts_as_other_bytes_do(self):
        with Sink() as backend, self.proxy_to(backend) as daemon:
            sock = daemon.connect()
            sock.sendall(bytes(SIZE))
            axond.wait_for(lambda: self.passed(daemon) == SIZE, "all bytes to be counted")
            sock.shutdown(socket.SHUT_WR)
            axond.receive_all(sock)

    @staticmethod
    def passed(daemon):
        shown = daemon.ctl("linkages", "server/1**", json=True)
        return max(linkage["bytes"] for linkage in shown["linkages"])


axond.main()
