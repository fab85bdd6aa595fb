"""One graph on several threads: what comes from outside sees no difference, but for the speed."""

import collections
import contextlib
import ctypes
import os
import pathlib
import re
import signal
import socket
import struct
import threading
import time

import axond
import echoing
from graphs import ECHO, audited

CROWD = 40 if axond.SANITIZED else 200


def far(graph):
    """The component for all is on another worker than the first."""
    return graph.replace("components:\n  server", "components:\n  first: {type: NullSink}\n  server")


DRAINS_LONG = "daemon: {drain_timeout: 10min}\n"
AUDIT = DRAINS_LONG + audited("{type: FileWriter, path: audit.log}")
AUDIT_FAR = far(AUDIT)
SLOW_AUDIT = DRAINS_LONG + far(audited("{type: TCPClient, host: 127.0.0.1, port: %d, boxes: {inbox: {size: 8KiB}}}"))

workers_of_two_and_four = (2, 4)


def on(workers, graph, **more):
    return axond.Axond(graph, args=["-w", workers], **more)


def limited(most):
    return ECHO.replace('"${PORT}"', f'"${{PORT}}", max_connections: {most}')


def line(number, count):
    return b"%d %d\n" % (number, count)


def leave(sock):
    """Ends it so that nothing of it stays."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def listening(port):
    """How many sockets listen on a port of 127.0.0.1."""
    return sum(row[1] == f"0100007F:{port:04X}" and row[3] == "0A" for row in axond.tcp_table())


PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 17, 0x4206, 0x4207


def ptrace(request, thread):
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    if libc.ptrace(request, thread, None, None) == -1:
        raise OSError(ctypes.get_errno(), "ptrace")


@contextlib.contextmanager
def stuck(daemon, name):
    """One thread stands still, as if a component held it."""
    names = axond.texts_of_threads(daemon.pid, "comm")
    thread = next(thread for thread, text in names.items() if text.strip() == name)
    ptrace(PTRACE_SEIZE, thread)
    ptrace(PTRACE_INTERRUPT, thread)
    os.waitpid(thread, 0x40000000)  # __WALL
    try:
        yield
    finally:
        ptrace(PTRACE_DETACH, thread)


def connections(daemon):
    return daemon.ctl("status", json=True)["connections"]


def wait_connections(daemon, count):
    axond.wait_for(lambda: connections(daemon)["now"] == count, f"{count} connections")


def statistics(daemon, path):
    return {one["name"]: one["value"] for one in daemon.ctl("show", path, json=True)["statistics"]}


def watched(daemon):
    """How many descriptors each worker's loop watches."""
    folder = pathlib.Path(f"/proc/{daemon.pid}")
    counts = []
    for fd in (folder / "fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            if os.readlink(fd) == "anon_inode:[eventpoll]":
                counts.append((folder / "fdinfo" / fd.name).read_text().count("tfd:"))
    return counts


class TestCase(axond.TestCase):
    def assert_in_order(self, text, senders, lines):
        """Each sender's lines are there, "NUMBER COUNT", from 0 on."""
        said = dict.fromkeys(range(senders), 0)
        for one in text.splitlines():
            number, count = map(int, one.split())
            self.assertEqual(count, said[number], f"of {number}")
            said[number] += 1
        self.assertEqual(set(said.values()), {lines})

    def crowd(self, daemon, count=CROWD, address=None):
        """Clients that have all been answered."""
        clients = [daemon.connect(address) for _ in range(count)]
        for number, client in enumerate(clients):
            client.sendall(line(number, 0))
        for number, client in enumerate(clients):
            self.assertEqual(axond.receive(client, len(line(number, 0))), line(number, 0))
        return clients


class Listening(TestCase):
    def test_each_worker_has_a_socket_of_the_address_and_runs_the_connections_that_it_accepts(self):
        for workers in workers_of_two_and_four:
            with self.subTest(workers=workers), on(workers, ECHO) as daemon:
                self.assertEqual(listening(daemon.port), workers)
                self.assertRegex(daemon.ctl("status"), rf"\Aaxond .*, {workers} workers\n")
                self.assertEqual(daemon.ctl("status", json=True)["workers"], workers)
                before = watched(daemon)
                with echoing.Clients(daemon.port, CROWD) as clients:
                    clients.wait_echoed(5 * CROWD)
                    wait_connections(daemon, CROWD)
                    served = [now - then for now, then in zip(watched(daemon), before)]
                    self.assertEqual(len(served), workers)
                    self.assertGreater(min(served), 0)
                wait_connections(daemon, 0)
                self.assertEqual(connections(daemon)["total"], CROWD)

    def test_another_axond_is_refused_the_port(self):
        with on(2, ECHO) as daemon:
            other = axond.axond("-s", self.directory() / "control", "-w", 2, daemon.graph_path,
                                env={"PORT": str(daemon.port)})
            self.assertEqual(other.returncode, axond.EXIT_CANNOT_START)
            self.assertIn(f"server: could not listen on 127.0.0.1:{daemon.port}: Address already in use", other.stderr)
            self.greet(daemon.connect())

    def test_auto_is_a_worker_for_each_core(self):
        cores = min(64, len(os.sched_getaffinity(0)))
        for args, graph in ((["-w", "auto"], ECHO), ([], "daemon: {workers: auto}\n" + ECHO)):
            with self.subTest(args=args), axond.Axond(graph, args=args) as daemon:
                self.assertEqual(listening(daemon.port), cores)

    def test_the_command_line_goes_before_the_file(self):
        with on(3, "daemon: {workers: 2}\n" + ECHO) as daemon:
            self.assertEqual(listening(daemon.port), 3)

    def test_wrong_numbers_are_explained(self):
        directory = self.directory()
        for value in ("0", "65", "-1", "two", "1.5", "2x", "''"):
            with self.subTest(value):
                graph = directory / "graph.yaml"
                graph.write_text(f"daemon: {{workers: {value}}}\n" + ECHO)
                done = axond.axond("-t", graph, env={"PORT": "2000"})
                self.assertEqual(done.returncode, axond.EXIT_BAD_GRAPH)
                self.assertIn("workers", done.stderr)
                self.assertIn("a number from 1 to 64, or auto", done.stderr)
                done = axond.axond("-t", "-w", value.strip("'"), graph, env={"PORT": "2000"})
                self.assertEqual(done.returncode, axond.EXIT_USAGE)
                self.assertIn("a number from 1 to 64, or auto", done.stderr)

    UNIX = ECHO.replace('host: 127.0.0.1, listenport: "${PORT}"', 'host: "unix:echo.sock"')
    PASSED = ECHO.replace('host: 127.0.0.1, listenport: "${PORT}"', 'host: "systemd:web"')

    def assert_dealt_out(self, daemon, address):
        """No worker has far fewer than another."""
        before = watched(daemon)
        clients = []
        for _ in range(20 * len(before)):
            clients.append(daemon.connect(address))
            self.greet(clients[-1])
        for client in clients:
            self.greet(client)  # who is new is answered before it is watched
        self.assertGreater(min(now - then for now, then in zip(watched(daemon), before)), 5)
        return clients

    def test_a_unix_socket_is_served_by_one_worker_after_the_other(self):
        for workers in workers_of_two_and_four:
            with self.subTest(workers=workers), on(workers, self.UNIX) as daemon:
                path = daemon.directory / "echo.sock"
                daemon.connect(path).close()
                wait_connections(daemon, 0)
                clients = self.assert_dealt_out(daemon, path)
                wait_connections(daemon, len(clients))
                clients += self.crowd(daemon, 50, path)
                for client in clients:
                    self.greet(client)
                daemon.stop_at_once()
                self.assertFalse(path.exists())

    def test_a_passed_socket_is_served_by_one_worker_after_the_other_and_survives_a_reload(self):
        with socket.create_server(("127.0.0.1", 0), backlog=CROWD) as web:
            port = web.getsockname()[1]
            with on(3, self.PASSED, sockets={"web": web}) as daemon:
                clients = self.assert_dealt_out(daemon, port)
                daemon.reload(self.PASSED.replace("EchoProtocol", "{type: Pipeline, components: [EchoProtocol]}"))
                daemon.reload(self.PASSED.replace("systemd:web}", "systemd:web, nodelay: false}"))
                clients += self.crowd(daemon, 50, port)
                clients += self.assert_dealt_out(daemon, port)
                for client in clients:
                    self.greet(client)

    def test_the_turn_goes_on_when_a_limit_was_there(self):
        for workers in workers_of_two_and_four:
            graph = self.UNIX.replace("echo.sock\"", "echo.sock\", max_connections: 3")
            with self.subTest(workers=workers), on(workers, graph) as daemon:
                path = daemon.directory / "echo.sock"
                for _ in range(10):
                    clients = [daemon.connect(path) for _ in range(6)]
                    for some in clients[:3], clients[3:]:
                        for client in some:
                            self.greet(client)
                        for client in some:
                            client.close()


class Limits(TestCase):
    def test_max_connections_is_of_all_workers_together_and_room_wakes_whoever_has_somebody_waiting(self):
        for workers in workers_of_two_and_four:
            with self.subTest(workers=workers), on(workers, limited(10)) as daemon:
                self.let_in_by_and_by(daemon, 10)

    def test_so_is_the_limit_for_all_servers(self):
        with on(2, "daemon: {limits: {connections: 10}}\n" + ECHO) as daemon:
            self.let_in_by_and_by(daemon, 10, 30)
            self.assertEqual(daemon.stderr.count("accepting no more connections for now"), 1)

    def test_and_on_a_unix_socket(self):
        graph = "daemon: {limits: {connections: 10}}\n" + Listening.UNIX
        with on(3, graph) as daemon:
            path = daemon.directory / "echo.sock"
            for times in 1, 2:
                self.let_in_by_and_by(daemon, 10, 30, path)
                daemon.wait_line(times * "(?s:.*)accepting connections again")
            self.assertEqual(daemon.stderr.count("accepting no more connections for now"), 2)

    def let_in_by_and_by(self, daemon, most, count=100, address=None):
        """So many try at once; when one leaves another has to come in, until all have."""
        waiting = set()
        for _ in range(count):
            client = daemon.connect(address)
            client.sendall(b"in?")
            waiting.add(client)
        inside = set()
        while waiting:
            expected = min(most - len(inside), len(waiting))

            def arrivals():
                answered = {client for client in waiting if axond.has_more(client)}
                return answered if len(answered) >= expected else None

            arrived = axond.wait_for(arrivals, f"{expected} of {len(waiting)} to come in")
            waiting -= arrived
            inside |= arrived
            self.assertLessEqual(len(inside), most)
            for client in arrived:
                self.assertEqual(axond.receive(client, 3), b"in?")
            self.assertLessEqual(connections(daemon)["now"], most)
            leaving = [inside.pop() for _ in range(min(3, len(inside)))]
            for client in leaving:
                client.close()
        for client in inside:
            client.close()
        wait_connections(daemon, 0)


class Audit(TestCase):
    LINES = 50

    def send(self, clients, first=0, lines=LINES):
        for number, client in enumerate(clients):
            client.sendall(b"".join(line(number, count) for count in range(first, first + lines)))

    def echoed(self, clients, first=0, lines=LINES):
        for number, client in enumerate(clients):
            said = b"".join(line(number, count) for count in range(first, first + lines))
            self.assertEqual(axond.receive(client, len(said)), said)

    def test_one_component_hears_the_connections_of_all_workers_each_in_its_order(self):
        for workers in workers_of_two_and_four:
            for graph in AUDIT, AUDIT_FAR:
                with self.subTest(workers=workers, far=graph is AUDIT_FAR), on(workers, graph) as daemon:
                    clients = [daemon.connect() for _ in range(CROWD)]
                    self.send(clients)
                    self.echoed(clients)
                    log = daemon.directory / "audit.log"
                    axond.wait_for(lambda: log.read_text().count("\n") >= CROWD * self.LINES, "all lines")
                    self.assert_in_order(log.read_text(), CROWD, self.LINES)

    def test_a_slow_one_holds_all_up_and_loses_nothing(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.settimeout(axond.PATIENCE)
            with on(2, SLOW_AUDIT % listener.getsockname()[1]) as daemon, listener.accept()[0] as audit:
                audit.settimeout(axond.PATIENCE)
                text = b"".join(b"%d " % count + b"." * 4000 + b"\n" for count in range(16000))
                clients = [daemon.connect() for _ in range(4)]
                sent = [daemon.fill(client, text) for client in clients]
                before = daemon.rss()

                ends = [text.index(b"\n", size) + 1 for size in sent]  # of the lines that they are in the midst of
                echoes = {}
                readers = [threading.Thread(target=lambda n=n: echoes.update({n: axond.receive(clients[n], ends[n])}))
                           for n in range(len(clients))]
                senders = [threading.Thread(target=lambda n=n: clients[n].sendall(text[sent[n]:ends[n]]))
                           for n in range(len(clients))]
                for thread in readers + senders:
                    thread.start()
                expected = collections.Counter()
                for end in ends:
                    expected.update(text[:end].splitlines(True))
                stream = audit.makefile("rb")
                said = collections.Counter(stream.readline() for _ in range(sum(expected.values())))
                for thread in readers + senders:
                    thread.join(axond.PATIENCE)

                self.assertTrue(said == expected)
                self.assertTrue(all(echoes[n] == text[:end] for n, end in enumerate(ends)))
                if not axond.SANITIZED:
                    self.assertLess(daemon.rss() - before, 32 << 20)

    def test_long_messages_cross_whole(self):
        graph = AUDIT_FAR.replace("{type: LineFramer}", "{type: LineFramer, max_line: 1MiB}")
        with on(2, graph) as daemon:
            clients = [daemon.connect() for _ in range(4)]
            longs = [b"%d" % number * 300_000 + b"\n" for number in range(len(clients))]
            for client, text in zip(clients, longs):
                for _ in range(5):
                    self.greet(client, text)
            log = daemon.directory / "audit.log"
            axond.wait_for(lambda: log.stat().st_size >= 20 * len(longs[0]), "all of it")
            self.assertEqual(collections.Counter(log.read_bytes().splitlines(True)), dict.fromkeys(longs, 5))

    def test_draining_loses_nothing_that_is_under_way(self):
        for graph in AUDIT, AUDIT_FAR:
            with self.subTest(far=graph is AUDIT_FAR), on(2, graph) as daemon:
                log = self.directory() / "audit.log"
                daemon.write(graph.replace("audit.log", str(log)))
                daemon.reload()
                clients = [daemon.connect() for _ in range(CROWD)]
                for number, client in enumerate(clients):
                    client.sendall(b"".join(line(number, count) for count in range(self.LINES)))
                    client.shutdown(socket.SHUT_WR)
                axond.wait_for(lambda: connections(daemon)["total"] == CROWD, "all to be accepted")
                daemon.stop()
                self.assert_in_order(log.read_text(), CROWD, self.LINES)
                for number, client in enumerate(clients):
                    self.assertEqual(axond.receive_all(client).count(b"\n"), self.LINES)


class Reload(TestCase):
    def test_refuses_and_loses_nobody(self):
        directory = self.directory()
        log = directory / "audit.log"
        graphs = [graph.replace("audit.log", str(log)) for graph in (AUDIT, AUDIT_FAR)]
        for workers in workers_of_two_and_four:
            with self.subTest(workers=workers), on(workers, graphs[0]) as daemon:
                log.write_bytes(b"")
                goes_on = True
                said = collections.Counter()
                problems = []

                def knock(name):
                    try:
                        while goes_on:
                            text = line(name, said[name])
                            answer = axond.ask(daemon.port, text)
                            if answer != text:
                                raise AssertionError(f"{answer!r}, not {text!r}")
                            said[name] += 1
                    except Exception as problem:
                        problems.append(problem)

                threads = [threading.Thread(target=knock, args=(name,)) for name in range(3)]
                for thread in threads:
                    thread.start()
                try:
                    for number in range(1, 7):
                        daemon.reload(graphs[number % 2])
                        so_far = sum(said.values())
                        axond.wait_for(lambda: problems or sum(said.values()) > so_far + 10, "clients to be answered")
                finally:
                    goes_on = False
                    for thread in threads:
                        thread.join()
                self.assertEqual(problems, [])
                daemon.stop()
                self.assertEqual(sorted(log.read_bytes().splitlines(True)),
                                 sorted(line(name, count) for name in said for count in range(said[name])))

    def test_those_who_are_connected_stay(self):
        with on(2, ECHO) as daemon:
            clients = self.crowd(daemon)
            daemon.reload(limited(1000))
            clients += self.crowd(daemon)
            for client in clients:
                self.greet(client)
            wait_connections(daemon, 2 * CROWD)


    def say(self, clients, count):
        """Each says its next line, and is answered."""
        for number, client in enumerate(clients):
            self.greet(client, line(number, count))

    def test_what_connections_of_all_workers_lead_to_is_replaced_and_each_line_stays_in_its_place(self):
        logs = [self.directory() / f"{name}.log" for name in "ab"]
        graphs = [AUDIT_FAR.replace("audit.log", str(log)) for log in logs]
        for workers in workers_of_two_and_four:
            with self.subTest(workers=workers), on(workers, graphs[0]) as daemon:
                for log in logs:
                    log.write_bytes(b"")
                clients = [daemon.connect() for _ in range(20)]
                for count in range(6):
                    self.say(clients, count)
                    daemon.reload(graphs[(count + 1) % 2])
                    axond.wait_for(lambda: daemon.stderr.count("1 replaced") == count + 1, "what it says of the reload")
                self.say(clients, 6)
                wait_connections(daemon, len(clients))
                for client in clients:
                    client.close()
                daemon.stop()
                texts = [log.read_text() for log in logs]
                said = [collections.defaultdict(list) for _ in logs]
                for text, of_log in zip(texts, said):
                    for one in text.splitlines():
                        number, count = map(int, one.split())
                        of_log[number].append(count)
                for number in range(len(clients)):
                    self.assertEqual([of_log[number] for of_log in said], [[0, 2, 4, 6], [1, 3, 5]])

    def test_what_is_removed_ends_with_the_last_connection_that_leads_to_it(self):
        plain = ECHO.replace("  echo:", "  visitors:").replace("server -> echo", "server -> visitors")
        with on(2, AUDIT_FAR) as daemon:
            clients = [daemon.connect() for _ in range(20)]
            self.say(clients, 0)
            daemon.reload(plain)
            self.say(clients, 1)
            fresh = self.crowd(daemon, 20)
            log = daemon.directory / "audit.log"
            self.assertIn("audit", daemon.ctl("list"))
            for client in clients:
                client.close()
            axond.wait_for(lambda: "audit" not in daemon.ctl("list"), "audit to have gone")
            self.assert_in_order(log.read_text(), 20, 2)
            daemon.reload(AUDIT_FAR)
            self.say(fresh, 1)

    def test_what_can_not_be_replaced_goes_on(self):
        with on(2, AUDIT_FAR) as daemon:
            clients = [daemon.connect() for _ in range(20)]
            self.say(clients, 0)
            daemon.write(AUDIT_FAR.replace("audit.log", "missing/audit.log"))
            daemon.signal(signal.SIGHUP)
            daemon.wait_line("audit.*No such file or directory")
            self.say(clients, 1)
            log = daemon.directory / "audit.log"
            axond.wait_for(lambda: log.read_text().count("\n") == 40, "all lines")
            self.assert_in_order(log.read_text(), 20, 2)


class Chat(TestCase):
    CROWD = 20
    LINES = 20

    def test_all_hear_all_in_one_order_whatever_worker_they_are_on(self):
        for workers in workers_of_two_and_four:
            with self.subTest(workers=workers), on(workers, "etc/chat.yaml") as daemon:
                clients = [daemon.connect() for _ in range(self.CROWD)]
                axond.wait_for(lambda: statistics(daemon, "room")["subscribers"] == self.CROWD, "all to be there")
                for count in range(self.LINES):
                    for number, client in enumerate(clients):
                        client.sendall(line(number, count))
                size = sum(len(line(number, count)) for number in range(self.CROWD) for count in range(self.LINES))
                heard = {axond.receive(client, size) for client in clients}
                self.assertEqual(len(heard), 1)
                self.assert_in_order(heard.pop().decode(), self.CROWD, self.LINES)

    def test_reloads_divide_nobody(self):
        with on(2, "etc/chat.yaml") as daemon:
            before = [daemon.connect() for _ in range(10)]
            axond.wait_for(lambda: statistics(daemon, "room")["subscribers"] == 10, "all to be there")
            daemon.reload()
            after = [daemon.connect() for _ in range(10)]
            axond.wait_for(lambda: connections(daemon)["now"] == 20, "all to be there")
            axond.wait_for(lambda: statistics(daemon, "room")["subscribers"] == 20, "all to be there")
            for number, one in enumerate((before[0], after[0])):
                one.sendall(line(number, 0))
                for client in before + after:
                    self.assertEqual(axond.receive(client, 4), line(number, 0))


    def test_those_in_a_room_that_is_replaced_or_removed_stay_together_until_the_last_leaves(self):
        graph = (axond.SOURCE / "etc/chat.yaml").read_text()
        renamed = re.sub(r"(name|destination|source): chat", r"\1: talk", graph)
        for room, changed in ("room", renamed), ("hall", renamed.replace("room:", "hall:")):
            with self.subTest(room), on(2, graph) as daemon:
                before = [daemon.connect() for _ in range(10)]
                axond.wait_for(lambda: statistics(daemon, "room")["subscribers"] == 10, "all to be there")
                daemon.reload(changed)
                after = [daemon.connect() for _ in range(10)]
                axond.wait_for(lambda: statistics(daemon, room)["subscribers"] == 10, "all to be there")
                for count in range(3):
                    for number, those in enumerate((before, after)):
                        for client in those:
                            client.sendall(line(number, count))
                        for client in those:
                            self.assertEqual(axond.receive(client, 40), line(number, count) * 10)
                for client in before:
                    client.close()
                daemon.wait_line("the last connection of an earlier graph has ended")
                axond.wait_for(lambda: [one["path"] for one in daemon.ctl("list", json=True)["components"]
                                        if "/" not in one["path"]] == ["server", "visitors", room],
                               "the first room to have gone")


class Supervision(TestCase):
    def test_one_that_fails_is_restarted_where_it_lives_and_loses_nothing_that_waits(self):
        port = axond.free_port()
        graph = SLOW_AUDIT.replace("port: %d,", "port: %d, restart: {delay: 20ms, max_delay: 40ms, limit: 0},")
        with on(2, graph % port) as daemon:
            daemon.wait_line("audit: failed: .*Connection refused; restart 2 in")
            clients = self.crowd(daemon, 20)
            with socket.create_server(("127.0.0.1", port)) as listener:
                listener.settimeout(axond.PATIENCE)
                with listener.accept()[0] as audit:
                    audit.settimeout(axond.PATIENCE)
                    for number, client in enumerate(clients):
                        client.sendall(line(number, 1))
                    self.assert_in_order(axond.receive(audit, 2 * 10 * 4 + 2 * 10 * 5).decode(), 20, 2)

    def test_a_server_that_is_restarted_by_hand_is_so_on_every_worker(self):
        for workers in workers_of_two_and_four:
            with self.subTest(workers=workers), on(workers, ECHO) as daemon:
                clients = self.crowd(daemon, 20)
                daemon.ctl("restart", "server")
                for client in clients:
                    self.assertEqual(axond.receive_all(client), b"")
                self.assertEqual(listening(daemon.port), workers)
                self.crowd(daemon, 20)
                wait_connections(daemon, 20)

    def test_stopping_a_server_by_hand_stops_it_on_every_worker(self):
        other = axond.free_port()
        graph = ECHO.replace("linkages:", f"  other: {{type: TCPServer, host: 127.0.0.1, listenport: {other}}}\n"
                                    "linkages:\n  - other -> echo")
        with on(2, graph) as daemon:
            clients = self.crowd(daemon, 20)
            daemon.ctl("stop", "server")
            for client in clients:
                self.assertEqual(axond.receive_all(client), b"")
            self.assertEqual((listening(daemon.port), listening(other)), (0, 2))
            daemon.ctl("stop", "other")
            self.assertEqual(daemon.wait(), 0)  # nothing is left


class Watchdog(TestCase):
    def test_is_fed_as_long_as_every_worker_turns(self):
        with axond.Axond(ECHO, args=["-w", 3], env={"WATCHDOG_USEC": "400000"}) as daemon:
            daemon.wait_notified("WATCHDOG=1", 3)
            with stuck(daemon, "axond/2"):
                daemon.wait_line("worker 2 has not turned for 0.1 s: systemd is not told that all is well")

                def rested():
                    before = daemon.notified("WATCHDOG=1")
                    time.sleep(0.4)  # it would be fed meanwhile
                    return before if daemon.notified("WATCHDOG=1") == before else None

                times = axond.wait_for(rested, "no more feeding")  # what hung for a moment before may have been named
            daemon.wait_line("every loop turns again")
            daemon.wait_notified("WATCHDOG=1", times + 2)
            self.greet(daemon.connect())


class Seeing(TestCase):
    def test_what_is_told_is_of_all_workers(self):
        with on(2, ECHO) as daemon:
            self.crowd(daemon)
            status = daemon.ctl("status", json=True)
            self.assertEqual(status["connections"], {"now": CROWD, "total": CROWD, "refused": 0})
            self.assertEqual(status["components"]["running"], 2)
            self.assertEqual([(one["path"], one["connections"]) for one in status["listeners"]], [("server", CROWD)])
            self.assertEqual(status["traffic"]["messages"], CROWD)

            numbers = range(1, CROWD + 1)
            self.assertCountEqual([one["path"] for one in daemon.ctl("list", json=True)["components"]],
                                  ["server", "echo", *(f"server/{n}" for n in numbers), *(f"echo/{n}" for n in numbers)])
            self.assertEqual(statistics(daemon, "server")["connections"], CROWD)
            self.assertEqual(statistics(daemon, "server")["accepted"], CROWD)
            self.assertEqual(statistics(daemon, "echo")["handled"], CROWD)
            for number in numbers[:10]:
                self.assertEqual(daemon.ctl("show", f"server/{number}", json=True)["type"], "ConnectedSocketAdapter")

            linkages = {one["from"]: one["messages"] for one in daemon.ctl("linkages", json=True)["linkages"]}
            for number in numbers:
                self.assertEqual(linkages[f"server/{number}.outbox"], 1)
            self.assertEqual(daemon.ctl("top", "--count", "1", json=True)["linkages"], len(linkages))
            metrics = daemon.ctl("metrics")
            self.assertRegex(metrics, rf'(?m)^axond_connections {CROWD}$')

    def test_what_crosses_is_seen_where_it_goes(self):
        for graph in AUDIT, AUDIT_FAR:
            with self.subTest(far=graph is AUDIT_FAR), on(2, graph) as daemon:
                self.crowd(daemon, 20)
                axond.wait_for(lambda: {one["name"]: one["messages"] for one in
                                        daemon.ctl("show", "audit", json=True)["inboxes"]}["inbox"] == 20, "20 messages")
                self.assertNotRegex(daemon.ctl("list"), "StandIn|Landing")
                to_audit = [one["messages"] for one in daemon.ctl("linkages", "visitors/**", json=True)["linkages"]
                            if one["from"].endswith("copy.outbox2")]
                self.assertEqual(to_audit, [1] * 20)

    def test_a_tap_is_of_any_connection(self):
        with on(2, ECHO) as daemon:
            clients = self.crowd(daemon, 8)
            with contextlib.ExitStack() as stack:
                taps = [stack.enter_context(daemon.ctl_stream("tap", f"server/{number}.outbox", "--count", "1"))
                        for number in range(1, 9)]
                # a tap says nothing when it begins: they talk until each has been heard
                while any(tap.running for tap in taps):
                    for client in clients:
                        self.greet(client, b"look\n")
                for tap in taps:
                    self.assertEqual(tap.wait(), 0)
                    self.assertIn("look", tap.stdout)
            for client in clients:
                self.greet(client)

    def test_what_each_worker_has_of_a_linkage_is_shown_as_one(self):
        with on(2, ECHO) as daemon:
            self.crowd(daemon)
            signals = [one for one in daemon.ctl("linkages", json=True)["linkages"]
                       if one["from"] == "server.protocolHandlerSignal"]
            self.assertEqual([(one["to"], one["messages"]) for one in signals], [("echo.inbox", CROWD)])
            server = daemon.ctl("show", "server", json=True)
            self.assertEqual({box["name"]: box["messages"] for box in server["outboxes"]}["protocolHandlerSignal"], CROWD)
            echo = daemon.ctl("show", "echo", json=True)
            self.assertEqual({box["name"]: box["messages"] for box in echo["inboxes"]}["inbox"], CROWD)

    def test_a_tap_of_what_each_worker_has_hears_all_of_them(self):
        with on(2, ECHO) as daemon, daemon.ctl_stream("tap", "server -> echo") as tap:
            tap.wait_line("tapping")
            self.crowd(daemon)
            axond.wait_for(lambda: tap.stdout.count("newCSA") == CROWD, "every connection")

    def test_a_tap_of_a_linkage_between_workers(self):
        for graph in AUDIT, AUDIT_FAR:
            with self.subTest(far=graph is AUDIT_FAR), on(2, graph) as daemon:
                clients = self.crowd(daemon, 8)
                with contextlib.ExitStack() as stack:
                    taps = [stack.enter_context(daemon.ctl_stream("tap", f"visitors/{number} -> audit.inbox"))
                            for number in range(1, 9)]
                    for tap in taps:
                        tap.wait_line("tapping")
                    for client in clients:
                        self.greet(client)
                    for tap in taps:
                        tap.wait_line("hello", "stdout")

    def test_a_tap_tells_the_last_words_of_a_connection_with_its_peer(self):
        with on(2, ECHO) as daemon:
            clients = self.crowd(daemon, 8)
            with contextlib.ExitStack() as stack:
                taps = [stack.enter_context(daemon.ctl_stream("tap", f"echo/{number}")) for number in range(1, 9)]
                for tap in taps:
                    tap.wait_line("tapping")
                for client in clients:
                    client.close()
                for tap in taps:
                    self.assertEqual(tap.wait(), 0)
                    self.assertRegex(tap.stdout, r"echo/\d+\.control  127\.0\.0\.1:\d+  producerFinished")

    def test_all_who_have_subscribed_are_seen_whatever_worker_they_are_on(self):
        with on(2, "etc/chat.yaml") as daemon:
            clients = [daemon.connect() for _ in range(20)]
            axond.wait_for(lambda: statistics(daemon, "room")["subscribers"] == 20, "all to be there")

            to_them = [one["to"] for one in daemon.ctl("linkages", "room.*", json=True)["linkages"]
                       if one["from"].startswith("room.subscriber")]
            self.assertEqual(len(set(to_them)), 20)
            boxes = daemon.ctl("show", "room", json=True)["outboxes"]
            self.assertEqual(sum(box["name"].startswith("subscriber") for box in boxes), 20)
            with daemon.ctl_stream("tap", "room.inbox", "--count", "20") as tap:
                tap.wait_line("tapping")
                for number, client in enumerate(clients):
                    client.sendall(line(number, 0))
                self.assertEqual(tap.wait(), 0)
                self.assertCountEqual(re.findall(r"  (\d+) 0", tap.stdout), [str(n) for n in range(20)])

    def test_a_trace_is_of_any_connection_and_says_where_it_crosses(self):
        for graph in AUDIT, AUDIT_FAR:
            with self.subTest(far=graph is AUDIT_FAR), on(2, graph) as daemon:
                clients = self.crowd(daemon, 4)
                for number in range(1, 5):
                    with daemon.ctl_stream("trace", f"server/{number}.outbox") as trace:
                        trace.wait_line("waiting for the next message")
                        for client in clients:
                            self.greet(client, b"follow me\n")
                        self.assertEqual(trace.wait(), 0)
                        self.assertIn("follow me", trace.stdout)
                        self.assertIn(f"taken from visitors/{number}/lines.inbox", trace.stdout)
                        self.assertIn(f"server/{number}.inbox", trace.stdout)
                        self.assertIn("audit.inbox", trace.stdout)
                        self.assertRegex(trace.stdout, "taken from audit.inbox|"
                                         "goes on to another worker, where it is not followed: trace audit.inbox")
                with daemon.ctl_stream("trace", "audit.inbox") as trace:
                    trace.wait_line("waiting for the next message")
                    self.greet(clients[0], b"follow me\n")
                    self.assertEqual(trace.wait(), 0)
                    self.assertIn("taken from audit.inbox", trace.stdout)

    def test_a_trace_is_of_whoever_is_the_first_on_whatever_worker(self):
        with on(3, "etc/chat.yaml") as daemon:
            clients = [daemon.connect() for _ in range(4)]
            axond.wait_for(lambda: statistics(daemon, "room")["subscribers"] == len(clients), "all to be there")
            for client in clients:
                with daemon.ctl_stream("trace", "room.inbox") as trace:
                    trace.wait_line("waiting for the next message")
                    client.sendall(b"follow me\n")
                    self.assertEqual(trace.wait(), 0)
                    self.assertEqual(trace.stdout.count("taken from room.inbox"), 1)

    def test_send_reaches_a_component_of_any_worker(self):
        graph = "".join(f"  w{n}: {{type: FileWriter, path: w{n}.log}}\n" for n in range(4))
        with on(4, "components:\n" + graph) as daemon:
            for number in range(4):
                daemon.ctl("send", f"w{number}.inbox", f"to {number}")
            for number in range(4):
                log = daemon.directory / f"w{number}.log"
                axond.wait_for(lambda: log.exists() and log.read_bytes(), f"what was sent to w{number}")
                self.assertEqual(log.read_bytes().rstrip(), b"to %d" % number)

    def test_kill_ends_one_connection_of_any_worker(self):
        with on(2, ECHO) as daemon:
            clients = self.crowd(daemon, 10)
            for number in range(1, 11, 2):
                daemon.ctl("kill", f"server/{number}")
            wait_connections(daemon, 5)
            alive = []
            for client in clients:
                with contextlib.suppress(ConnectionError):
                    client.sendall(b"?")
                    alive.append(client.recv(1))
            self.assertEqual(alive.count(b"?"), 5)


axond.main()
