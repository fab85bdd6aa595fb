"""A graph of 100,000 components, and thousands of connections that do nothing: the loop is not held.

How long something takes is for tests/bench (load_graph.py).  Here rows are counted that come in one
part of an answer, and messages that go there and back on another connection while a thread loads:
while the loop is held there is none.
"""

import resource
import signal
import threading

import axond
from varlink import Varlink

MANY = 10000 if axond.SANITIZED else 100000  # components
SOME = 5000 if axond.SANITIZED else 20000  # where fewer will do
MOST_ROWS = 400  # in one part of an answer, which is made in one turn of the loop
MOST_TEXT = 80 << 10  # characters, likewise
PINGS = 10  # at least, while a thread loads
IDLE = 3000  # connections
PATIENCE = max(120, axond.PATIENCE)

ECHO = """\
  server: {type: TCPServer, host: 127.0.0.1, listenport: "${PORT}"}
  echo: {type: ProtocolHandler, protocol: EchoProtocol}
"""


def chain(count, first="PassThrough", prefix="c"):
    """An echo server, and a chain of so many components beside it."""
    names = [f"{prefix}{number:06}" for number in range(count)] + ["sink"]
    types = [first] + ["PassThrough"] * (count - 1) + ["NullSink"]
    return "".join(["components:\n", ECHO,
                    *(f"  {name}: {{type: {kind}}}\n" for name, kind in zip(names, types)),
                    "linkages:\n  - server -> echo\n",
                    *(f"  - {source} -> {sink}\n" for source, sink in zip(names, names[1:]))])


class Scale(axond.TestCase):
    def start(self, count):
        daemon = self.enterContext(axond.Axond(chain(count)))
        self.addCleanup(self.end, daemon)
        self.client = self.connect(daemon)
        self.ping()
        return daemon

    def end(self, daemon):
        """With time to free everything, which a sanitizer needs."""
        daemon.signal(signal.SIGTERM)
        daemon.wait(0, PATIENCE)

    def connect(self, daemon):
        return self.enterContext(axond.connect(daemon.port, PATIENCE))

    def link(self, daemon):
        return self.enterContext(Varlink(daemon, PATIENCE))

    def ping(self):
        self.client.sendall(b"ping")
        self.assertEqual(axond.receive(self.client, 4), b"ping")

    def pings_until(self, is_over):
        """How many messages go there and back before is_over(), with a breath in between."""
        count = 0
        breath = threading.Event()
        while not is_over():
            self.ping()
            breath.wait(0.001)
            count += 1
        return count

    def test_long_answers_come_in_parts(self):
        daemon = self.start(SOME)
        link = self.link(daemon)
        for method, lists, expected in (
                ("List", ["components"], SOME + 4),  # and the connection's two
                ("Linkages", ["linkages"], 2 * SOME),
                ("Graph", ["nodes", "edges"], 3 * SOME)):
            link.ask(f"io.axond.{method}", more=True)
            rows = [sum(len(reply["parameters"][name]) for name in lists) for reply in link.replies()]

            self.assertGreaterEqual(sum(rows), expected, method)
            self.assertLessEqual(max(rows), MOST_ROWS, method)

        link.ask("io.axond.Config", more=True)
        texts = [reply["parameters"]["text"] for reply in link.replies()]
        self.assertEqual("".join(texts).count("type: PassThrough"), SOME)
        self.assertLessEqual(max(len(text) for text in texts), MOST_TEXT)

        status = link.call("io.axond.Status")["parameters"]
        self.assertEqual(status["components"]["running"], SOME + 3)

    def test_the_loop_goes_on_while_files_are_loaded_and_compared(self):
        daemon = self.start(MANY)
        link = self.link(daemon)

        link.ask("io.axond.Check")
        self.assertGreater(self.pings_until(link.has_reply), PINGS)
        self.assertEqual(link.reply()["parameters"]["components"], MANY + 3)

        daemon.write(chain(MANY, first="LineFramer"))
        for dry_run in True, False:
            link.ask("io.axond.Reload", dry_run=dry_run)
            self.assertGreater(self.pings_until(link.has_reply), PINGS)
            answer = link.reply()["parameters"]
            self.assertEqual([(change["path"], change["change"]) for change in answer["changes"]],
                             [("c000000", "replaced")])
            self.assertEqual(answer["unchanged"], MANY + 2)
        self.assertEqual(answer["generation"], 2)

        daemon.write(chain(MANY, first="Nonsense"))
        times = daemon.notified("READY=1")
        daemon.signal(signal.SIGHUP)
        self.assertGreater(self.pings_until(lambda: daemon.notified("READY=1") > times), PINGS)
        daemon.wait_line('reload refused, .*"Nonsense"')
        self.ping()

    def test_all_but_the_server_may_be_others_after_a_reload(self):
        daemon = self.start(SOME)
        link = self.link(daemon)

        daemon.write(chain(SOME, prefix="d"))
        link.ask("io.axond.Reload")
        self.assertGreater(self.pings_until(link.has_reply), PINGS)
        answer = link.reply()["parameters"]
        self.assertEqual([answer[name] for name in ("added", "removed", "unchanged")],
                         [SOME, SOME, 3])

        running = 0
        while running != SOME + 3:  # the others have gone, in their own time
            self.ping()
            link.ask("io.axond.List", more=True)
            listed = [each for reply in link.replies() for each in reply["parameters"]["components"]
                      if "/" not in each["path"]]
            running = len(listed)
        self.assertNotIn("c000000", [each["path"] for each in listed])
        self.assertEqual({each["state"] for each in listed}, {"running"})

    def test_several_loads_at_once_are_all_answered(self):
        daemon = self.start(SOME)
        links = [self.link(daemon) for _ in range(6)]
        impatient = [self.link(daemon) for _ in range(3)]

        for link, dry_run in zip(links, (False, True, False)):
            link.ask("io.axond.Reload", dry_run=dry_run)
        for link, method, parameters in zip(impatient, ("Check", "Reload", "Reload"),
                                            ({}, {"dry_run": True}, {})):
            link.ask(f"io.axond.{method}", **parameters)
            self.ping()  # meanwhile the daemon reads it
            link.sock.close()
        for link in links[3:]:
            link.ask("io.axond.Check")

        answers = [link.reply()["parameters"] for link in links]
        first, dry, second = (answer["generation"] for answer in answers[:3])
        self.assertNotEqual(first, second)
        self.assertIn(dry, (1, 2, 3, 4))
        for answer in answers[3:]:
            self.assertEqual(answer["components"], SOME + 3)
        daemon.wait_line("generation 4")  # also the reload was made whose client had gone
        self.assertNotIn("generation 5", daemon.stderr)

    def test_thousands_that_do_nothing_are_kept_and_each_still_answers(self):
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        daemon = self.start(SOME)
        idle = [self.connect(daemon) for _ in range(min(IDLE, most - 200))]
        link = self.link(daemon)

        for number, sock in enumerate(idle):
            sock.sendall(b"%8d" % number)
        link.ask("io.axond.Reload")
        for number, sock in enumerate(idle):
            self.assertEqual(axond.receive(sock, 8), b"%8d" % number)
        self.assertEqual(link.reply()["parameters"]["generation"], 2)
        for number, sock in enumerate(idle):
            sock.sendall(b"%8d" % number)
            self.assertEqual(axond.receive(sock, 8), b"%8d" % number)
        status = link.call("io.axond.Status")["parameters"]
        self.assertEqual(status["connections"]["now"], len(idle) + 1)


class End(axond.TestCase):
    """SIGTERM while a thread loads: nobody waits for the thread."""

    def end_during_reload(self, keep):
        """Returns the daemon, which has ended, and the answer that the reload got."""
        for _ in range(5):  # until the signal is faster than the thread
            daemon = self.enterContext(axond.Axond(chain(SOME)))
            client = daemon.connect()
            client.sendall(b"x")
            self.assertEqual(axond.receive(client, 1), b"x")
            if not keep:
                client.close()
            with Varlink(daemon, PATIENCE) as link:
                link.ask("io.axond.Reload")
                daemon.wait_notified("RELOADING=1")
                daemon.signal(signal.SIGTERM)
                answer = link.reply()
                client.close()
            daemon.wait(0, PATIENCE)
            if "error" in answer:
                return daemon, answer
        self.skipTest("the thread was always faster")

    def test_it_ends_at_once_and_says_so(self):
        daemon, answer = self.end_during_reload(keep=False)

        self.assertIn("warning: no reload: the daemon is stopping", daemon.stderr)
        self.assertEqual(answer["error"], "io.axond.InvalidState")
        self.assertIn(answer["parameters"]["state"], ("draining", "stopping"))

    def test_while_connections_are_left_the_new_graph_is_refused(self):
        daemon, answer = self.end_during_reload(keep=True)

        self.assertEqual(answer["error"], "io.axond.InvalidState")
        self.assertEqual(answer["parameters"]["state"], "draining")
        self.assertIn("warning: no reload: the daemon is stopping", daemon.stderr)
        self.assertEqual(daemon.notified("READY=1"), 1)


axond.main()
