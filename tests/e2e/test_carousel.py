"""Carousel, with orders that come from the network: whom to connect to is said by clients, a port in each line."""

import socket

import axond

GRAPH = """
graphs:
  orders:
    components:
      lines: {type: LineFramer, strip_newline: true}
    linkages:
      - self -> lines
      - lines.outbox -> /calls.next
components:
  server: {type: TCPServer, host: 127.0.0.1, listenport: "${PORT}"}
  orders: {type: ProtocolHandler, protocol: orders}
  calls: {type: Carousel, component: {type: TCPClient, host: 127.0.0.1}, argument: port}
  heard: {type: ConsoleEchoer}
linkages:
  - server -> orders
  - calls.outbox -> heard.inbox
"""


class Orders(axond.TestCase):
    def listener(self):
        sock = socket.create_server(("127.0.0.1", 0))
        sock.settimeout(axond.PATIENCE)
        self.addCleanup(sock.close)
        return sock, sock.getsockname()[1]

    def statistics(self, daemon):
        values = daemon.ctl("show", "calls", json=True)["statistics"]
        return {value["name"]: value["value"] for value in values}

    def test_each_makes_a_new_child_in_place_of_the_one_before(self):
        one, one_port = self.listener()
        two, two_port = self.listener()
        with axond.Axond(GRAPH) as daemon:
            client = daemon.connect()
            client.sendall(b"%d\n" % one_port)
            first = one.accept()[0]
            first.sendall(b"hello from one\n")
            daemon.wait_line("hello from one", stream="stdout")
            client.sendall(b"%d\n" % two_port)
            second = two.accept()[0]
            self.assertEqual(first.recv(1), b"")  # it has made way
            second.sendall(b"hello from two\n")
            daemon.wait_line("hello from two", stream="stdout")
            shown = daemon.ctl("show", "calls/2", json=True)
            self.assertIn(str(two_port), [value["value"] for value in shown["parameters"]])
            first.close()
            second.close()

    def test_what_won_t_do_is_refused_and_ends_nothing(self):
        listener, port = self.listener()
        with axond.Axond(GRAPH) as daemon:
            client = daemon.connect()
            client.sendall(b"99999\n")
            daemon.wait_line(r'calls: order 1 is not carried out: TCPClient: port must be .* got "99999"')
            client.sendall(b"${PORT}\n\xff\xfe\na\0b\n%d: x\n" % port)
            axond.wait_for(lambda: self.statistics(daemon)["refused"] == 5, "the refusals")
            self.assertIn('got "${PORT}"', daemon.stderr)
            client.sendall(b"%d\n" % port)
            listener.accept()[0].close()

    def test_clients_can_not_fill_the_log_with_it(self):
        listener, port = self.listener()
        with axond.Axond(GRAPH) as daemon:
            client = daemon.connect()
            client.sendall(b"nonsense\n" * 5000 + b"%d\n" % port)
            listener.accept()[0].close()
            self.assertEqual(self.statistics(daemon)["refused"], 5000)
            self.assertLess(daemon.stderr.count("is not carried out"), 500)  # a few every 10 s


axond.main()
