"""A file that changes again and again, at random, under clients who must not notice.

    CLIENTS=200 RELOADS=500 SEED=7 python3 tests/e2e/test_random_reloads.py

is the long form, "./bootstrap soak"; the short one is part of the tests.  Each run says its seed.
"""

import os
import random
import signal

import axond
import echoing

CLIENTS = int(os.environ.get("CLIENTS", 40))
RELOADS = int(os.environ.get("RELOADS", 20 if axond.SANITIZED else 40))
SEED = int(os.environ.get("SEED", random.randrange(1 << 30)))

BROKEN = [
    lambda text, chance: text + "components: {}\n",
    lambda text, chance: text.replace("EchoProtocol", "EkoProtocol", 1),
    lambda text, chance: text.replace("listenport", "listenprot", 1),
    lambda text, chance: text[: chance.randrange(10, len(text))].rsplit("\n", 1)[0] + "\n  - [\n",
    lambda text, chance: text.replace("linkages:\n", "linkages:\n  - server -> nowhere\n", 1),
    lambda text, chance: text.replace("components:\n", "components:\n  away: {type: TCPServer, host: 192.0.2.1, "
                                      "listenport: 80}\n", 1) + "  - away -> echo\n",
    lambda text, chance: text.replace("components:\n", "components:\n  late: {type: FileReader, path: /nonexistent}\n", 1)
    + "  - late -> sink\n",
]


def protocol(chance):
    """What answers on the second port, and on it only: always an echo, by other components."""
    middle = chance.sample(["one", "two", "three"], chance.randrange(1, 4))
    parts = "".join(f"      {name}: {{type: PassThrough{chance.choice(['', ', boxes: {inbox: {size: 64KiB}}'])}}}\n"
                    for name in middle)
    return f"""graphs:
  through:
    components:
{parts}    linkages:
      - self -> {' -> '.join(middle)} -> self
"""


def pipeline(chance):
    kinds = ["{type: PassThrough}", "{type: LineFramer, max_line: 1KiB}", "{type: LineFramer, max_line: 2KiB}",
             "{type: PureTransformer, function: upper}", "{type: PureTransformer, function: prefix, text: x}",
             "{type: MessageRateLimit, messages_per_second: 100}", "{type: MessageRateLimit, messages_per_second: 200}"]
    return ", ".join(chance.choices(kinds, k=chance.randrange(1, 5)))


def make(chance, port, directory):
    """A graph that is sound: "server" and "echo" are always the same but for an idle timeout of days."""
    second = chance.choice(["second", "other"])
    restart = chance.choice(["", ", restart: always", ", restart: {policy: on-failure, limit: 0}"])
    lines = [
        f'  server: {{type: TCPServer, host: 127.0.0.1, listenport: "${{PORT}}", idle_timeout: {chance.randrange(3)}h}}',
        f"  echo: {{type: ProtocolHandler, protocol: EchoProtocol{restart}}}",
        f"  {second}: {{type: TCPServer, host: 127.0.0.1, listenport: {port}, "
        f"max_connections: {chance.choice([0, 1000])}, nodelay: {chance.choice(['true', 'false'])}}}",
        f"  handler: {{type: ProtocolHandler, protocol: {chance.choice(['through', 'EchoProtocol'])}}}",
        f"  tick: {{type: Ticker, interval: {chance.choice([5, 10, 20])}ms, message: {chance.choice('abc')}}}",
        f"  pipe: {{type: Pipeline, components: [{pipeline(chance)}]}}",
        chance.choice([f"  sink: {{type: FileWriter, path: {directory}/written, end_lines: true}}",
                       "  sink: {type: NullSink}", "  sink: {type: NullSink, boxes: {inbox: {size: 10}}}"]),
    ]
    linkages = ["server -> echo", f"{second} -> handler"]
    readers = ["pipe"]
    for name in chance.sample(["a", "b", "c"], chance.randrange(4)):
        lines.append(f"  {name}: {{type: {chance.choice(['PassThrough', 'LineFramer', 'NullSink'])}}}")
        readers.append(name)
    chance.shuffle(readers)
    linkages.append(f"tick -> [{', '.join(readers)}]" if len(readers) > 1 else "tick -> pipe")
    linkages.append("pipe -> sink")
    if chance.random() < 0.5:
        lines += [f"  bus: {{type: Backplane, name: {chance.choice(['x', 'y'])}}}",
                  f"  in: {{type: PublishTo, destination: {chance.choice(['x', 'y'])}}}",
                  f"  out: {{type: SubscribeTo, source: {chance.choice(['x', 'y'])}}}",
                  "  clock: {type: Ticker, interval: 10ms}"]
        linkages += ["clock -> in", "out -> sink"]
    if chance.random() < 0.3:
        lines.append("  one: {type: OneShot, msg: hello}")
        linkages.append("one -> sink")
    chance.shuffle(lines)
    return "daemon: {drain_timeout: 1s}\n" + protocol(chance) + "components:\n" + "\n".join(lines) + "\nlinkages:\n" + "".join(
        f"  - {linkage}\n" for linkage in linkages)


class RandomReloads(axond.TestCase):
    def test_nobody_notices(self):
        print(f"SEED={SEED}", flush=True)
        chance = random.Random(SEED)
        second = axond.free_port()
        directory = self.directory()
        first = make(random.Random(0), second, directory)
        with axond.Axond(first, ["-l", "error"]) as daemon:
            self.assertEqual((daemon.ask(b"hello"), daemon.ask(b"hello", second)), (b"hello", b"hello"))
            idle, at_first = daemon.fds(), self.rows(daemon)
            before = 0
            with echoing.Clients(daemon.port, CLIENTS) as untouched, \
                 echoing.Clients(second, 5) as touched, echoing.Clients(second, 5, lasts=3) as coming:
                for times in range(1, RELOADS + 1):
                    graph = make(chance, second, directory)
                    is_sound = chance.random() < 0.8
                    if not is_sound:
                        graph = chance.choice(BROKEN)(graph, chance)
                    self.reload(daemon, graph, is_sound, times)
                    untouched.wait_echoed(10)
                    touched.wait_echoed(1)
                    coming.wait_echoed(1)
                    if times == RELOADS // 2:
                        before = daemon.rss()
                if not axond.SANITIZED:
                    self.assertLess(daemon.rss() - before, 4 << 20)
            self.reload(daemon, first, True, RELOADS + 1)
            axond.wait_for(lambda: daemon.fds() == idle, "every descriptor to be closed")
            try:
                axond.wait_for(lambda: self.rows(daemon) == at_first, "the first graph, and no other")
            except AssertionError:
                self.assertEqual(self.rows(daemon), at_first)  # shows them
                raise

    def rows(self, daemon):
        return sorted(row["path"] for row in daemon.ctl("list", json=True)["components"])

    def reload(self, daemon, graph, is_sound, times):
        daemon.write(graph)
        if times % 5 == 0:
            daemon.ctl("reload", expect=0 if is_sound else 1)
            daemon.wait_notified("READY=1", times + 1)
            return
        daemon.signal(signal.SIGHUP)
        daemon.wait_notified("READY=1", times + 1)
        self.assertEqual(daemon.ctl("status", json=True)["last_reload"]["done"], is_sound, graph)


axond.main()
