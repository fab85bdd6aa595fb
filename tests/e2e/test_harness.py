"""The harness itself, with small scripts in the place of axond: what it must notice, it notices."""

import socket
import textwrap
import unittest.mock

import axond

PREAMBLE = """\
    #!/usr/bin/env python3
    import os, signal, socket, sys
    def say(text):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.sendto(text.encode(), os.environ["NOTIFY_SOCKET"])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    """


class Harness(axond.TestCase):
    def daemon(self, script, **more):
        """A daemon that runs this script."""
        path = self.directory() / "axond"
        path.write_text(textwrap.dedent(PREAMBLE) + textwrap.dedent(script))
        path.chmod(0o755)
        with unittest.mock.patch.object(axond, "AXOND", str(path)):
            daemon = axond.Axond("no: graph\n", **more)
        daemon.show = unittest.mock.Mock()
        return daemon

    def test_waits_for_ready_and_stops_with_sigterm(self):
        with self.daemon('say("STATUS=soon"); say("READY=1\\nSTATUS=now"); signal.pause()') as daemon:
            axond.wait_for(lambda: daemon.notified("STATUS=now"))

        self.assertEqual(daemon.process.returncode, 0)
        self.assertEqual(daemon.notifications, ["STATUS=soon", "READY=1", "STATUS=now"])
        self.assertFalse(daemon.directory.exists())
        daemon.show.assert_not_called()

    def test_notices_an_end_before_ready(self):
        daemon = self.daemon('sys.exit("no way")')

        with self.assertRaisesRegex(AssertionError, "ended with status 1"):
            daemon.__enter__()

        self.assertEqual(daemon.stderr, "no way\n")
        daemon.show.assert_called()

    def test_notices_an_end_that_nobody_asked_for(self):
        with self.assertRaisesRegex(AssertionError, "ended by itself, with status 7"):
            with self.daemon('say("READY=1"); sys.exit(7)') as daemon:
                axond.wait_for(lambda: not daemon.running)

    def test_notices_a_wrong_exit_status(self):
        with self.assertRaisesRegex(AssertionError, "status 3, not 0"):
            with self.daemon('signal.signal(signal.SIGTERM, lambda *_: sys.exit(3)); '
                             'say("READY=1"); signal.pause()'):
                pass

    def test_notices_a_sanitizer_report(self):
        for report in ("a.c:3:5: runtime error: signed integer overflow",
                       "==12==ERROR: AddressSanitizer: heap-use-after-free on address 0x0",
                       "==12==ERROR: LeakSanitizer: detected memory leaks",
                       "WARNING: ThreadSanitizer: data race (pid=12)"):
            with self.subTest(report), self.assertRaisesRegex(AssertionError, "sanitizer"):
                with self.daemon(f'print({report!r}, file=sys.stderr, flush=True); '
                                 'say("READY=1"); signal.pause()'):
                    pass

    def test_a_second_sigterm_ends_what_is_draining(self):
        with self.daemon('''\
                told = []
                signal.signal(signal.SIGTERM, lambda *_: sys.exit(0) if told else told.append(say("STOPPING=1")))
                say("READY=1")
                while True:
                    signal.pause()
                ''') as daemon:
            pass

        self.assertEqual(daemon.process.returncode, 0)

    def test_a_failing_test_shows_stderr_and_leaves_nothing_running(self):
        with self.assertRaisesRegex(RuntimeError, "the test's own"):
            with self.daemon('say("READY=1"); signal.pause()') as daemon:
                raise RuntimeError("the test's own")

        self.assertFalse(daemon.running)
        daemon.show.assert_called()

    def test_waits_for_lines_and_for_the_end(self):
        with self.daemon('print("port 17", file=sys.stderr, flush=True); say("READY=1")') as daemon:
            self.assertEqual(daemon.wait_line(r"port (\d+)").group(1), "17")
            with self.assertRaisesRegex(AssertionError, "without a line"):
                daemon.wait_line("never said")
            self.assertEqual(daemon.wait(), 0)

    def test_whoever_looks_sees_all_that_was_said_before_however_late_the_threads_are_that_collect_it(self):
        with unittest.mock.patch.object(axond.Collected, "_collect"), unittest.mock.patch.object(axond.Axond, "_listen"):
            with self.daemon('print("one", flush=True); print("two", file=sys.stderr, flush=True); '
                             'say("STATUS=three"); say("READY=1"); signal.pause()') as daemon:
                self.assertEqual((daemon.stdout, daemon.stderr), ("one\n", "two\n"))
                self.assertEqual(daemon.notified("STATUS=three"), 1)

    def test_ports_are_given_once_and_can_be_bound(self):
        ports = [axond.free_port() for _ in range(20)]

        self.assertEqual(len(set(ports)), len(ports))
        for port in ports:
            with socket.create_server(("127.0.0.1", port)):
                pass

    def test_passes_sockets_by_name_as_systemd_does(self):
        script = '''\
            assert os.environ["LISTEN_PID"] == str(os.getpid())
            print(len(os.listdir("/proc/self/fd")), "open", file=sys.stderr)
            for number, name in enumerate(os.environ["LISTEN_FDNAMES"].split(":"), 3):
                print(name, socket.socket(fileno=number).getsockname()[1], file=sys.stderr)
            say("READY=1")
            '''
        with socket.create_server(("127.0.0.1", 0)) as web, socket.create_server(("127.0.0.1", 0)) as mail:
            ports = [sock.getsockname()[1] for sock in (mail, web)]
            with self.daemon(script, sockets={"mail": mail, "web": web}) as daemon:
                daemon.wait()

        lines = daemon.stderr.splitlines()
        self.assertEqual(lines[0], "6 open")  # the standard three, these two, and the list itself
        self.assertEqual(lines[1:], [f"mail {ports[0]}", f"web {ports[1]}"])

    def test_ask_sends_while_it_receives(self):
        script = '''\
            with socket.create_server(("127.0.0.1", int(os.environ["PORT"]))) as server:
                say("READY=1")
                client, _ = server.accept()
                while chunk := client.recv(65536):
                    client.sendall(chunk)
                client.close()
            '''
        data = b"0123456789" * 1000000
        with self.daemon(script) as daemon:
            self.assertTrue(daemon.ask(data) == data)
            daemon.wait()


axond.main()
