"""Frames and chunks over real sockets, from clients that mean well and from others."""

import os

import axond

GRAPH = """
graphs:
  frames:
    components:
      read: {type: DeFramer, max_frame: 64KiB}
      write: {type: Framer, max_frame: 64KiB}
    linkages: [self -> read -> write -> self]
  chunks:
    components:
      find: {type: DataDeChunker, max_chunk: 64KiB}
      lines: {type: PureTransformer, function: suffix, text: "\\n"}
    linkages: [self -> find -> lines -> self]
components:
  framed: {type: TCPServer, host: 127.0.0.1, listenport: "${PORT}"}
  framing: {type: ProtocolHandler, protocol: frames}
  chunked: {type: TCPServer, host: 127.0.0.1, listenport: "${CHUNKED}"}
  chunking: {type: ProtocolHandler, protocol: chunks}
linkages:
  - framed -> framing
  - chunked -> chunking
"""
SYNC = b"X" * 24


def frame(tag, data):
    return b"%d %d\n" % (tag, len(data)) + data


class Framing(axond.TestCase):
    def axond(self):
        self.chunked = axond.free_port()
        return axond.Axond(GRAPH, env={"CHUNKED": str(self.chunked)})

    def test_frames_come_back_as_they_were_sent(self):
        stream = b"".join(frame(i, os.urandom(i * 37 % 5000)) for i in range(1000))
        with self.axond() as daemon:
            self.assertTrue(daemon.ask(stream) == stream)

    def test_a_client_that_sends_no_frames_is_hung_up_on_and_no_other(self):
        with self.axond() as daemon, daemon.connect() as good:
            good.sendall(b"1 5\nhel")
            for garbage in (b"GET / HTTP/1.1\r\n\r\n", b"1 -5\nhello", b"1 99999\n", bytes(range(256)), b"x" * 100000):
                with daemon.connect() as bad:
                    bad.sendall(frame(7, b"before it") + garbage)
                    self.assertEqual(axond.receive(bad, 13), frame(7, b"before it"))
                    with self.subTest(garbage=garbage[:20]):
                        try:
                            self.assertEqual(bad.recv(1), b"")
                        except ConnectionResetError:
                            pass  # it had sent more than was read
            daemon.wait_line("framing/.*/read .*: no frame: a tag, a space, a length and a newline were expected")
            daemon.wait_line("framing/.*/read .*: a frame of 99999 bytes was announced, and max_frame is 65536")
            good.sendall(b"lo")
            self.assertEqual(axond.receive(good, 9), frame(1, b"hello"))

    def test_chunks_are_found_again_after_whatever_a_client_sends(self):
        with self.axond() as daemon:
            lost = b"the rest of a chunk" + SYNC + b"%zz" + SYNC + b"y" * 5_000_000
            stream = lost + SYNC + b"a%58b%25" + SYNC + SYNC + b"last"
            memory = daemon.rss()
            self.assertEqual(daemon.ask(stream, self.chunked), b"aXb%\n\nlast\n")
            daemon.wait_line("chunking/.*/find .*: dropped a chunk that is not escaped as it should be")
            if not axond.SANITIZED:
                self.assertLess(daemon.rss() - memory, 4 << 20)


axond.main()
