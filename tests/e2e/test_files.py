"""Files, written and read while things happen to them: moved away, cut, on a disk that is full."""

import os
import re
import signal
import socket
import subprocess
import threading

import axond

COLLECT = "daemon: {drain_timeout: 10min}\n" + (axond.SOURCE / "etc/lines-to-file.yaml").read_text()
TAIL = (axond.SOURCE / "etc/tail-to-tcp.yaml").read_text()


class Talkers:
    """Clients that each send numbered lines, "3:17 xxxx…\\n", until they are told to stop.

    Leaving the "with" waits until all have sent what they have begun, and their connections are over.
    """

    def __init__(self, port, clients, lines=None):
        self.port, self.clients, self.lines = port, clients, lines
        self.sent = [0] * clients
        self._goes_on = True
        self._threads = [threading.Thread(target=self._talk, args=(number,)) for number in range(clients)]

    def _talk(self, number):
        with axond.connect(self.port) as sock:
            while self._goes_on and (self.lines is None or self.sent[number] < self.lines):
                first = self.sent[number]
                text = "".join(f"{number}:{count} {'x' * (count % 97)}\n" for count in range(first, first + 50))
                sock.sendall(text.encode())
                self.sent[number] += 50
                if self.lines is None:
                    threading.Event().wait(0.005)  # for as long as it takes: not as fast as it can
            sock.shutdown(socket.SHUT_WR)
            axond.receive_all(sock)

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *failure):
        self._goes_on = self.lines is not None and failure[0] is None
        for thread in self._threads:
            thread.join()


class TestCase(axond.TestCase):
    def check(self, text, talkers):
        """Every line is there, whole, once, and in its client's order."""
        counts = [0] * talkers.clients
        self.assertTrue(text.endswith("\n"))
        for line in text.splitlines():
            match = re.fullmatch(r"(\d+):(\d+) (x*)", line)
            self.assertIsNotNone(match, f"a torn line: {line!r}")
            number, count = int(match[1]), int(match[2])
            self.assertEqual(count, counts[number], f"client {number}")
            self.assertEqual(len(match[3]), count % 97)
            counts[number] += 1
        self.assertEqual(counts, talkers.sent)

    def wait_written(self, daemon):
        """Until all that came is in the file."""
        axond.wait_for(lambda: daemon.ctl("status", json=True)["connections"]["now"] == 0, "the last client to go")
        daemon.stop()


class Writing(TestCase):
    def test_lines_of_many_clients_come_whole_and_in_order(self):
        path = self.directory() / "lines.log"
        with axond.Axond(COLLECT, env={"FILE": str(path)}) as daemon:
            with Talkers(daemon.port, 20, 5000) as talkers:
                pass
            self.wait_written(daemon)
        self.check(path.read_text(), talkers)

    def test_a_file_may_be_moved_away_at_any_time(self):
        path = self.directory() / "lines.log"
        with axond.Axond(COLLECT, env={"FILE": str(path)}) as daemon:
            with Talkers(daemon.port, 5) as talkers:
                for number in range(3):
                    path.rename(path.with_name(f"moved.{number}"))
                    axond.wait_for(path.exists, "a new file")
            self.wait_written(daemon)
            self.assertEqual(daemon.stderr.count(f"writes to a new file at {path}"), 3)
        files = [path.with_name(f"moved.{number}") for number in range(3)] + [path]
        for file in files:
            self.assertTrue(file.read_text().endswith("\n"))
        self.check("".join(file.read_text() for file in files), talkers)

    def test_a_reload_loses_nothing_and_leaves_the_file_open(self):
        path = self.directory() / "lines.log"
        with axond.Axond(COLLECT, env={"FILE": str(path)}) as daemon:
            with Talkers(daemon.port, 5) as talkers:
                for _ in range(5):
                    daemon.reload()
            axond.wait_for(lambda: daemon.ctl("status", json=True)["connections"]["now"] == 0, "all to be heard")
            daemon.wait_rest()
            old = path.with_name("old.log")
            path.rename(old)
            daemon.reload()

            self.assertEqual(path.read_text(), "")  # though nothing has been written since
            whole = old.read_text()
            axond.ask(daemon.port, b"after\n")
            axond.wait_for(lambda: path.read_text() == "after\n", "the line in the new file")
            self.assertEqual(old.read_text(), whole)
            daemon.reload()
            self.assertEqual(daemon.stderr.count("writes to a new file at"), 1)
        self.check(whole, talkers)

    def test_whoever_had_connected_before_a_reload_is_still_heard(self):
        path = self.directory() / "lines.log"
        second = axond.free_port()
        for round in range(5):  # what the daemon sees first is chance
            path.write_text("")
            with axond.Axond(COLLECT, env={"FILE": str(path)}) as daemon:
                daemon.signal(signal.SIGSTOP)
                clients = [daemon.connect() for _ in range(3)]  # in the backlog
                for client in clients:
                    client.sendall(b"line\n")
                    client.shutdown(socket.SHUT_WR)
                daemon.write(COLLECT.replace("${PORT:-8080}", str(second)))
                daemon.signal(signal.SIGHUP)
                daemon.signal(signal.SIGCONT)
                for client in clients:
                    self.assertEqual(axond.receive_all(client), b"")
                axond.wait_for(lambda: path.read_text() == "line\n" * 3, "the lines")

    def test_a_full_disk_is_said_and_survived(self):
        if os.geteuid() != 0:
            self.skipTest("only root can have a small disk")
        disk = self.directory() / "disk"
        disk.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk]).returncode != 0:
            self.skipTest("a small disk cannot be mounted here")
        self.addCleanup(subprocess.run, ["umount", "-l", disk])
        filler = disk / "filler"
        filler.write_bytes(b"\0" * (900 << 10))
        path = disk / "lines.log"
        with axond.Axond(COLLECT, env={"FILE": str(path)}) as daemon:
            with Talkers(daemon.port, 5, 2000) as talkers:
                daemon.wait_line(f"warning file: could not write to {path}: No space left on device; "
                                 "what comes waits, and it is tried again")
                warnings = daemon.ctl("status", json=True)["warnings"]
                self.assertTrue(any(f"not able to write to {path} for" in str(one) for one in warnings), warnings)
                axond.wait_for(lambda: sum(talkers.sent) > 0, "clients to have begun")
                filler.unlink()
                daemon.wait_line(rf"notice file: writes to {path} again after .* s; nothing was lost")
            self.wait_written(daemon)
            self.assertEqual(daemon.stderr.count("could not write to"), 1)
        self.check(path.read_text(), talkers)

    def test_what_can_not_be_written_is_counted_at_a_forced_end(self):
        path = self.directory() / "lines.log"
        path.symlink_to("/dev/full")
        with axond.Axond(COLLECT, env={"FILE": str(path)}) as daemon:
            axond.ask(daemon.port, b"one\ntwo\n")
            daemon.wait_line("could not write to")
            daemon.stop_at_once()
            daemon.wait_line(r"warning file: has to stop: 2 messages were not written to ")

    def test_a_path_that_can_not_be_opened_is_a_start_that_fails(self):
        path = self.directory() / "nowhere/lines.log"
        graph = self.directory() / "graph.yaml"
        graph.write_text(COLLECT)
        done = axond.axond("-s", graph.with_name("sock"), graph,
                           env={"FILE": str(path), "PORT": str(axond.free_port())})
        self.assertEqual(done.returncode, axond.EXIT_CANNOT_START)
        self.assertIn(f"error file: could not open {path}: No such file or directory", done.stderr)


class Reading(TestCase):
    def tail(self, path, begin="start"):
        return axond.Axond(TAIL.replace("from: end", f"from: {begin}"), env={"FILE": str(path)})

    def test_a_file_is_copied_and_the_daemon_ends(self):
        directory = self.directory()
        data = os.urandom(8 << 20)
        (directory / "from").write_bytes(data)
        graph = f"""
components:
  from: {{type: FileReader, path: {directory}/from}}
  to: {{type: FileWriter, path: {directory}/to, fsync: interval}}
linkages: [from -> to]
"""
        with axond.Axond(graph) as daemon:
            daemon.wait(0)
        self.assertTrue((directory / "to").read_bytes() == data)

    def test_a_tail_follows_through_all_that_happens(self):
        path = self.directory() / "log"
        with self.tail(path) as daemon:
            early = daemon.connect()  # the file is not there yet
            daemon.wait_line("waits for .*/log, which is not there")
            path.write_text("1\n")
            self.assertEqual(axond.receive(early, 2), b"1\n")
            late = daemon.connect()
            self.assertEqual(axond.receive(late, 2), b"1\n")
            path.rename(path.with_name("log.1"))
            with path.with_name("log.1").open("a") as old:
                old.write("2\n")
            path.write_text("3\n")  # replaced
            for client in early, late:
                self.assertEqual(axond.receive(client, 4), b"2\n3\n")
            with path.open("r+") as file:  # cut, as copytruncate does
                file.truncate(0)
            axond.wait_for(lambda: daemon.stderr.count("has become shorter") == 2, "both to notice")
            with path.open("a") as file:
                file.write("4\n")
            for client in early, late:
                self.assertEqual(axond.receive(client, 2), b"4\n")

    def test_a_slow_reader_misses_nothing_and_slows_nobody_down(self):
        path = self.directory() / "log"
        text = b"".join(b"%d %s\n" % (number, b"x" * 90) for number in range(100000))
        path.write_bytes(b"")
        with self.tail(path) as daemon:
            slow, fast = daemon.connect(), daemon.connect()
            with path.open("ab") as file:
                file.write(text)
            self.assertTrue(axond.receive(fast, len(text)) == text)
            self.assertLess(daemon.rss(), 40 << 20 if not axond.SANITIZED else 1 << 30)
            self.assertTrue(axond.receive(slow, len(text)) == text)

    def test_clients_that_wait_cost_nothing(self):
        path = self.directory() / "log"
        path.write_bytes(b"1\n")
        with self.tail(path) as daemon:
            for _ in range(20):
                axond.receive(daemon.connect(), 2)
            daemon.wait_rest(1)

    def test_what_is_written_here_can_be_followed_here(self):
        path = self.directory() / "lines.log"
        second = axond.free_port()
        tail = TAIL.replace("${PORT:-8080}", str(second)).replace("from: end", "from: start")
        tail = tail.replace("server:", "reading:").replace("server ->", "reading ->")
        tail = tail[tail.index("components:"):].replace("components:\n", "").split("linkages:\n")
        graph = COLLECT.replace("components:\n  server:", "components:\n" + tail[0] + "  server:") + tail[1]
        with axond.Axond(graph, env={"FILE": str(path)}) as daemon:
            readers = [daemon.connect(second) for _ in range(3)]
            with Talkers(daemon.port, 5, 1000) as talkers:
                pass
            axond.wait_for(lambda: path.read_text().count("\n") == 5000, "all lines to be written")
            size = path.stat().st_size
            for reader in readers:
                self.check(axond.receive(reader, size).decode(), talkers)


axond.main()
