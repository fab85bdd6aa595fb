"""Completion: what axond and axonctl say may follow, and the shells that ask them."""

import os
import pathlib
import pty
import re
import subprocess
import threading

import axond

SCRIPTS = axond.SOURCE / "daemon/completion"
GRAPH = """
graphs:
  shout:
    components: {lines: {type: LineFramer}, upper: {type: PureTransformer, function: upper}}
    linkages: [self -> lines -> upper -> self]
components:
  server: {type: TCPServer, host: 127.0.0.1, listenport: "${PORT}"}
  shouting: {type: ProtocolHandler, protocol: shout}
  source: {type: DataSource, messages: x}
  sink: {type: NullSink}
linkages:
  - server -> shouting
  - source -> sink
"""


def offered(program, *words, env=()):
    """What the program offers after these words, the last of which is unfinished: candidates with what they mean."""
    done = axond.run(program, "--complete", *words, env=env)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return dict((line.split("\t") + [""])[:2] for line in done.stdout.splitlines())


class Programs(axond.TestCase):
    def axonctl(self, *words, **more):
        return list(offered(axond.AXONCTL, *words, **more))

    def test_axonctl_offers_every_command_and_what_it_does(self):
        help = axond.axonctl("--help").stdout
        commands = offered(axond.AXONCTL, "")
        self.assertEqual(list(commands), re.findall(r"^  ([a-z][a-z-]+) ", help, re.M))
        for command, summary in commands.items():
            self.assertRegex(help, rf"(?m)^  {command} .* {re.escape(summary)}$")
        self.assertEqual(self.axonctl("stat"), ["status"])
        self.assertEqual(self.axonctl("--json", "stat"), ["status"])
        self.assertEqual(self.axonctl("nonesuch"), [])

    def test_axonctl_offers_every_option_of_a_command(self):
        common = ["--socket", "--json", "--no-daemon", "--help", "--version"]
        self.assertEqual(self.axonctl("-"), common)
        for command in offered(axond.AXONCTL, ""):
            own = re.findall(r"^  (--[a-z-]+)", axond.axonctl(command, "--help").stdout, re.M)
            self.assertEqual(self.axonctl(command, "--"), own + common, command)
        self.assertEqual(self.axonctl("graph", "--form"), ["--format"])
        self.assertEqual(self.axonctl("stop", "--", "-"), [], "these are arguments")

    def test_axonctl_offers_the_words_that_an_option_takes(self):
        self.assertEqual(self.axonctl("graph", "--format", ""), ["dot", "mermaid", "json"])
        self.assertEqual(self.axonctl("graph", "--format=m"), ["--format=mermaid"])
        self.assertEqual(self.axonctl("tap", "--count", ""), [], "only the user knows")
        self.assertEqual(self.axonctl("-s", ""), [":files"])
        self.assertEqual(self.axonctl("check", "one.yaml", ""), [":files"])
        self.assertEqual(self.axonctl("log-level", ""), ["error", "warning", "notice", "info", "debug"])

    def test_axonctl_knows_types_without_a_daemon(self):
        nowhere = {"AXOND_CONTROL": "/nonexistent"}
        types = re.findall(r"^(\w+) ", axond.axonctl("--no-daemon", "types").stdout, re.M)
        self.assertEqual(self.axonctl("describe", "", env=nowhere), types)
        self.assertEqual(self.axonctl("describe", "TCPS", env=nowhere), ["TCPServer"])
        self.assertEqual(self.axonctl("show", "", env=nowhere), [])

    def test_axonctl_offers_what_runs(self):
        with axond.Axond(GRAPH) as daemon:
            here = {"AXOND_CONTROL": str(daemon.control)}

            self.assertEqual(self.axonctl("show", "", env=here), ["server", "shouting", "source", "sink"])
            self.assertEqual(offered(axond.AXONCTL, "show", "se", env=here), {"server": "TCPServer"})
            self.assertEqual(self.axonctl("-s", daemon.control, "show", "so"), ["source"])
            self.assertEqual(self.axonctl(f"--socket={daemon.control}", "show", "so"), ["source"])
            self.assertEqual(self.axonctl("send", "si", env=here), ["sink."])
            self.assertEqual(self.axonctl("send", "sink.", env=here), ["sink.inbox", "sink.control"])
            self.assertEqual(self.axonctl("tap", "source.", env=here)[-2:], ["source.outbox", "source.signal"])
            with daemon.connect() as client:
                client.sendall(b"hello\n")
                axond.receive(client, 6)
                self.assertEqual(self.axonctl("list", "shouting/", env=here), ["shouting/1/"])
                self.assertEqual(self.axonctl("list", "shouting/1/", env=here),
                                 ["shouting/1/lines", "shouting/1/upper"])
                self.assertEqual(self.axonctl("show", "shouting/1/lines.ov", env=here), ["shouting/1/lines.overlong"])

    def test_axond_offers_options_values_and_files(self):
        options = re.findall(r"^  -\w, (--[a-z-]+)", axond.axond("--help").stdout, re.M)
        self.assertEqual(list(offered(axond.AXOND, "-")), options)
        self.assertEqual(list(offered(axond.AXOND, "--log-l")), ["--log-level"])
        self.assertEqual(list(offered(axond.AXOND, "--log-level", "")), ["error", "warning", "notice", "info", "debug"])
        self.assertEqual(list(offered(axond.AXOND, "-T", "s")), ["stderr"])
        self.assertEqual(list(offered(axond.AXOND, "--log-target=j")), ["--log-target=journal"])
        self.assertEqual(list(offered(axond.AXOND, "--workers", "")), [])
        self.assertEqual(list(offered(axond.AXOND, "-s", "")), [":files"])
        self.assertEqual(list(offered(axond.AXOND, "--check", "")), [":files"])


class Terminal:
    """A shell on a terminal of its own, to which one types."""

    def __init__(self, *command, env, cwd):
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen([str(word) for word in command], stdin=slave, stdout=slave, stderr=slave,
                                        env=env, cwd=cwd, start_new_session=True)
        os.close(slave)
        self.output = ""
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        while True:
            try:
                data = os.read(self.master, 4096)
            except OSError:
                return
            if not data:
                return
            self.output += data.decode(errors="replace")

    def type(self, text, expected, what):
        """Types it, and waits for what the terminal shows then."""
        seen = len(self.output)
        os.write(self.master, text.encode())
        axond.wait_for(lambda: re.search(expected, self.output[seen:]), f"{what}; shown is {self.output!r}")

    def close(self):
        self.process.kill()
        self.process.wait()
        self.reader.join(30)
        os.close(self.master)


class Shells(axond.TestCase):
    def setUp(self):
        self.home = self.directory()
        (self.home / "some graph.yaml").write_text("")
        self.env = {"PATH": f"{pathlib.Path(axond.AXONCTL).parent}:{os.environ['PATH']}", "HOME": str(self.home),
                    "TERM": "dumb", "XDG_CONFIG_HOME": str(self.home),
                    "XDG_DATA_HOME": str(self.home), "LC_ALL": "C.UTF-8",
                    **{key: value for key, value in os.environ.items() if key.endswith("SAN_OPTIONS")}}
        self.daemon = axond.Axond(GRAPH)
        self.env["AXOND_CONTROL"] = str(self.daemon.control)

    def on_terminal(self, shell, *options, setup):
        terminal = Terminal(self.need(shell), *options, env=self.env, cwd=self.home)
        self.addCleanup(terminal.close)
        terminal.type(f"{setup}; echo set''up\n", "setup", f"{shell} to be there")
        return terminal

    def try_keys(self, terminal):
        """What both shells do at a Tab."""
        for typed, added in {"axonctl --json stat": "us ", "axonctl graph --format=mer": "maid ",
                             "axonctl describe TCPS": "erver ", "axonctl send si": r"nk\.", "axonctl show shout": "ing ",
                             "axonctl check so": r"me\\ graph\.yaml ", "axond --log-t": "arget "}.items():
            terminal.type(typed, re.escape(typed), typed)
            terminal.type("\t", "^(\x1b[^m]*m|\r|\x07)*" + added, f"{typed}[Tab]")
            terminal.type("\x15echo cle''ared\n", "cleared", "an empty line")

    def test_bash(self):
        terminal = self.on_terminal("bash", "--norc", "--noprofile", "-i",
                                    setup=f"bind 'set enable-bracketed-paste off'; PS1='$ '; . {SCRIPTS}/axond.bash")
        with self.daemon:
            self.try_keys(terminal)

    def test_zsh(self):
        terminal = self.on_terminal("zsh", "-f", "-i", setup=f"PS1='$ '; unset zle_bracketed_paste; fpath=({SCRIPTS} $fpath);"
                                    " autoload -Uz compinit; compinit -u -D; bindkey -e")
        with self.daemon:
            self.try_keys(terminal)

    def test_fish(self):
        fish = self.need("fish")
        for program in "axond", "axonctl":
            (self.home / "fish/completions").mkdir(parents=True, exist_ok=True)
            (self.home / f"fish/completions/{program}.fish").symlink_to(SCRIPTS / "axond.fish")

        def complete(line):
            done = axond.run(fish, "-c", f"complete -C '{line}'", env=self.env, cwd=self.home)
            self.assertEqual(done.stderr, "")
            return done.stdout.splitlines()

        with self.daemon:
            self.assertEqual(complete("axonctl --json stat"), ["status\tone screen about the daemon"])
            self.assertEqual(complete("axonctl graph --format=mer"), ["--format=mermaid"])
            self.assertEqual([line.split("\t")[0] for line in complete("axonctl describe TCPS")], ["TCPServer"])
            self.assertEqual(complete("axonctl show shout"), ["shouting\tProtocolHandler"])
            self.assertEqual(complete("axonctl send sink."), ["sink.control\tnotices", "sink.inbox\tanything"])
            self.assertEqual([line.split("\t")[0] for line in complete("axonctl check so")], ["some graph.yaml"])
            self.assertEqual([line.split("\t")[0] for line in complete("axond --log-t")], ["--log-target"])
            self.assertEqual(complete("axond --log-target j"), ["journal"])


axond.main()
