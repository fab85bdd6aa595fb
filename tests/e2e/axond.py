"""Runs the real axond for a test, on sockets and files of the test's own.

    import axond

    class Echo(axond.TestCase):
        def test_answers_what_it_is_sent(self):
            with axond.Axond(GRAPH) as daemon:
                self.assertEqual(daemon.ask(b"hello"), b"hello")

    axond.main()

The graph is text or the path of a file.  It takes its port from ${PORT}, which the daemon finds in
its environment; daemon.port is the same number.  Entering the "with" waits for READY=1.  Leaving it
stops the daemon as an operator would, and fails the test if the daemon had ended by itself, does
not stop, ends with an unexpected status, or if a sanitizer had something to say.  When a test
fails, what the daemon wrote to stderr is shown.

Nothing here sleeps and hopes, and nothing asks how long something took: the machine may be slow and
busy, and stand still for seconds.  wait_for() and its kind wait for a condition, up to a deadline
that only what is lost can miss.  daemon.wait_rest() waits until it sleeps, daemon.fill() until a way
is full, and steadily() talks without a pause, or begins again if it was held up.
"""

import atexit
import contextlib
import fcntl
import itertools
import json
import os
import pathlib
import random
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
AXOND = os.path.abspath(os.environ.get("AXOND", SOURCE / "build/release/axond"))
AXONCTL = os.path.abspath(os.environ.get("AXONCTL", SOURCE / "build/release/axonctl"))
WORKERS = int(os.environ.get("AXOND_WORKERS") or 1)  # what a test does not say itself runs with so many
SANITIZED = os.environ.get("AXOND_SANITIZE", "")  # set: slower, larger, nothing to measure
PATIENCE = 180.0 if SANITIZED else 60.0  # seconds until something that should happen counts as lost

EXIT_FAILED, EXIT_USAGE, EXIT_NO_DAEMON, EXIT_CANNOT_START, EXIT_BAD_GRAPH = 1, 64, 69, 71, 78

# What axond says when a turn took long; here, the machine may have stood still.
HELD = re.compile(r"^.*(?:held the loop|the loop was held) for .*\n", re.M)
SANITIZER_REPORT = re.compile(r"(?:ERROR|WARNING): \w+Sanitizer|SUMMARY: \w+Sanitizer|: runtime error: ")

F_SETPIPE_SZ = 1031  # Python 3.9 has no name for it

_pause = threading.Event()  # never set: a wait on it is a bounded pause between two looks


# ---- waiting


def wait_for(condition, what="the condition", timeout=None):
    """Returns condition()'s first true value; AssertionError when none came within timeout seconds."""
    deadline = time.monotonic() + (PATIENCE if timeout is None else timeout)
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited in vain for {what}")
        _pause.wait(0.005)


def steadily(talk, within, lasting):
    """Talks again and again for a while, so that no two times are further apart than `within` seconds.

    talk: called with the number of the time, from 0; returns true as long as it is answered
    lasting: seconds

    Where this machine holds us up for longer than `within`, nothing is shown, and it begins anew: an
    answer that is missing then is nobody's fault.  AssertionError for one that is missing otherwise.
    """
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        first = last = time.monotonic()
        for number in itertools.count():
            began = time.monotonic()
            answered = talk(number)
            now = time.monotonic()
            if now - last >= within:
                break
            if not answered:
                raise AssertionError(f"no answer, {now - last:.3f} s after it spoke before")
            if now - first > lasting:
                return
            last = began
            _pause.wait(min(0.05, within / 10))
    raise AssertionError(f"never undisturbed for {lasting} s")


# ---- addresses

_claims = []  # abstract sockets: while this process lives, no other test is given the same port
atexit.register(lambda: [claim.close() for claim in _claims])


def _claim(port):
    """Whether the port is ours from now on."""
    every_address = {"family": socket.AF_INET6, "dualstack_ipv6": True} if socket.has_dualstack_ipv6() else {}
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        claim.bind(f"\0axond-test-port-{port}")
        with socket.create_server(("", port), **every_address):
            _claims.append(claim)
            return True
    except OSError:
        claim.close()
        return False


def free_ports(count):
    """So many TCP ports in a row that nobody listens on, and that no other test will be given.

    Below the range from which the kernel takes ports for outgoing connections.
    """
    for first in random.sample(range(20000, 30000 - count), 10000 - count):
        ports = range(first, first + count)
        if all(_claim(port) for port in ports):
            return list(ports)
    raise AssertionError("no free ports")


def free_port():
    return free_ports(1)[0]


def has_ipv6():
    """Whether ::1 can be used here."""
    try:
        with socket.socket(socket.AF_INET6) as trial:
            trial.bind(("::1", 0))
        return True
    except OSError:
        return False


# ---- clients


def connect(address, timeout=None):
    """A connection to a port of 127.0.0.1, to (host, port), or to the path of a Unix socket.

    The timeout also holds for each later receive and send.
    """
    timeout = PATIENCE if timeout is None else timeout
    if isinstance(address, (str, pathlib.Path)):
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(timeout)
        sock.connect(str(address))
        return sock
    if isinstance(address, int):
        address = ("127.0.0.1", address)
    return socket.create_connection(address, timeout)


def receive_until_end(sock, size):
    """Size bytes, or less if the peer ends before."""
    data = bytearray()
    while len(data) < size and (chunk := sock.recv(min(size - len(data), 1 << 20))):
        data += chunk
    return bytes(data)


def receive(sock, size):
    """Exactly size bytes; AssertionError if the peer ends before."""
    data = receive_until_end(sock, size)
    if len(data) < size:
        raise AssertionError(f"the peer ended after {len(data)} of {size} bytes: {data[:200]!r}")
    return data


def has_more(sock):
    """Whether there is something to receive now, or the peer's end."""
    return is_ready(sock, select.POLLIN)


def tcp_table():
    """The rows of /proc/net/tcp as words: 1 and 2 are the addresses, 3 the state, 4 what waits, 9 the inode; those
    that listen come first."""
    with open("/proc/net/tcp", encoding="ascii") as table:
        next(table)
        yield from map(str.split, table)


def is_ready(sock, event, seconds=0):
    """Whether poll(2) reports this event, an error or a hang-up within so many seconds."""
    poll = select.poll()
    poll.register(sock, event)
    return bool(poll.poll(seconds * 1000))


def in_order_of_answers(socks):
    """Gives each once there is something to receive: several workers keep no order among those who wait."""
    poll = select.poll()
    waiting = {sock.fileno(): sock for sock in socks}
    for number in waiting:
        poll.register(number, select.POLLIN)
    while waiting:
        ready = poll.poll(PATIENCE * 1000)
        if not ready:
            raise AssertionError(f"{len(waiting)} are not answered")
        for number, _ in ready:
            poll.unregister(number)
            yield waiting.pop(number)


def receive_all(sock):
    """Everything up to the peer's end of file."""
    data = bytearray()
    while chunk := sock.recv(1 << 20):
        data += chunk
    return bytes(data)


def ask(address, data, timeout=None):
    """Sends data, ends sending, and returns the whole answer: as nc -N does.  Sends while it receives."""
    with connect(address, timeout) as sock:
        def send():
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                sock.sendall(data)
                sock.shutdown(socket.SHUT_WR)
        sender = threading.Thread(target=send, daemon=True)
        sender.start()
        answer = receive_all(sock)
        sender.join(PATIENCE)
        return answer


# ---- processes


def texts_of_threads(pid, file):
    """The texts of this file in /proc by thread, the main thread first, without those that end meanwhile."""
    texts = {}
    threads = [int(folder.name) for folder in pathlib.Path(f"/proc/{pid}/task").glob("*")]
    for thread in sorted(threads, key=lambda thread: (thread != pid, thread)):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            texts[thread] = pathlib.Path(f"/proc/{pid}/task/{thread}/{file}").read_text()
    return texts


class Collected:
    """What comes out of a pipe, collected so that it never is full.

    Who looks at the text sees all that was written before, however late the collecting thread is.
    """

    def __init__(self, pipe):
        self._pipe = pipe
        self._data = bytearray()
        self._lock = threading.Lock()
        self.has_ended = False
        os.set_blocking(pipe.fileno(), False)
        with contextlib.suppress(OSError):  # axond loses lines where a full pipe is not read for long
            fcntl.fcntl(pipe, F_SETPIPE_SZ, 1 << 20)
        self._thread = threading.Thread(target=self._collect, daemon=True)
        self._thread.start()

    def _collect(self):
        poll = select.poll()
        poll.register(self._pipe, select.POLLIN)
        while not self._take():
            poll.poll()
        self._pipe.close()

    def _take(self):
        """Takes what there is; returns whether its end has come."""
        with self._lock, contextlib.suppress(BlockingIOError):
            while not self.has_ended:
                data = os.read(self._pipe.fileno(), 1 << 16)
                self._data += data
                self.has_ended = not data
        return self.has_ended

    @property
    def text(self):
        self._take()
        with self._lock:
            return self._data.decode(errors="replace")

    def wait_end(self):
        self._thread.join(PATIENCE)


class Process:
    """A program that runs beside the test; its output is collected while it runs.

    Leaving the "with" kills it, unless it has ended.  For peers and tools of a test: redis-server,
    "axonctl tap", strace -p …
    """

    def __init__(self, *command, **more):
        self.command = [str(word) for word in command]
        self._more = more  # for subprocess.Popen: env, cwd, …
        self._output = {}
        self.process = None

    def __enter__(self):
        self.spawn()
        return self

    def __exit__(self, *failure):
        self.kill()
        if failure[0] is not None:
            self.show()

    def spawn(self):
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **self._more)
        self._output = {name: Collected(getattr(self.process, name)) for name in ("stdout", "stderr")}

    @property
    def pid(self):
        return self.process.pid

    @property
    def running(self):
        return self.process.poll() is None

    @property
    def stdout(self):
        return self._output["stdout"].text

    @property
    def stderr(self):
        return self._output["stderr"].text

    def wait_line(self, pattern, stream="stderr", timeout=None):
        """Waits for a line that matches the regular expression; returns the match."""
        def find():
            match = re.search(pattern, getattr(self, stream), re.MULTILINE)
            if match is None and self._output[stream].has_ended:
                raise AssertionError(f"{self.command[0]} ended without a line like {pattern!r}")
            return match
        return wait_for(find, f"a line like {pattern!r} on {stream}", timeout)

    def signal(self, number):
        """Sends a signal; nothing if the program has ended."""
        self.process.send_signal(number)

    def wait(self, timeout=None):
        """Waits for the end and returns the exit status (negative: the signal that ended it)."""
        return self._reap(timeout)

    def kill(self):
        """Ends it without a word, as a crash would."""
        if self.process is not None:
            self.process.kill()
            self._reap()

    def _reap(self, timeout=None):
        try:
            status = self.process.wait(PATIENCE if timeout is None else timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.command[0]} does not end") from None
        for collected in self._output.values():
            collected.wait_end()
        return status

    def show(self):
        """Shows what the program wrote, for the reader of a failed test."""
        for name, collected in self._output.items():
            text = collected.text
            if text:
                print(f"---- {os.path.basename(self.command[0])} {name}\n{text.rstrip()}\n----",
                      file=sys.stderr, flush=True)

    # what the kernel counts

    def rss(self):
        """Resident memory, in bytes."""
        text = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"^VmRSS:\s+(\d+)", text, re.M).group(1)) * 1024

    def fds(self):
        """How many file descriptors are open."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def fds_at_rest(self):
        """The same, once it has closed what it is about to close."""
        self.wait_rest(0.1)
        return self.fds()

    def _threads(self, file):
        """The texts of this file in /proc, one for each thread, the main thread first."""
        texts = list(texts_of_threads(self.pid, file).values())
        if SANITIZED == "thread":
            del texts[1:2]  # the sanitizer's own, which never rests
        return texts

    def asleep(self):
        """Whether every thread waits for something to happen."""
        states = [text.rpartition(")")[2].split()[0] for text in self._threads("stat")]
        return set(states) == {"S"}

    def _wakeups_of_threads(self):
        return [int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", text, re.M).group(1))
                for text in self._threads("status")]

    def wakeups(self):
        """How often its threads have gone to sleep: each is a wake-up."""
        return sum(self._wakeups_of_threads())

    def wait_rest(self, seconds=0.3):
        """Waits until it has slept for so long at a stretch: what polls, or spins, never does."""
        def has_rested():
            before = self.wakeups()
            if self.asleep():
                _pause.wait(seconds)
            return self.asleep() and self.wakeups() == before

        wait_for(has_rested, f"{os.path.basename(self.command[0])} to sleep for {seconds} s")


# Becomes the command after "--", with the descriptors named before it as 3, 4, …
PASS_SOCKETS = """
import fcntl, os, sys
words = sys.argv[1:]
numbers = [int(word) for word in words[:words.index("--")]]
apart = [fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, 100) for number in numbers]
for place, number in enumerate(apart, 3):
    os.dup2(number, place)
for number in set(numbers) - set(range(3, 3 + len(apart))):
    os.close(number)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(apart)))
command = words[words.index("--") + 1:]
os.execvp(command[0], command)
"""


class Axond(Process):
    """axond on a graph, ready when the "with" is entered.

    graph: YAML text (which has a newline), or a file's path in the source tree, such as "etc/echo.yaml"
    args:  more options for axond
    env:   more variables; PORT is set to a free port unless it is given here
    under: a command that becomes axond, such as ["prlimit", "--nofile=40"] or ["valgrind"]
    sockets: listening sockets by name, or pairs of a name and a socket, passed as systemd does

    directory is the test's own, removed at the end; the graph's text is graph_path in it, unless it
    came from a file.  control is the path of the control socket.
    """

    def __init__(self, graph, args=(), env=(), under=(), sockets=()):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="axond-", dir="/tmp"))
        self.control = self.directory / "control.sock"
        self.environment = {**os.environ, **dict(env)}
        self.environment["AXOND_CONTROL"] = str(self.control)
        if "PORT" not in dict(env):
            self.environment["PORT"] = str(free_port())
        self.environment["NOTIFY_SOCKET"] = str(self.directory / "notify")
        if "\n" not in str(graph):
            self.graph_path = SOURCE / graph
        else:
            self.graph_path = self.directory / "graph.yaml"
            self.write(graph)
        self._notifications = []
        self._is_told = False
        self._lock = threading.Lock()
        self._connections = []
        self._ended_as_told = False
        sockets = list(sockets.items() if isinstance(sockets, dict) else sockets)
        numbers = [sock.fileno() for _, sock in sockets]
        if sockets:
            self.environment["LISTEN_FDNAMES"] = ":".join(name for name, _ in sockets)
            under = (sys.executable, "-c", PASS_SOCKETS, *map(str, numbers), "--", *under)
        workers = ["-w", WORKERS] if WORKERS > 1 else []
        super().__init__(*under, AXOND, "-s", self.control, *workers, *args, self.graph_path,
                         env=self.environment, cwd=self.directory, pass_fds=numbers)

    def write(self, graph):
        """Replaces the graph's text, before a reload."""
        new = self.directory / "graph.new"
        new.write_text(graph)
        new.rename(self.graph_path)

    def reload(self, graph=None):
        """Has axond take this graph, or its file once more; returns when that has ended, well or not."""
        if graph is not None:
            self.write(graph)
        times = self.notified("READY=1")
        self.signal(signal.SIGHUP)
        self.wait_notified("READY=1", times + 1)

    @property
    def port(self):
        return int(self.environment["PORT"])

    # start and end

    def __enter__(self):
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notify.bind(self.environment["NOTIFY_SOCKET"])
        self._is_told = True
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        try:
            self.spawn()
            self.wait_notified("READY=1")
            self._wait_idle()
        except BaseException:
            self._end()
            self.show()
            raise
        return self

    def _wait_idle(self):
        """Lets it close what it has said READY=1 by: a test may count descriptors from here on."""
        def main_wakeups():
            return self._wakeups_of_threads()[:1]

        before = main_wakeups()
        wait_for(lambda: not self.running or self.asleep() or main_wakeups() > before, "the daemon to sleep")

    def _listen(self):
        poll = select.poll()
        poll.register(self._notify, select.POLLIN)
        while self._is_told:
            poll.poll()
            self._hear()

    def _hear(self):
        """Takes all that it has said."""
        with self._lock, contextlib.suppress(BlockingIOError):
            while self._is_told:
                text = self._notify.recv(1 << 16, socket.MSG_DONTWAIT)  # descriptors in it are closed
                self._notifications += text.decode(errors="replace").split("\n") if text else []

    def _end_listening(self):
        """Returns when all that it has said has been heard."""
        self._hear()
        self._is_told = False
        if self._listener.is_alive():
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last, contextlib.suppress(BlockingIOError):
                last.setblocking(False)  # were there no room, there is something to wake it
                last.sendto(b"", self.environment["NOTIFY_SOCKET"])
            self._listener.join()

    @property
    def notifications(self):
        """The assignments heard up to now, in order, such as "READY=1"."""
        self._hear()
        with self._lock:
            return list(self._notifications)

    def notified(self, assignment):
        """How often axond has told its manager this, such as "READY=1" or "STOPPING=1"."""
        return self.notifications.count(assignment)

    def wait_notified(self, assignment, times=1, timeout=None):
        """Waits until axond has told its manager this so many times since its start."""
        wait_for(lambda: not self.running or self.notified(assignment) >= times,
                 f"axond to say {assignment}", timeout)
        if self.notified(assignment) < times:
            raise AssertionError(f"axond ended with status {self.process.poll()} without {assignment}")

    def wait(self, expect=0, timeout=None):
        """Waits for the end, which has to come with this exit status (None: with any)."""
        status = self._reap(timeout)
        self._ended_as_told = True
        if expect is not None and status != expect:
            raise AssertionError(f"axond ended with status {status}, not {expect}")
        return status

    def stop(self, expect=0):
        """SIGTERM: returns when axond has ended, with that status."""
        self.signal(signal.SIGTERM)
        return self.wait(expect)

    def stop_at_once(self, expect=0):
        """SIGTERM twice: returns when axond has ended with that status, whatever kept it."""
        self.signal(signal.SIGTERM)
        wait_for(lambda: not self.running or self.notified("STOPPING=1") and self.asleep(), "axond to drain, or to end")
        self.signal(signal.SIGTERM)
        return self.wait(expect)

    def kill(self):
        self._ended_as_told = True
        super().kill()

    def __exit__(self, kind, failure, traceback):
        problem = None
        try:
            self.hang_up()
            if kind is None and not self._ended_as_told:
                if not self.running:
                    raise AssertionError(f"axond ended by itself, with status {self.process.returncode}")
                self.stop_at_once()
        except AssertionError as error:
            problem = error
        finally:
            self._end()
        if problem is None and kind is None and SANITIZER_REPORT.search(self.stderr):
            problem = AssertionError("a sanitizer has something to say")
        if problem is not None or (kind is not None and not issubclass(kind, unittest.SkipTest)):
            self.show()
        if problem is not None:
            raise problem

    def _end(self):
        super().kill()
        self._end_listening()
        self._notify.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    # use

    def warnings(self):
        """What status warns of, as "PATH: TEXT"; not that a component held the loop: see HELD."""
        return [f"{one['path']}: {one['text']}" for one in self.ctl("status", json=True)["warnings"]
                if "held the loop" not in one["text"]]

    def fill(self, sock, data=None):
        """Sends until nothing goes any more though the daemon rests, and reads nothing.

        Returns how many bytes went; they are those of data, or the letter x.  The kernel alone may keep
        some 40 MB on the way through a proxy (the tcp_rmem and tcp_wmem of tcp(7)).
        """
        view = memoryview(data if data is not None else b"x" * (256 << 20))
        sent, rested = 0, False
        sock.setblocking(False)
        while sent < len(view):
            try:
                sent += sock.send(view[sent:sent + (1 << 16)])
                rested = False
            except BlockingIOError:
                if is_ready(sock, select.POLLOUT, 0.1):
                    continue
                if rested:
                    break
                self.wait_rest()
                rested = True
        sock.settimeout(PATIENCE)
        if sent == len(view):
            raise AssertionError(f"{sent} bytes went, and nothing was in the way")
        return sent

    def connect(self, address=None, timeout=None):
        """A connection, by default to the daemon's port; closed when the daemon is stopped."""
        sock = connect(self.port if address is None else address, timeout)
        self._connections.append(sock)
        return sock

    def connect_answered(self, question=b"?"):
        """A connection on which this has come back: where one is closed before, another is tried.

        For servers that may do so: with an idle timeout, while one before is on its way out.
        """
        def answered():
            sock = connect(self.port)
            with contextlib.suppress(ConnectionError):
                sock.sendall(question)
                if receive_until_end(sock, len(question)) == question:
                    self._connections.append(sock)
                    return sock
            sock.close()
            return None

        return wait_for(answered, "an answer")

    def hang_up(self):
        """Closes all that connect() has given."""
        for sock in self._connections:
            sock.close()

    def ask(self, data, address=None, timeout=None):
        """Sends data, ends sending, and returns the whole answer."""
        return ask(self.port if address is None else address, data, timeout)

    def ctl(self, *words, json=False, expect=0, timeout=None):
        """Runs axonctl; returns its output: text, or with json=True what the text means.

        Where expect is not 0, returns what axonctl wrote to stderr.
        """
        done = axonctl("-s", self.control, *(["--json"] if json else []), *words, timeout=timeout)
        if done.returncode != expect:
            raise AssertionError(f"axonctl {' '.join(map(str, words))}: status {done.returncode}, "
                                 f"not {expect}\n{done.stdout}{done.stderr}")
        if expect != 0:
            return done.stderr
        return _parse(done.stdout) if json else done.stdout

    def ctl_stream(self, *words):
        """axonctl as a Process that goes on, for tap and events; wait_line(…, "stdout") reads along."""
        return Process(AXONCTL, "-s", self.control, *words, env=self.environment)


def _parse(text):
    """One JSON value, or a list of those that stand one to a line."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return [json.loads(line) for line in text.splitlines()]


# ---- programs that run to their end


def run(*command, env=(), timeout=None, check=False, **more):
    """Runs a program to its end; the result has returncode, stdout and stderr, as text."""
    done = subprocess.run([str(word) for word in command], env={**os.environ, **dict(env)},
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, errors="replace", timeout=PATIENCE if timeout is None else timeout,
                          **more)
    if SANITIZER_REPORT.search(done.stderr):
        raise AssertionError(f"a sanitizer has something to say:\n{done.stderr}")
    if check and done.returncode != 0:
        raise AssertionError(f"{command} ended with status {done.returncode}:\n{done.stderr}")
    return done


def axond(*args, **more):
    """Runs axond to its end: for --check, and for starts that fail."""
    return run(AXOND, *args, **more)


def axonctl(*args, **more):
    return run(AXONCTL, *args, **more)


# ---- tests


class TestCase(unittest.TestCase):
    """unittest's, and what many tests do."""

    maxDiff = None

    def directory(self):
        path = pathlib.Path(tempfile.mkdtemp(prefix="axond-", dir="/tmp"))
        self.addCleanup(shutil.rmtree, path, ignore_errors=True)
        return path

    def need(self, program):
        """The path of a program; the test is skipped where it is not installed."""
        path = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
        if path is None:
            self.skipTest(f"{program} is not installed")
        return path

    def greet(self, sock, data=b"hello\n", answer=None):
        """answer: None: the same comes back"""
        sock.sendall(data)
        self.assertEqual(receive(sock, len(data)), data if answer is None else answer)


def main():
    """Runs the tests of the file that calls it; ends with 77 if all of them were skipped."""
    ran = unittest.main(verbosity=2, exit=False).result
    if not ran.wasSuccessful() or ran.testsRun == 0:
        sys.exit(1)
    sys.exit(77 if len(ran.skipped) == ran.testsRun else 0)
