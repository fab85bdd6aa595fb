"""Starting and stopping the servers under test, and running the load client against them.

A server is known by its name and its role: "echo" sends back what it gets, "lines" does so line by
line, "busy" likewise but takes much longer, "proxy" passes it on to a backend port, "fanout" gives
it to all who are connected, the sender too.  Every server is one process, pinned to the first CPU;
the load client and the backend are pinned to the second.  Who measures several workers says
otherwise.
"""

import collections
import contextlib
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))

from axond import free_port

FLOORS = {"echo": "bare_echo", "lines": "bare_echo lines", "proxy": "bare_proxy",
          "fanout": "bare_fanout"}

ECHO_GRAPH = """\
components:
  server: {{type: TCPServer, host: 127.0.0.1, listenport: {port}}}
  echo: {{type: ProtocolHandler, protocol: EchoProtocol}}
linkages:
  - server -> echo
"""

LINES_GRAPH = """\
graphs:
  framed:
    components:
      lines: {{type: LineFramer}}
      echo: {{type: EchoProtocol}}
    linkages:
      - self -> lines -> echo -> self
components:
  server: {{type: TCPServer, host: 127.0.0.1, listenport: {port}}}
  echo: {{type: ProtocolHandler, protocol: framed}}
linkages:
  - server -> echo
"""

# Lines are looked through again and again, and what is found is put back.
BUSY = ", ".join(["{{type: PureTransformer, function: replace, from: '//', to: '//'}}"] * 40)

BUSY_GRAPH = f"""\
graphs:
  busy:
    components:
      lines: {{{{type: LineFramer}}}}
      work: {{{{type: Pipeline, components: [{BUSY}]}}}}
      echo: {{{{type: EchoProtocol}}}}
    linkages:
      - self -> lines -> work -> echo -> self
components:
  server: {{{{type: TCPServer, host: 127.0.0.1, listenport: {{port}}}}}}
  echo: {{{{type: ProtocolHandler, protocol: busy}}}}
linkages:
  - server -> echo
"""

PROXY_GRAPH = """\
components:
  server: {{type: TCPServer, host: 127.0.0.1, listenport: {port}}}
  proxy:
    type: ProtocolHandler
    protocol: {{type: TCPClient, host: 127.0.0.1, port: {backend}}}
linkages:
  - server -> proxy
"""

FANOUT_GRAPH = """\
graphs:
  visitor:
    components:
      say: {{type: PublishTo, destination: all}}
      hear: {{type: SubscribeTo, source: all}}
    linkages:
      - self -> say
      - hear -> self
components:
  server: {{type: TCPServer, host: 127.0.0.1, listenport: {port}}}
  visitors: {{type: ProtocolHandler, protocol: visitor}}
  hub: {{type: Backplane, name: all}}
linkages:
  - server -> visitors
"""

GRAPHS = {"echo": ECHO_GRAPH, "lines": LINES_GRAPH, "busy": BUSY_GRAPH, "proxy": PROXY_GRAPH,
          "fanout": FANOUT_GRAPH}

# Each of 9,700 connections takes two descriptors; more, and HAProxy refuses to start where a
# process may have 20,000.  Those that splice take more.
HAPROXY_CONFIG = """\
global
    nbthread 1
    maxconn {maxconn}
defaults
    mode tcp
    timeout connect 10s
    timeout client 10m
    timeout server 10m
frontend front
    bind 127.0.0.1:{port}
    default_backend back
backend back
{option}    server one 127.0.0.1:{backend}
"""

NGINX_CONFIG = """\
{module}
daemon off;
master_process off;
pid {stem}.pid;
error_log stderr;
events {{ worker_connections 19900; }}
stream {{
    server {{
        listen 127.0.0.1:{port};
        proxy_pass 127.0.0.1:{backend};
    }}
}}
"""


# Debian has it as a module of its own.
NGINX_STREAM = next((f"load_module {path};" for path in
                     ("/usr/lib/nginx/modules/ngx_stream_module.so",) if os.path.exists(path)), "")


class Failure(Exception):
    """Something that was to be measured did not work; the text says what."""


class Programs:
    """Where the programs are: those of the build, and those of the system that are installed."""

    def __init__(self, build, axond=None):
        self.build = os.path.abspath(build)
        found = {name: os.path.join(self.build, "tests", "bench", name)
                 for name in ("load", "bare_echo", "bare_fanout", "bare_proxy")}
        for path in found.values():
            if not os.access(path, os.X_OK):
                raise Failure(f"{path} is missing: build first, e.g. with ./bootstrap build")
        found["axond"] = os.path.abspath(axond or os.path.join(self.build, "axond"))
        found["instances"] = os.path.join(self.build, "tests", "bench", "instances")
        for name in ("haproxy", "nginx", "socat", "strace", "valgrind"):
            found[name] = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
        self.paths = {name: path for name, path in found.items()
                      if path and os.access(path, os.X_OK)}

    def __contains__(self, name):
        return name in self.paths

    def __getitem__(self, name):
        return self.paths[name]

    def peers(self, role, bulk=False):
        """The servers that can play the role, the floor first; bulk: those that splice, too."""
        names = [FLOORS[role], "axond"]
        if role == "proxy":
            names += ["bare_proxy splice", "haproxy", "haproxy splice", "nginx", "socat"]
        return [name for name in names
                if name.split()[0] in self and (bulk or name.split()[-1] not in ("splice", "socat"))]


def raise_descriptor_limit():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def cpus():
    """The CPU of the server, and that of the load; the same one if there is no other."""
    usable = sorted(os.sched_getaffinity(0))
    return usable[0], usable[1 if len(usable) > 1 else 0]


@contextlib.contextmanager
def one_cpu():
    """In it, the first CPU is the only one."""
    usable = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cpus()[0]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, usable)


def is_listening(port):
    """Looked up, not tried: a connection more would be counted with the others."""
    with open("/proc/net/tcp", encoding="ascii") as table:
        return any(line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A"
                   for line in table.readlines()[1:])


def child_of(pid):
    """The one child of a process that runs a server for us, such as strace."""
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError), open(f"/proc/{entry}/stat", encoding="ascii",
                                                    errors="replace") as stat:
                if int(stat.read().rpartition(")")[2].split()[1]) == pid:
                    return int(entry)
    raise Failure(f"process {pid} has no child")


class Server:
    """A running server; a context manager.

    name: "axond", "haproxy", "nginx", "socat" or one of FLOORS; with "lines" or "splice"
        after it, one that frames lines or moves bytes by splice(2); with a number, one that has so
        many workers; another word tells two apart
    wrap: a command that runs the server's, such as ["strace", "-c"]
    wrap_forks: the server is then a child of that process
    on: the CPUs to run on, instead of the first
    """

    def __init__(self, programs, name, role, tmp, backend=0, wrap=(), wrap_forks=False, on=None):
        self.name = name
        self.port = free_port()
        self.program, *words = name.split()
        self.how = [word for word in words if word in ("lines", "splice")]
        self.workers = next((word for word in words if word.isdigit()), "1")
        self.notify = None
        stem = os.path.join(tmp, f"{self.program}-{self.port}")
        self.log = stem + ".log"
        command = self._command(programs, role, stem, backend)
        environment = dict(os.environ)
        if self.program == "axond":
            self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self.notify.bind(stem + ".notify")
            environment["NOTIFY_SOCKET"] = stem + ".notify"
        where = on or {cpus()[0]}
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [*wrap, *command], env=environment, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, preexec_fn=lambda: os.sched_setaffinity(0, where))
        try:
            self._wait_until_ready(300 if wrap else 60)
            if self.notify is not None:
                self.notify.close()  # unread, it would hold the server up once it is full
            self.pid = child_of(self.process.pid) if wrap_forks else self.process.pid
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise

    def _command(self, programs, role, stem, backend):
        if self.program.startswith("bare_"):
            backends = [str(backend)] if role == "proxy" else []
            return [programs[self.program], str(self.port), *backends, *self.how]
        if self.program == "socat":
            return [programs["socat"], f"TCP-LISTEN:{self.port},bind=127.0.0.1,fork,reuseaddr,backlog=512",
                    f"TCP:127.0.0.1:{backend}"]
        text = {"haproxy": HAPROXY_CONFIG, "nginx": NGINX_CONFIG,
                "axond": GRAPHS[role]}[self.program]
        config = stem + (".yaml" if self.program == "axond" else ".cfg")
        with open(config, "w", encoding="utf-8") as file:
            file.write(text.format(port=self.port, backend=backend, stem=stem, module=NGINX_STREAM,
                                   maxconn=4000 if self.how else 9700,
                                   option="    option splice-auto\n" if self.how else ""))
        if self.program == "haproxy":
            return [programs["haproxy"], "-db", "-f", config]
        if self.program == "nginx":
            return [programs["nginx"], "-c", config]
        return [programs["axond"], config, "-s", stem + ".sock", "-w", self.workers]

    def _wait_until_ready(self, seconds):
        deadline = time.monotonic() + seconds
        is_ready = self.notify is None
        while not (is_ready and is_listening(self.port)):
            if self.process.poll() is not None:
                raise Failure(f"{self.name} ended with {self.process.returncode}:\n{self.said()}")
            if time.monotonic() > deadline:
                raise Failure(f"{self.name} was not ready after {seconds} s:\n{self.said()}")
            if is_ready:
                time.sleep(0.01)
                continue
            self.notify.settimeout(0.1)
            with contextlib.suppress(TimeoutError):
                is_ready = b"READY=1" in self.notify.recv(4096).split(b"\n")

    def said(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()[-2000:]

    def stop(self):
        """By SIGTERM, as a service manager would."""
        if self.process.poll() is None:
            os.kill(self.pid, signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                os.kill(self.pid, signal.SIGKILL)
                self.process.wait()
                raise Failure(f"{self.name} did not stop:\n{self.said()}") from None
        elif self.process.returncode != 0:
            raise Failure(f"{self.name} ended with {self.process.returncode}:\n{self.said()}")

    def __enter__(self):
        return self

    def __exit__(self, kind, value, traceback):
        try:
            self.stop()
        except Failure:
            if kind is None:  # else the first failure tells more
                raise


@contextlib.contextmanager
def backend_for(programs, role, tmp):
    """The echo server behind a proxy, on the load's CPU; its port, or 0 if the role needs none."""
    if role != "proxy":
        yield 0
        return
    with Server(programs, "bare_echo", "echo", tmp, on={cpus()[1]}) as backend:
        yield backend.port


def load(programs, server, *arguments, on=None):
    """Runs the load client; its answer as a dict.  Bytes that did not come back are a Failure.

    on: the CPUs to run on, instead of the second
    """
    command = [programs["load"], arguments[0], "--port", server.port, "--pid", server.pid,
               *arguments[1:]]
    run = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                         check=False,
                         preexec_fn=lambda: os.sched_setaffinity(0, on or {cpus()[1]}))
    try:
        answer = json.loads(run.stdout)
    except ValueError:
        raise Failure(f"load: status {run.returncode}: {run.stderr or run.stdout}") from None
    if run.returncode != 0 or answer["errors"]:
        words = " ".join(str(word) for word in arguments)
        raise Failure(f"{server.name} under load {words}: {answer['errors']} errors, the first: "
                      f"{answer['error']}\n{server.said()}")
    return answer


# -- counts -----------------------------------------------------------------------------------

ALLOCATORS = {"malloc", "calloc", "realloc", "reallocarray", "aligned_alloc", "posix_memalign"}


def can_trace(programs):
    """Whether this process may use ptrace, which containers often forbid."""
    return "strace" in programs and subprocess.run(
        [programs["strace"], "-o", os.devnull, "true"], stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, check=False).returncode == 0


def read_strace(path):
    """{system call: how often} from the table of strace -c."""
    calls = collections.Counter()
    with open(path, encoding="ascii", errors="replace") as file:
        for line in file:
            words = line.split()
            if len(words) >= 5 and words[3].isdigit() and words[-1] != "total":
                calls[words[-1]] += int(words[3])
    return calls


def read_callgrind(path):
    """{"instructions": user-space instructions, "allocations": calls of malloc and its like}."""
    names = {}
    counts = collections.Counter()
    callee = ""
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            key, _, rest = line.rstrip("\n").partition("=")
            if key in ("fn", "cfn"):
                number, _, name = rest.partition(" ")
                names.setdefault(number, name)
                callee = names[number] if key == "cfn" else callee
            elif key == "calls" and callee in ALLOCATORS:
                counts["allocations"] += int(rest.split()[0])
            elif line.startswith(("summary:", "totals:")):
                counts["instructions"] = int(line.split()[1])
    return counts


def count(programs, tool, name, role, tmp, messages, *arguments):
    """What one message (or connection, if the load is "connect") costs in counts.

    The server runs twice, for `messages` and for twice as many, and what the two runs counted is
    subtracted: start, end, and the opening of connections fall out; the steady state is left.
    """
    out = os.path.join(tmp, "counts")
    wrap = {"strace": [programs[tool], "-f", "-c", "-o", out],
            "valgrind": [programs[tool], "--tool=callgrind", f"--callgrind-out-file={out}"]}[tool]
    results = []
    with backend_for(programs, role, tmp) as backend:
        for factor in (1, 2):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(out)
            with Server(programs, name, role, tmp, backend, wrap=wrap,
                        wrap_forks=tool == "strace") as server:
                load(programs, server, *arguments, "--messages", messages * factor)
            results.append((read_strace if tool == "strace" else read_callgrind)(out))
    once, twice = results
    return {key: (twice[key] - once[key]) / messages for key in once | twice}
