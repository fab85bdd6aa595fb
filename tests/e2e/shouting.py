"""A graph with some of everything: connections that shout back, a chassis, and what nothing reaches.

    class Control(shouting.TestCase):
        def test_status(self):
            daemon = self.start()
            sock = self.chat(daemon)
"""

import axond

SHOUT = """\
graphs:
  shout:
    components:
      lines: {type: LineFramer, max_line: 1KiB}
      upper: {type: PureTransformer, function: upper}
    linkages:
      - self -> lines -> upper -> self
components:
  server:   {type: TCPServer, host: 127.0.0.1, listenport: "${PORT}"}
  shouting: {type: ProtocolHandler, protocol: shout}
  pipe:     {type: Pipeline, components: [{type: PassThrough}, {type: PureTransformer, function: lower}]}
  sink:     {type: NullSink}
linkages:
  - server -> shouting
  - pipe -> sink
"""


class TestCase(axond.TestCase):
    def start(self, graph=SHOUT, **more):
        return self.enterContext(axond.Axond(graph, **more))

    def chat(self, daemon):
        """A connection that has been answered once."""
        sock = daemon.connect()
        sock.sendall(b"hello\n")
        self.assertEqual(axond.receive(sock, 6), b"HELLO\n")
        return sock
