"""A bus between connections: etc/chat.yaml with a crowd, slow readers, reloads, several rooms."""

import selectors
import socket
import time

import axond

CROWD = 1000
LINES = 1 if axond.SANITIZED else 2  # that each of them says


class Visitor:
    """One of a crowd; what it hears is kept, and what it says is sent as the socket takes it."""

    def __init__(self, port):
        self.sock = axond.connect(port, axond.PATIENCE)
        self.sock.setblocking(False)
        self.heard = bytearray()
        self.unsent = b""

    def push(self):
        if self.unsent:
            try:
                self.unsent = self.unsent[self.sock.send(self.unsent):]
            except BlockingIOError:
                pass

    def pull(self):
        try:
            data = self.sock.recv(1 << 18)
        except BlockingIOError:
            return
        if not data:
            raise AssertionError(f"disconnected after {len(self.heard)} bytes")
        self.heard += data


class Crowd:
    """So many visitors, who listen as long as they are here."""

    def __init__(self, port, count):
        self.visitors = [Visitor(port) for _ in range(count)]
        self._selector = selectors.DefaultSelector()
        for visitor in self.visitors:
            self._selector.register(visitor.sock, selectors.EVENT_READ, visitor)

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self._selector.close()
        for visitor in self.visitors:
            visitor.sock.close()

    def say(self, lines):
        """lines: what each visitor says, in their order."""
        for visitor, said in zip(self.visitors, lines):
            visitor.unsent += said
            visitor.push()

    def listen(self, size):
        """Until each has heard so many bytes."""
        deadline = time.monotonic() + 5 * axond.PATIENCE
        missing = {visitor for visitor in self.visitors if len(visitor.heard) < size}
        while missing:
            if time.monotonic() > deadline:
                raise AssertionError(f"{len(missing)} have not heard all; one has {len(missing.pop().heard)} of {size}")
            for key, _ in self._selector.select(0.2):
                key.data.push()
                key.data.pull()
                if len(key.data.heard) >= size:
                    missing.discard(key.data)


def statistics(daemon, path):
    return {one["name"]: one["value"] for one in daemon.ctl("show", path, json=True)["statistics"]}


def wait_subscribers(daemon, count, path="room"):
    axond.wait_for(lambda: statistics(daemon, path)["subscribers"] == count, f"{count} subscribers")


class TestCase(axond.TestCase):
    def assert_in_senders_order(self, heard, senders, lines):
        """Each sender's lines are "NUMBER COUNT", from 0 on."""
        said = dict.fromkeys(range(senders), 0)
        for line in heard.decode().splitlines():
            number, count = map(int, line.split())
            self.assertEqual(count, said[number], f"of {number}")
            said[number] += 1
        self.assertEqual(set(said.values()), {lines})


class Chat(TestCase):
    def test_a_thousand_hear_every_line_of_each_in_one_order_however_slow_one_of_them_is(self):
        with axond.Axond("etc/chat.yaml") as daemon, Crowd(daemon.port, CROWD) as crowd:
            slow = [daemon.connect() for _ in range(5)]  # they never read
            wait_subscribers(daemon, CROWD + len(slow))
            before = daemon.rss()
            for count in range(LINES):
                crowd.say([b"%d %d\n" % (number, count) for number in range(CROWD)])
            size = sum(len(b"%d %d\n" % (number, count)) for number in range(CROWD) for count in range(LINES))
            crowd.listen(size)

            heard = bytes(crowd.visitors[0].heard)
            self.assert_in_senders_order(heard, CROWD, LINES)
            for visitor in crowd.visitors:
                self.assertTrue(visitor.heard == heard)
            room = statistics(daemon, "room")
            self.assertEqual(room["published"], CROWD * LINES)
            self.assertEqual(room["delivered"], CROWD * LINES * (CROWD + len(slow)))
            if not axond.SANITIZED:
                self.assertLess(daemon.rss() - before, 200 << 20)
            for client in slow:
                client.close()

    def test_who_does_not_read_loses_the_oldest_lines_and_costs_bounded_memory(self):
        rounds, burst = (40, 25) if axond.SANITIZED else (400, 100)
        line = b"x" * 1000 + b"\n"
        with axond.Axond("etc/chat.yaml") as daemon:
            slow = [daemon.connect() for _ in range(20)]
            talker = daemon.connect()
            wait_subscribers(daemon, 21)
            grown = 0
            for turn in range(rounds):
                talker.sendall(line * burst)
                self.assertEqual(axond.receive(talker, len(line) * burst), line * burst)
                if turn == rounds // 2:
                    grown = daemon.rss()

            if not axond.SANITIZED:
                self.assertGreater(statistics(daemon, "room")["dropped"], 0)
                self.assertLess(daemon.rss() - grown, 10 << 20)
            for client in slow:
                client.close()
            wait_subscribers(daemon, 1)
            self.assertEqual(statistics(daemon, "room")["waiting"], 0)

    def test_the_last_word_of_one_who_leaves_is_heard_by_all_and_himself(self):
        with axond.Axond("etc/chat.yaml") as daemon:
            other = daemon.connect()
            wait_subscribers(daemon, 1)
            self.assertEqual(daemon.ask(b"hello\ngoodbye\n"), b"hello\ngoodbye\n")
            self.assertEqual(axond.receive(other, 14), b"hello\ngoodbye\n")
            wait_subscribers(daemon, 1)

    def test_those_who_have_gone_leave_nothing_behind(self):
        with axond.Axond("etc/chat.yaml") as daemon:
            for _ in range(5):
                clients = [daemon.connect() for _ in range(50)]
                wait_subscribers(daemon, 50)
                clients[0].sendall(b"all out\n")
                for client in clients[::2]:  # these reset the connection
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                for client in clients:
                    client.close()
                wait_subscribers(daemon, 0)

            shown = daemon.ctl("show", "room", json=True)
            boxes = {box["name"].partition("#")[0] for box in shown["outboxes"]}
            self.assertEqual(boxes - {"relay"}, {"outbox", "signal", "_home"})  # a relay to each other worker
            axond.wait_for(lambda: daemon.ctl("list", "visitors/**", json=True)["components"] == [], "their end")

    def test_a_reload_divides_nobody(self):
        with axond.Axond("etc/chat.yaml") as daemon:
            old = daemon.connect()
            wait_subscribers(daemon, 1)
            daemon.reload()
            new = daemon.connect()
            wait_subscribers(daemon, 2)

            old.sendall(b"from the old\n")
            self.assertEqual(axond.receive(new, 13), b"from the old\n")
            self.assertEqual(axond.receive(old, 13), b"from the old\n")
            new.sendall(b"from the new\n")
            self.assertEqual(axond.receive(old, 13), b"from the new\n")
            self.assertEqual(axond.receive(new, 13), b"from the new\n")
            old.close()
            wait_subscribers(daemon, 1)
            new.sendall(b"alone\n")
            self.assertEqual(axond.receive(new, 6), b"alone\n")

    def test_after_a_reload_what_the_file_itself_subscribes_hears_each_line_once(self):
        graph = (axond.SOURCE / "etc/chat.yaml").read_text()
        with axond.Axond(graph) as daemon:
            log = daemon.directory / "chat.log"
            graph = graph.replace("linkages:\n  - server", f"""  all: {{type: SubscribeTo, source: chat}}
  file: {{type: FileWriter, path: {log}}}
linkages:
  - all -> file
  - server""")
            for generation in (2, 3):
                daemon.reload(graph)
                if generation == 2:
                    old = daemon.connect()
                    wait_subscribers(daemon, 2)
            new = daemon.connect()
            wait_subscribers(daemon, 3)

            for speaker, line in ((old, b"from the old\n"), (new, b"from the new\n")):
                speaker.sendall(line)
                for hearer in (old, new):
                    self.assertEqual(axond.receive(hearer, 13), line)
            axond.wait_for(lambda: log.exists() and log.read_bytes().count(b"\n") >= 2, "both lines")
            self.assertEqual(daemon.ctl("show", "room", json=True)["statistics"][0]["value"], 3)
            self.assertEqual(log.read_bytes(), b"from the old\nfrom the new\n")

    def test_a_reload_without_the_backplane_leaves_the_old_visitors_theirs(self):
        graph = (axond.SOURCE / "etc/chat.yaml").read_text()
        with axond.Axond(graph) as daemon:
            old = [daemon.connect(), daemon.connect()]
            wait_subscribers(daemon, 2)
            daemon.reload(graph.replace("name: chat", "name: elsewhere"))

            old[0].sendall(b"still here\n")
            self.assertEqual(axond.receive(old[1], 11), b"still here\n")

    def test_a_second_backplane_of_the_name_is_refused_and_the_first_goes_on(self):
        graph = (axond.SOURCE / "etc/chat.yaml").read_text()
        second = graph.replace("linkages:\n  - server", "  again: {type: Backplane, name: chat}\nlinkages:\n  - server")
        self.assertNotEqual(graph, second)
        with axond.Axond(graph) as daemon:
            client = daemon.connect()
            wait_subscribers(daemon, 1)
            daemon.reload(second)
            daemon.wait_line('again: the name "chat" is taken by room')

            client.sendall(b"undisturbed\n")
            self.assertEqual(axond.receive(client, 12), b"undisturbed\n")

    def test_ends_in_order_when_told_to(self):
        with axond.Axond("etc/chat.yaml") as daemon:
            client = daemon.connect()
            wait_subscribers(daemon, 1)
            client.sendall(b"last\n")
            self.assertEqual(axond.receive(client, 5), b"last\n")
            daemon.ctl("stop", "room")

            self.assertEqual(client.recv(1), b"")  # its end is that of its subscribers


ROOMS = """
graphs:
  visitor:
    parameters:
      room: {required: true}
    components:
      lines: {type: LineFramer}
      say: {type: PublishTo, destination: "${param:room}"}
      hear: {type: SubscribeTo, source: "${param:room}"}
    linkages: [self -> lines -> say, hear -> self, say.signal -> hear.control]
components:
  red: {type: TCPServer, host: 127.0.0.1, listenport: "${PORT}"}
  reds: {type: ProtocolHandler, protocol: {type: visitor, room: red}}
  blue: {type: TCPServer, host: 127.0.0.1, listenport: %d}
  blues: {type: ProtocolHandler, protocol: {type: visitor, room: blue}}
  red_room: {type: Backplane, name: red}
  blue_room: {type: Backplane, name: blue}
linkages: [red -> reds, blue -> blues]
"""
NOBODY = """
components:
  server: {type: SimpleServer, port: "${PORT}", protocol: {type: PublishTo, destination: nowhere}}
"""


class Rooms(TestCase):
    def test_several_backplanes_do_not_hear_each_other(self):
        port = axond.free_port()
        with axond.Axond(ROOMS % port) as daemon:
            red, blue = daemon.connect(), daemon.connect(port)
            wait_subscribers(daemon, 1, "red_room")
            wait_subscribers(daemon, 1, "blue_room")
            red.sendall(b"red\n")
            blue.sendall(b"blue\n")

            self.assertEqual(axond.receive(red, 4), b"red\n")
            self.assertEqual(axond.receive(blue, 5), b"blue\n")

    def test_publishing_to_nobody_holds_the_sender_up_and_is_said_in_the_log(self):
        with axond.Axond(NOBODY) as daemon:
            client = daemon.connect()
            daemon.fill(client, bytes(64 << 20))

            daemon.wait_line('waits for a Backplane or PlugSplitter "nowhere": there is none')
            client.close()


axond.main()
