"""Seeing what happens: tap, trace, top, events, a connection in full, and closing it."""

import contextlib
import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import termios
import threading
import time

import axond
import shouting


class Seeing(shouting.TestCase):
    def chat(self, daemon):
        """A connection that has been answered once, and its address."""
        sock = super().chat(daemon)
        return sock, "%s:%d" % sock.getsockname()

    def stall(self, daemon):
        """A connection whose peer does not read, until nothing more goes in; and its address."""
        sock, peer = self.chat(daemon)

        def is_stuck():
            sock.settimeout(0.3)
            with contextlib.suppress(TimeoutError):
                while True:
                    sock.send((b"x" * 1000 + b"\n") * 60)
            return "room at shouting" in daemon.ctl("show", "server/1")

        axond.wait_for(is_stuck, "the way to be full")
        sock.settimeout(axond.PATIENCE)
        return sock, peer


class Tap(Seeing):
    def test_tells_when_how_much_and_of_whom(self):
        daemon = self.start()
        sock, peer = self.chat(daemon)

        with daemon.ctl_stream("tap", "server/1.outbox", "--count", "1", "--json") as tap:
            tap.wait_line("tapping")
            sock.sendall(b"hi\n")
            self.assertEqual(tap.wait(), 0)

        told = json.loads(tap.stdout)
        self.assertEqual((told["connection"], told["peer"], told["size"]), (1, peer, 3))
        self.assertGreater(told["time"], 1e9)

    def test_match_tells_only_what_matches(self):
        daemon = self.start()

        with daemon.ctl_stream("tap", "sink.inbox", "--match", "err(or)?: [0-9]+", "--count", "2") as tap:
            tap.wait_line("tapping")
            for text in "error: x", "ERROR: 17", "fine", "an error: 5", "an err: 6", "error: 7":
                daemon.ctl("send", "pipe.inbox", text)
            self.assertEqual(tap.wait(), 0)

        self.assertEqual(re.findall(r"B  (.*)", tap.stdout), ["error: 17", "an error: 5"])

    def test_a_wrong_expression_is_shown_with_its_place(self):
        daemon = self.start()

        self.assertEqual(daemon.ctl("tap", "sink.inbox", "--match", "a(b", expect=1),
                         "axonctl: --match: missing closing parenthesis\n    a(b\n       ^\n")

    def test_a_linkage_is_what_passes_from_one_to_the_other(self):
        daemon = self.start()
        sock, _ = self.chat(daemon)

        for linkage, count, expected in (
                ("shouting/1/lines -> shouting/1/upper", 1, ["shouting/1/lines.outbox  B  hi\\n"]),
                ("server/1.outbox->shouting/1", 1, ["server/1.outbox  B  hi\\n"]),
                ("shouting/1 -> server/1.inbox", 1, ["shouting/1/upper.outbox  B  HI\\n"])):
            with daemon.ctl_stream("tap", linkage, "--count", str(count)) as tap:
                tap.wait_line("tapping")
                sock.sendall(b"hi\n")
                axond.receive(sock, 3)
                self.assertEqual(tap.wait(), 0)
            self.assertEqual([re.sub(r"^\S+ (\S+)  \S+  \d+ (B  .*)", r"\1  \2", line)
                              for line in tap.stdout.splitlines()], expected)

    def test_a_linkage_into_a_chassis_is_what_passes_its_edge(self):
        daemon = self.start()

        with daemon.ctl_stream("tap", "pipe -> sink", "--count", "1") as tap:
            tap.wait_line("tapping")
            daemon.ctl("send", "pipe.inbox", "LOUD")
            tap.wait()

        self.assertIn("pipe/puretransformer.outbox  4 B  loud", tap.stdout)

    def test_what_is_not_linked_is_refused(self):
        daemon = self.start()

        self.assertIn("no outbox of sink leads to pipe", daemon.ctl("tap", "sink -> pipe", expect=1))
        self.assertIn('did you mean "sink"?', daemon.ctl("tap", "pipe -> sin", expect=1))
        self.assertIn('there is no component ""', daemon.ctl("tap", "pipe ->", expect=1))


class Connections(Seeing):
    def test_show_says_who_it_is_and_what_went_through(self):
        daemon = self.start()
        _, peer = self.chat(daemon)

        text = daemon.ctl("show", "shouting/1")
        shown = daemon.ctl("show", "server/1", json=True)["connection"]

        self.assertIn(f"connection server/1: {peer} at 127.0.0.1:{daemon.port}, open for ", text)
        self.assertIn("  received: 6 B in 1 messages\n  sent: 6 B in 1 messages\n  queued: 0 B in 0 messages\n"
                      "  waits for: the peer to send\n", text)
        self.assertEqual((shown["number"], shown["peer"], shown["components_total"]), (1, peer, 3))
        self.assertEqual([part["path"] for part in shown["components"]],
                         ["server/1", "shouting/1/lines", "shouting/1/upper"])
        self.assertEqual(daemon.ctl("show", "shouting/1/lines", json=True)["connection"]["path"], "server/1")
        self.assertIsNone(daemon.ctl("show", "server", json=True)["connection"])

    def test_show_says_what_a_stalled_connection_waits_for(self):
        daemon = self.start()
        self.stall(daemon)

        shown = axond.wait_for(lambda: (daemon.ctl("show", "shouting/1/upper", json=True)
                                        if "the peer to read" in daemon.ctl("show", "server/1") else None))

        self.assertRegex(shown["waits_for"], r"^room at server/1.inbox")
        self.assertRegex(shown["connection"]["waits_for"], r"^the peer to read: \d+ bytes to be sent")
        self.assertGreater(shown["connection"]["queued_bytes"], 1000)

    def test_show_of_a_client_that_has_no_connection_says_so(self):
        daemon = self.start("components: {c: {type: TCPClient, host: 127.0.0.1, port: %d, reconnect: true, "
                            "reconnect_min: 1h, reconnect_max: 1h}}\n" % axond.free_port())

        self.assertRegex(daemon.ctl("show", "c"), r"waits for: a connection to 127\.0\.0\.1")

    def test_kill_closes_a_connection_and_no_other(self):
        daemon = self.start()
        (stalled, _), (other, _) = self.stall(daemon), self.chat(daemon)

        self.assertEqual(daemon.ctl("kill", "shouting/1/lines.inbox"), "")

        axond.wait_for(lambda: daemon.ctl("status", json=True)["connections"]["now"] == 1)
        self.assertIn("closing connection shouting/1/lines.inbox, of 127.0.0.1:", daemon.stderr)
        with contextlib.suppress(ConnectionResetError):  # what it sent and we did not read
            axond.receive_all(stalled)
        other.sendall(b"still there\n")
        self.assertEqual(axond.receive(other, 12), b"STILL THERE\n")

    def test_kill_is_about_connections(self):
        daemon = self.start()
        self.chat(daemon)

        self.assertIn('sink belongs to no connection; "stop" ends a component',
                      daemon.ctl("kill", "sink", expect=1))
        self.assertIn('there is no component "server/2"', daemon.ctl("kill", "server/2", expect=1))


class Top(Seeing):
    def chatter(self, daemon):
        """A connection that is answered again and again, from a thread."""
        sock, _ = self.chat(daemon)
        ends = threading.Event()

        def chat():
            while not ends.is_set():
                sock.sendall(b"hello\n")
                axond.receive(sock, 6)

        thread = threading.Thread(target=chat)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(ends.set)

    def looks(self, daemon, *words):
        """What two looks of axonctl top have to say: the second."""
        text = daemon.ctl("--json", "top", "--interval", "100ms", "--count", "2", *words)
        return json.loads(text.splitlines()[-1])

    def bottleneck(self, daemon, stalls):
        """The one that holds up so many, once it does."""
        def find():
            found = self.looks(daemon)["bottlenecks"]
            return found[0] if found and found[0]["stalls"] == stalls else None

        return axond.wait_for(find, "a bottleneck")

    def test_shows_every_linkage_of_a_small_graph(self):
        daemon = self.start()
        self.chat(daemon)

        text = daemon.ctl("top", "--count", "1")
        rows = self.looks(daemon)["rows"]

        self.assertRegex(text, r"^\d\d:\d\d:\d\d  9 components, 12 linkages, 1 connection, ")
        self.assertEqual([row["from"] for row in rows], [l["from"] for l in daemon.ctl("linkages", json=True)["linkages"]])
        self.assertRegex(text, r"(?m)^FROM +TO +MSG/S +BYTES/S +QUEUED +FULL +BLOCKED +DROPS/S$")
        self.assertRegex(text, r"(?m)^server/1\.outbox +shouting/1/lines\.inbox +0 +0 B +0 B +0% +0% +0$")
        self.assertNotIn("bottleneck", text)

    def test_rates_and_order(self):
        daemon = self.start()
        self.chatter(daemon)

        def all_busy():
            busy = [row for row in self.looks(daemon)["rows"] if row["messages_per_second"] > 0]
            return busy if len(busy) == 3 else None

        busy = axond.wait_for(all_busy, "three busy linkages")

        self.assertEqual([row["from"] for row in busy],
                         ["server/1.outbox", "shouting/1/lines.outbox", "shouting/1/upper.outbox"])
        self.assertAlmostEqual(busy[0]["bytes_per_second"], 6 * busy[0]["messages_per_second"])
        self.assertEqual({row["to"] for row in self.looks(daemon, "sink*")["rows"]}, {"sink.inbox", "sink.control"})
        axond.wait_for(lambda: re.match("s.*/1", daemon.ctl(
            "top", "--count", "1", "--sort", "bytes", "--interval", "100ms").splitlines()[2]), "them on top")

    def test_the_bottleneck_is_who_stalls_the_others_followed_to_its_end(self):
        daemon = self.start()
        _, peer = self.stall(daemon)

        found = self.bottleneck(daemon, stalls=3)
        text = daemon.ctl("top", "--count", "1")

        self.assertEqual((found["path"], found["circle"]), ("server/1", False))
        self.assertEqual(found["way"], ["server/1", "shouting/1/lines", "shouting/1/upper", "server/1"])
        self.assertRegex(found["waits_for"], r"^the peer to read: \d+ bytes to be sent$")
        self.assertRegex(text, r"(?m)^bottleneck: server/1 \(ConnectedSocketAdapter\) holds up 3 linkages, "
                         r"\d+% blocked, and waits for the peer to read: \d+ bytes")
        self.assertIn("\n  server/1 -> shouting/1/lines -> shouting/1/upper -> server/1\n", text)

    def test_who_is_slow_by_itself_is_named(self):
        daemon = self.start("""\
            components:
              source: {type: Chargen}
              before: {type: PassThrough}
              limit:  {type: MessageRateLimit, messages_per_second: 2, buffer: 1}
              sink:   {type: NullSink}
            linkages: [source -> before -> limit -> sink]
            """)

        found = self.bottleneck(daemon, stalls=2)

        self.assertEqual((found["path"], found["type"], found["way"], found["waits_for"]),
                         ("limit", "MessageRateLimit", ["source", "before", "limit"], None))

    def test_of_many_linkages_the_leading_ones_are_told(self):
        daemon = self.start()
        for _ in range(100):
            self.chat(daemon)
        self.chatter(daemon)

        def look():
            told = self.looks(daemon)
            return told if any(row["messages_per_second"] > 0 for row in told["rows"]) else None

        told = axond.wait_for(look, "something to pass")

        self.assertGreater(told["linkages"], 600)
        self.assertLess(len(told["rows"]), 200)
        for row in told["rows"]:
            if row["messages_per_second"] > 0:
                self.assertIn("/101", row["from"])

    def test_wrong_options_are_explained(self):
        daemon = self.start()

        self.assertIn('--interval takes a duration', daemon.ctl("top", "--interval", "1", expect=64))
        self.assertIn('--sort takes from, to, messages', daemon.ctl("top", "--sort", "speed", expect=64))
        self.assertIn('--count takes a number from 1', daemon.ctl("top", "--count", "0", expect=64))

    # ---- on a terminal

    def terminal(self, daemon):
        """axonctl top on a terminal of its own: its process, and the terminal's other side."""
        ours, its = pty.openpty()
        fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
        process = subprocess.Popen([axond.AXONCTL, "-s", daemon.control, "top", "--interval", "100ms"], stdin=its,
                                   stdout=its, stderr=its, env={**os.environ, "TERM": "xterm"})
        os.close(its)
        self.addCleanup(os.close, ours)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process, ours

    def read_until(self, terminal, text):
        """What is written to a terminal, up to some text."""
        seen = b""
        deadline = time.monotonic() + 3 * axond.PATIENCE
        while text.encode() not in seen:
            if not select.select([terminal], [], [], max(0, deadline - time.monotonic()))[0]:
                raise AssertionError(f"waited in vain for {text!r} in {seen!r}")
            try:
                seen += os.read(terminal, 1 << 16)
            except OSError:
                raise AssertionError(f"it ended without {text!r}: {seen!r}") from None
        return seen.decode(errors="replace")

    def test_on_a_terminal_it_is_a_screen(self):
        daemon = self.start()
        self.stall(daemon)
        process, terminal = self.terminal(daemon)

        self.read_until(terminal, "bottleneck: server/1")
        os.write(terminal, b" ")
        self.read_until(terminal, "held; space goes on")
        os.write(terminal, b"><r\x1b[B q")
        self.read_until(terminal, "\x1b[?1049l")  # what was there before is back

        self.assertEqual(process.wait(3 * axond.PATIENCE), 0)

    def test_the_terminal_is_given_back_when_the_daemon_ends(self):
        daemon = self.start()
        process, terminal = self.terminal(daemon)

        self.read_until(terminal, "messages/s")
        daemon.stop()
        text = self.read_until(terminal, "has hung up")

        self.assertLess(text.index("\x1b[?1049l"), text.index("axonctl: the daemon"))
        self.assertEqual(process.wait(3 * axond.PATIENCE), 69)


class Trace(Seeing):
    def trace(self, daemon, path, act, *words):
        """What axonctl trace says of the message that act makes: its steps."""
        with daemon.ctl_stream("trace", path, "--json", *words) as stream:
            stream.wait_line("waiting for the next message")
            act()
            self.assertEqual(stream.wait(3 * axond.PATIENCE), 0)
        return [json.loads(line) for line in stream.stdout.splitlines()]

    def test_shows_the_way_of_the_next_message_with_times(self):
        daemon = self.start()
        sock, peer = self.chat(daemon)

        with daemon.ctl_stream("trace", "server/1.outbox") as trace:
            trace.wait_line("waiting for the next message at server/1.outbox; Ctrl-C ends it")
            sock.sendall(b"hi\n")
            self.assertEqual(trace.wait(3 * axond.PATIENCE), 0)

        step = r" +\+[0-9.]+ ms  "
        self.assertRegex(trace.stdout, (
            rf"^\d\d:\d\d:\d\d\.\d+  {peer}\n"
            rf"{step}server/1.outbox -> shouting/1/lines.inbox  3 B  hi\\n\n"
            rf"{step}  taken from shouting/1/lines.inbox, after [0-9.]+ ms\n"
            rf"{step}shouting/1/lines.outbox -> shouting/1/upper.inbox  3 B  hi\\n\n"
            rf"{step}  taken from shouting/1/upper.inbox, after [0-9.]+ ms\n"
            rf"{step}shouting/1/upper.outbox -> server/1.inbox  3 B  HI\\n\n"
            rf"{step}  taken from server/1.inbox, after [0-9.]+ ms\n$"))
        self.assertIn("nothing more has come of it", trace.stderr)

    def test_steps_say_what_they_came_of_and_times_grow(self):
        daemon = self.start()
        sock, peer = self.chat(daemon)

        steps = self.trace(daemon, "server/1.outbox", lambda: sock.sendall(b"one\ntwo\n"))

        arrived = [step for step in steps if step["step"] == "arrived"]
        self.assertEqual([(step["hop"], step["cause"], step["data"]) for step in arrived],
                         [(1, 0, "one\ntwo\n"), (2, 1, "one\n"), (3, 1, "two\n"), (4, 2, "ONE\n"), (5, 3, "TWO\n")])
        self.assertEqual(sorted(step["hop"] for step in steps if step["step"] == "taken"), [1, 2, 3, 4, 5])
        self.assertEqual([step["after"] for step in steps], sorted(step["after"] for step in steps))
        self.assertEqual({step["peer"] for step in steps}, {peer})

    def test_says_how_many_wait_before_it_and_waits_along(self):
        daemon = self.start()
        sock, _ = self.stall(daemon)

        with daemon.ctl_stream("trace", "shouting/1/upper.inbox", "--json", "--patience", "1ms") as trace:
            trace.wait_line("waiting for the next message")
            sock.settimeout(0.1)
            while trace.running:  # the more it reads, the more there is room for
                with contextlib.suppress(TimeoutError):
                    sock.recv(1 << 20)
            self.assertEqual(trace.wait(), 0)

        first, *rest = [json.loads(line) for line in trace.stdout.splitlines()]
        self.assertGreater(first["before"], 0)
        self.assertIn("taken", [step["step"] for step in rest])

    def test_goes_through_chassis_and_backplanes(self):
        daemon = self.start("""\
            components:
              plane: {type: Backplane, name: news}
              pipe:  {type: Pipeline, components: [{type: PassThrough}, {type: PureTransformer, function: upper}]}
              out:   {type: PublishTo, destination: news}
              one:   {type: SubscribeTo, source: news}
              two:   {type: SubscribeTo, source: news}
              sink:  {type: NullSink}
              sunk:  {type: NullSink}
            linkages: [pipe -> out, one -> sink, two -> sunk]
            """, args=["-w", 1])  # "one" and "two" would live on different workers, and a trace stays on one

        steps = self.trace(daemon, "pipe", lambda: daemon.ctl("send", "pipe.inbox", "hello"))

        self.assertEqual({step["to"]: step["data"] for step in steps if step["step"] == "taken"},
                         {"pipe/passthrough.inbox": "hello", "pipe/puretransformer.inbox": "hello",
                          "out.inbox": "HELLO", "plane.inbox": "HELLO", "one.inbox": "HELLO", "two.inbox": "HELLO",
                          "sink.inbox": "HELLO", "sunk.inbox": "HELLO"})

    def test_ends_with_what_it_waits_for(self):
        daemon = self.start()
        sock, _ = self.chat(daemon)

        with daemon.ctl_stream("trace", "shouting/1") as trace:
            trace.wait_line("waiting for the next message")
            sock.close()
            trace.wait_line("shouting/1 is gone, and no message has come", timeout=3 * axond.PATIENCE)

    def test_costs_nothing_when_it_is_over(self):
        daemon = self.start()
        sock, _ = self.chat(daemon)
        self.trace(daemon, "server/1.outbox", lambda: sock.sendall(b"hi\n"))
        axond.receive(sock, 3)

        daemon.wait_rest(1)


class Events(Seeing):
    def test_tell_which_inbox_is_blocked_and_when_it_no_longer_is(self):
        daemon = self.start()

        with daemon.ctl_stream("events") as events:
            events.wait_line("waiting for events")
            sock, _ = self.stall(daemon)
            events.wait_line(r" blocked  server/1.inbox: is full: 1 sender waits, shouting/1/upper.outbox first", "stdout")
            sock.close()
            events.wait_line(r" unblocked  server/1.inbox: is no longer blocked, after \d+ s", "stdout")
            self.assertEqual(len(re.findall(" blocked  server/1.inbox", events.stdout)), 1)

    def test_tell_who_was_killed(self):
        daemon = self.start()
        self.chat(daemon)

        with daemon.ctl_stream("events") as events:
            events.wait_line("waiting for events")
            daemon.ctl("kill", "server/1")
            events.wait_line(" killed  server/1: the connection is closed, as somebody asked", "stdout")

    def test_nothing_is_looked_for_when_nobody_listens(self):
        daemon = self.start()
        with daemon.ctl_stream("events") as events:
            events.wait_line("waiting for events")

        daemon.wait_rest(1.5)


axond.main()
