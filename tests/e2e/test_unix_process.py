"""UnixProcess: programs as components, one for all or one for each connection, as inetd has it."""

import contextlib
import os
import pathlib
import resource
import signal
import socket
import struct
import subprocess
import threading

import axond

# A program for each connection; %s: its parameters.
INETD = """
components:
  server: {type: TCPServer, host: 127.0.0.1, listenport: "${PORT}"}
  inetd: {type: ProtocolHandler, protocol: {type: UnixProcess, %s}}
linkages:
  - server -> inetd
"""

GROUP = 'command: "echo $$; sleep 1000 & sleep 1000 & wait"'  # three processes


def members(group):
    """The processes of a group that have not ended."""
    listed = subprocess.run(["ps", "-o", "pid=,stat=", "-g", str(group)], capture_output=True, text=True)
    return [line.split()[0] for line in listed.stdout.splitlines() if line.split()[1][0] != "Z"]


def children(daemon):
    """The daemon's child processes, zombies included."""
    return [pid for text in axond.texts_of_threads(daemon.pid, "children").values() for pid in text.split()]


def lines(sock):
    return sock.makefile("rb")


def reset(sock):
    """Closes a connection as a client does that crashes with something unread."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


class TestCase(axond.TestCase):
    def wait_gone(self, group):
        axond.wait_for(lambda: not members(group), f"process group {group} to end")

    def wait_clean(self, daemon, descriptors):
        axond.wait_for(lambda: not children(daemon), "every process to be reaped")
        axond.wait_for(lambda: daemon.fds() <= descriptors, "every descriptor to be closed")


class Connections(TestCase):
    def environment(self, address):
        """What the program finds, by name."""
        text = axond.ask(address, b"").decode()
        return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)

    def test_the_program_knows_both_ends(self):
        with axond.Axond(INETD % "command: [env], environment: {TZ: UTC}") as daemon:
            with daemon.connect() as sock:
                sock.shutdown(socket.SHUT_WR)
                text = axond.receive_all(sock).decode()
                port = sock.getsockname()[1]
            found = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)

            self.assertEqual(found["REMOTE_ADDR"], "127.0.0.1")
            self.assertEqual(found["REMOTE_PORT"], str(port))
            self.assertEqual(found["LOCAL_ADDR"], "127.0.0.1")
            self.assertEqual(found["LOCAL_PORT"], str(daemon.port))
            self.assertEqual(found["TZ"], "UTC")
            self.assertNotIn("NOTIFY_SOCKET", found)

    def test_ipv4_is_ipv4_at_a_server_for_every_address_and_ipv6_is_ipv6(self):
        if not axond.has_ipv6():
            self.skipTest("there is no IPv6 here")
        with axond.Axond((INETD % "command: [env]").replace("host: 127.0.0.1, ", "")) as daemon:
            found = self.environment(daemon.port)
            self.assertEqual((found["REMOTE_ADDR"], found["LOCAL_ADDR"]), ("127.0.0.1", "127.0.0.1"))
            found = self.environment(("::1", daemon.port))
            self.assertEqual((found["REMOTE_ADDR"], found["LOCAL_ADDR"]), ("::1", "::1"))

    def test_the_service_behind_it_is_not_taken_for_a_component_without_a_name(self):
        with axond.Axond(INETD % "command: [cat]" + "daemon: {log_level: debug}\n") as daemon:
            self.assertEqual(daemon.ask(b"x"), b"x")
            daemon.wait_line("debug inetd: running")

        self.assertNotIn("debug : ", daemon.stderr)

    def test_there_are_no_addresses_at_a_unix_socket(self):
        path = self.directory() / "inetd.sock"
        graph = (INETD % "command: [env]").replace('host: 127.0.0.1, listenport: "${PORT}"', f"host: 'unix:{path}'")
        with axond.Axond(graph, env={"REMOTE_ADDR": "of somebody else", "LOCAL_PORT": "25"}):
            found = self.environment(path)

            self.assertIn("PATH", found)
            for name in "REMOTE_ADDR", "REMOTE_PORT", "LOCAL_ADDR", "LOCAL_PORT":
                self.assertNotIn(name, found)

    def test_a_program_deep_inside_a_protocol_knows_them_too(self):
        graph = """
graphs:
  answer:
    components:
      lines: {type: LineFramer}
      inner:
        type: Pipeline
        components:
          - {type: UnixProcess, command: "cat; echo from $REMOTE_ADDR"}
          - {type: PureTransformer, function: upper}
    linkages:
      - self -> lines -> inner -> self
""" + (INETD % "").replace("protocol: {type: UnixProcess, }", "protocol: answer")
        with axond.Axond(graph) as daemon:
            self.assertEqual(daemon.ask(b"hello\n"), b"HELLO\nFROM 127.0.0.1\n")

    def test_the_answer_is_complete_after_the_client_has_ended_sending(self):
        with axond.Axond(INETD % 'command: "wc -c; head -c 3000000 /dev/zero"') as daemon:
            answer = daemon.ask(b"x" * 1_000_000)

            self.assertEqual(answer, b"1000000\n" + bytes(3_000_000))

    def test_much_goes_through_byte_by_byte(self):
        data = os.urandom(1 << 20) * (4 if axond.SANITIZED else 20)
        with axond.Axond(INETD % "command: [cat]") as daemon:
            self.assertTrue(daemon.ask(data) == data)
        with axond.Axond(INETD % r'command: [tr, "\\000-\\377", "\\001-\\377\\000"]') as daemon:
            expected = data.translate(bytes((i + 1) % 256 for i in range(256)))
            self.assertTrue(daemon.ask(data) == expected)

    def test_a_client_that_does_not_read_makes_the_program_wait(self):
        with axond.Axond(INETD % "command: [cat, /dev/zero]") as daemon:
            before = daemon.rss()
            sock = daemon.connect()
            axond.receive(sock, 1 << 20)
            axond.wait_for(lambda: daemon.ctl("show", "inetd/1", json=True)["outboxes"][0]["blocked"] > 0.1,
                           "the program's output to be blocked")
            daemon.wait_rest()
            if not axond.SANITIZED:
                self.assertLess(daemon.rss() - before, 8 << 20)

    def test_the_whole_group_ends_when_the_client_is_gone(self):
        with axond.Axond(INETD % GROUP) as daemon:
            descriptors = daemon.fds()
            sock = daemon.connect()
            group = int(lines(sock).readline())
            axond.wait_for(lambda: len(members(group)) == 3, "its children to be there")
            reset(sock)

            self.wait_gone(group)
            self.wait_clean(daemon, descriptors)

    def test_a_client_that_closes_ends_the_programs_input(self):
        heard = self.directory() / "heard"
        with axond.Axond(INETD % f'command: "cat > {heard}.new; mv {heard}.new {heard}"') as daemon:
            with axond.connect(daemon.port) as sock:
                sock.sendall(b"goodbye")

            axond.wait_for(heard.exists, "the end of its input")
            self.assertEqual(heard.read_bytes(), b"goodbye")
            axond.wait_for(lambda: not children(daemon), "its end")

    def test_a_program_that_reads_nothing_is_ended_a_while_after_the_client_has_closed(self):
        with axond.Axond(INETD % f"{GROUP}, answer_timeout: 100ms" + "daemon: {log_level: info}\n") as daemon:
            descriptors = daemon.fds()
            sock = daemon.connect()
            group = int(lines(sock).readline())
            daemon.wait_rest(0.5)  # before its input has ended it may be quiet
            sock.close()

            daemon.wait_line("inetd/1.*: ending it: nothing has come of it for 100ms since the end of its input")
            self.wait_gone(group)
            self.wait_clean(daemon, descriptors)

    def test_it_has_all_the_time_that_its_client_takes_to_read(self):
        with axond.Axond(INETD % "command: [cat, /dev/zero], answer_timeout: 100ms") as daemon:
            sock = daemon.connect()
            axond.wait_for(lambda: daemon.ctl("show", "inetd/1", json=True)["outboxes"][0]["blocked"] > 0.1,
                           "the program's output to be blocked")
            sock.shutdown(socket.SHUT_WR)
            daemon.wait_rest(0.5)

            self.assertEqual(len(children(daemon)), 1)
            self.assertNotIn("ending it", daemon.stderr)

    def test_the_whole_group_ends_when_the_client_says_nothing_for_too_long(self):
        with axond.Axond((INETD % GROUP).replace("host:", "idle_timeout: 300ms, host:")) as daemon:
            # where it takes too long to begin, nothing is said either
            group = axond.wait_for(lambda: lines(daemon.connect()).readline(), "its number")
            self.wait_gone(int(group))

    def test_a_program_that_ignores_sigterm_is_killed(self):
        with axond.Axond(INETD % """command: "trap '' TERM; echo $$; while :; do sleep 1000; done",
                                    kill_timeout: 100ms""") as daemon:
            descriptors = daemon.fds()
            sock = daemon.connect()
            group = int(lines(sock).readline())
            reset(sock)

            daemon.wait_line(f"inetd/1.*: process group {group} was killed, as it did not end within 0.1 s")
            self.wait_gone(group)
            self.wait_clean(daemon, descriptors)

    def test_the_connection_is_closed_after_the_last_byte_of_a_program_that_exits(self):
        with axond.Axond(INETD % 'command: "head -c 1000000 /dev/zero; echo problem >&2; exit 3"') as daemon:
            with daemon.connect() as sock:  # it has not ended sending
                self.assertEqual(len(axond.receive_all(sock)), 1_000_000)

            daemon.wait_line(r"inetd/1.*: problem$")
            daemon.wait_line(r"inetd/1.*: exited with status 3$")

    def test_a_program_that_reads_nothing_gets_its_answer_out(self):
        with axond.Axond(INETD % 'command: "exec 0<&-; sleep 0.1; echo done"') as daemon:
            self.assertEqual(daemon.ask(b"x" * 1_000_000), b"done\n")
            self.assertNotIn("warning", axond.HELD.sub("", daemon.stderr))

    def test_a_hundred_at_once(self):
        with axond.Axond(INETD % "command: [cat]") as daemon:
            descriptors = daemon.fds()
            socks = [daemon.connect() for _ in range(100)]
            for number, sock in enumerate(socks):
                sock.sendall(b"%d\n" % number)
            for number, sock in enumerate(socks):
                self.assertEqual(lines(sock).readline(), b"%d\n" % number)
            self.assertEqual(len(children(daemon)), 100)
            for sock in socks:
                sock.close()

            self.wait_clean(daemon, descriptors)

    def test_a_storm_of_short_connections_leaves_nothing_behind(self):
        with axond.Axond(INETD % "command: [echo, hello]") as daemon:
            descriptors = daemon.fds()
            answers = []

            def storm():
                for _ in range(125):
                    answers.append(daemon.ask(b""))

            threads = [threading.Thread(target=storm) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

            self.assertEqual(answers, [b"hello\n"] * 500)
            self.wait_clean(daemon, descriptors)

    def test_a_program_that_cannot_be_run_costs_only_its_connection(self):
        path = self.directory() / "service"
        with axond.Axond(INETD % f"command: [{path}]") as daemon:
            descriptors = daemon.fds()
            self.assertEqual(daemon.ask(b""), b"")
            daemon.wait_line(f"warning inetd/1.*: could not run {path}: No such file or directory")
            path.write_text("#!/bin/sh\necho here\n")
            path.chmod(0o755)

            self.assertEqual(daemon.ask(b""), b"here\n")
            self.assertEqual(daemon.ctl("show", "inetd", json=True)["statistics"][2]["value"], 1)
            self.wait_clean(daemon, descriptors)

    def test_want_of_descriptors_costs_only_the_connection(self):
        with axond.Axond(INETD % "command: [cat]") as daemon:
            descriptors = daemon.fds()
            most = descriptors + 4 * 5 + 3  # four connections with their programs, and a fifth without
            resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, (most, most))
            socks = []
            answers = [b"here"]
            while answers[-1] == b"here":
                socks.append(daemon.connect())
                socks[-1].sendall(b"here")
                try:
                    answers.append(socks[-1].recv(10))
                except ConnectionResetError:  # closed before "here" was read
                    answers.append(b"")
            daemon.wait_line(r"could not make (pipes|a process) for \S+cat: Too many open files")
            self.assertEqual(answers[-1], b"")
            self.assertEqual(len(socks), 5)
            for sock in socks[:-1]:  # those before are as they were
                sock.sendall(b"there")
                self.assertEqual(sock.recv(10), b"there")
            for sock in socks:
                sock.close()
            self.wait_clean(daemon, descriptors)

            self.assertEqual(daemon.ask(b"again"), b"again")

    def test_no_descriptor_of_the_daemon_is_inherited(self):
        with axond.Axond(INETD % 'command: "ls /proc/self/fd; exec cat"') as daemon:
            socks = [daemon.connect() for _ in range(3)]
            for sock in socks:
                file = lines(sock)
                self.assertEqual([file.readline() for _ in range(4)], [b"0\n", b"1\n", b"2\n", b"3\n"])
            daemon.ctl("status")
            for info in pathlib.Path(f"/proc/{daemon.pid}/fdinfo").iterdir():
                with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                    target = os.readlink(f"/proc/{daemon.pid}/fd/{info.name}")
                    flags = next(line for line in info.read_text().splitlines() if line.startswith("flags:"))
                    if int(info.name) > 2:
                        self.assertTrue(int(flags.split()[1], 8) & os.O_CLOEXEC, target)


class Ends(TestCase):
    def test_stopping_the_daemon_ends_every_program(self):
        with axond.Axond(INETD % GROUP + "daemon: {drain_timeout: 100ms}\n") as daemon:
            groups = [int(lines(daemon.connect()).readline()) for _ in range(3)]
            daemon.signal(signal.SIGTERM)
            daemon.wait()

            for group in groups:
                self.wait_gone(group)

    def test_a_daemon_that_stops_waits_for_those_who_ignore_it_and_kills_them(self):
        with axond.Axond("""
components:
  it:
    type: UnixProcess
    command: "trap '' TERM; echo $$; while :; do sleep 1000; done"
    kill_timeout: 200ms
  out: {type: ConsoleEchoer}
linkages: [it -> out]
daemon: {drain_timeout: 100ms}
""") as daemon:
            group = int(daemon.wait_line(r"^(\d+)$", "stdout").group(1))
            daemon.signal(signal.SIGTERM)
            daemon.wait()

            self.wait_gone(group)

    def test_a_daemon_that_is_killed_takes_its_programs_along(self):
        with axond.Axond(INETD % 'command: "echo $$; exec sleep 1000"') as daemon:
            group = int(lines(daemon.connect()).readline())
            daemon.kill()

            self.wait_gone(group)

    def test_a_source_does_not_keep_the_daemon_from_stopping(self):
        log = self.directory() / "log"
        log.write_text("first\n")
        with axond.Axond(f"""
components:
  tail: {{type: UnixProcess, command: [tail, -n, +1, -f, {log}]}}
  out: {{type: ConsoleEchoer}}
linkages: [tail -> out]
daemon: {{drain_timeout: 1h}}
""") as daemon:
            daemon.wait_line("first", "stdout")
            daemon.signal(signal.SIGTERM)
            daemon.wait()

    def test_a_reload_ends_the_program_of_the_graph_before(self):
        graph = """
components:
  it: {type: UnixProcess, command: "echo %s $$; exec sleep 1000"}
  out: {type: ConsoleEchoer}
linkages: [it -> out]
"""
        with axond.Axond(graph % "old") as daemon:
            old = int(daemon.wait_line(r"^old (\d+)$", "stdout").group(1))
            daemon.write(graph % "new")
            daemon.ctl("reload")
            new = int(daemon.wait_line(r"^new (\d+)$", "stdout").group(1))

            self.wait_gone(old)
            self.assertEqual(members(new), [str(new)])


class OneForAll(TestCase):
    GRAPH = """
components:
  source: {type: DataSource, messages: ["one\\n", "two\\n"]}
  it: {type: UnixProcess, %s}
  out: {type: ConsoleEchoer}
linkages:
  - source -> it -> out
"""

    def test_a_pipeline_ends_with_its_data(self):
        with axond.Axond(self.GRAPH % "command: [tr, a-z, A-Z]") as daemon:
            daemon.wait()
            self.assertEqual(daemon.stdout, "ONE\nTWO\n")
            daemon.wait_line("info it: exited with status 0")

    def test_a_failure_is_shown_with_its_reason(self):
        with axond.Axond(self.GRAPH % 'command: "cat; exit 3"') as daemon:
            daemon.wait(axond.EXIT_FAILED)
            self.assertEqual(daemon.stdout, "one\ntwo\n")
            daemon.wait_line("error it: exited with status 3")

    def test_a_program_that_cannot_be_run_keeps_the_daemon_from_starting(self):
        graph = self.directory() / "graph.yaml"
        graph.write_text(self.GRAPH % "command: [axond-none], environment: {PATH: /usr/bin}")
        done = axond.axond("-s", self.directory() / "control", graph)

        self.assertEqual(done.returncode, axond.EXIT_CANNOT_START)
        self.assertIn("it: could not run axond-none: there is no such program in /usr/bin", done.stderr)

    def test_show_names_the_process_and_what_it_runs(self):
        graph = """
components:
  server: {type: TCPServer, host: 127.0.0.1, listenport: "${PORT}"}
  inetd: {type: ProtocolHandler, protocol: {type: UnixProcess, command: [cat, "-"]}}
  it: {type: UnixProcess, command: [sh, -c, "exec sleep $0", "1000"]}
  sink: {type: NullSink}
linkages:
  - server -> inetd
  - it -> sink
"""
        with axond.Axond(graph) as daemon:
            with daemon.connect() as sock:
                sock.sendall(b"x")
                axond.receive(sock, 1)
                pids = children(daemon)
                self.assertIn(f"  now: running sh -c exec sleep $0 1000, pid {pids[0]}\n", daemon.ctl("show", "it"))
                self.assertIn(f"running cat -, pid {pids[1]}", daemon.ctl("show", "inetd/1"))
                self.assertEqual(daemon.warnings(), [])  # to run is as it should be
            os.kill(int(pids[0]), signal.SIGKILL)
            daemon.wait_line("it: killed by SIGKILL")

            shown = daemon.ctl("show", "it", json=True)
            self.assertEqual((shown["state"], shown["reason"]), ("failed", "killed by SIGKILL"))
            self.assertEqual(shown["statistics"][0]["value"], 128 + signal.SIGKILL)


axond.main()
