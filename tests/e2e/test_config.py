"""What a graph file may say, and what of it is told: named graphs with parameters, files in parts,
secrets, axond --check of folders, axonctl config."""

import re
import socket

import axond
from graphs import ECHO

SHOUT = """\
graphs:
  cut:
    parameters:
      longest: {kind: size, default: 64KiB, min: 4, max: 1MiB, doc: longer lines are dropped}
      word: {kind: choice, choices: [upper, lower], default: upper}
    components:
      lines: {type: LineFramer, max_line: "${param:longest}"}
      change: {type: PureTransformer, function: "${param:word}"}
    linkages:
      - self -> lines -> change -> self
  twice:
    parameters: {inside: {kind: graph, required: true}, first: {kind: size, default: 8}}
    components:
      before: {type: cut, longest: "${param:first}", word: lower}
      each: {type: "${param:inside}", longest: 16}
    linkages:
      - self -> before -> each -> self
components:
  server:  {type: TCPServer, host: 127.0.0.1, listenport: "${PORT}"}
  handler: {type: ProtocolHandler, protocol: {type: cut, longest: 5}}
  source:  {type: DataSource, messages: ["Abcdefgh\\n", "Abcdefghijklmnop\\n", "Abcdefgh\\n"]}
  one:     {type: twice, inside: cut}
  console: {type: ConsoleEchoer, tag: "> "}
linkages:
  - server -> handler
  - source -> one -> console
"""


class Files(axond.TestCase):
    def setUp(self):
        self.folder = self.directory()

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def check(self, *paths):
        return axond.axond("--check", *paths, env={"PORT": "8080"}, cwd=self.folder)


class Graphs(axond.TestCase):
    def test_the_same_graph_is_a_type_and_a_protocol_with_values_of_its_own(self):
        with axond.Axond(SHOUT) as daemon:
            daemon.wait_line("> ABCDEFGH", "stdout")
            self.assertEqual(daemon.ask(b"abc\nabcdefg\nxyz\n"), b"ABC\nXYZ\n")

            shown = {name: {p["name"]: p["value"] for p in daemon.ctl("show", name, json=True)["parameters"]}
                     for name in ("one/before/lines", "one/each/lines", "one/before/change")}
        self.assertEqual(shown["one/before/lines"]["max_line"], "8")
        self.assertEqual(shown["one/each/lines"]["max_line"], "16")
        self.assertEqual(shown["one/before/change"]["function"], "lower")

    def test_a_component_that_is_a_graph_is_shown_with_what_it_was_given(self):
        secret = SHOUT.replace("first: {kind: size, default: 8}}",
                               "first: {kind: size, default: 8}, key: {secret: true, default: hush}}")
        with axond.Axond(secret) as daemon:
            one = daemon.ctl("show", "one", json=True)["parameters"]
            each = daemon.ctl("show", "one/each", json=True)["parameters"]

        self.assertEqual([(p["name"], p["value"], p["given"]) for p in one],
                         [("inside", "cut", True), ("first", "8", False), ("key", "***", False)])
        self.assertRegex(one[0]["origin"], r"graph\.yaml:\d+$")
        self.assertEqual([(p["name"], p["value"], p["given"]) for p in each],
                         [("longest", "16", True), ("word", "upper", False)])

    def test_a_graph_is_described_like_a_type(self):
        with axond.Axond(SHOUT) as daemon:
            cut = daemon.ctl("describe", "cut", json=True)
            text = daemon.ctl("describe", "twice")
            wrong = daemon.ctl("describe", "twise", expect=1)

        self.assertEqual({p["name"]: (p["kind"], p["default"]) for p in cut["parameters"]},
                         {"longest": ("size", "64KiB"), "word": ("choice", "upper")})
        self.assertEqual(cut["parameters"][0]["doc"], "longer lines are dropped")
        self.assertEqual(cut["parameters"][0]["reload"], "parts")
        self.assertIn("inside", text)
        self.assertIn('"twice"', wrong)

    def test_a_mistake_shows_the_way_to_it(self):
        with axond.Axond(SHOUT) as daemon:
            daemon.write(SHOUT.replace("inside: cut}", "inside: cut, first: 2}"))
            refused = daemon.ctl("reload", expect=1)

        self.assertRegex(refused, r"graph.yaml:\d+:\d+: error: the graph \"cut\": longest must be a size from 4 ")
        self.assertRegex(refused, r"graph.yaml:14:36: note: it is put in here\n")
        self.assertRegex(daemon.stderr, r"error: note: .*graph.yaml:14:36: it is put in here\n")
        self.assertRegex(refused, r"graph.yaml:\d+:\d+: note: in the graph \"twice\", which is used here\n")


class CheckOfFolders(Files):
    def test_each_file_that_no_other_includes_is_a_graph(self):
        self.write("site/a-part.yaml", "components: {x: {type: PassThrough}}\n")
        self.write("site/main.yaml", "include: [a-part.yaml, conf.d/*.yaml]\n" + ECHO)
        self.write("site/other.yaml", ECHO)
        self.write("site/conf.d/bad-alone.yaml", "linkages: [nobody -> x]\n")
        self.write("site/.hidden.yaml", "no: graph\n")
        self.write("site/notes.txt", "no: graph\n")

        done = self.check("site")

        self.assertEqual(done.returncode, 78, done.stdout)
        self.assertEqual(done.stdout, "site/a-part.yaml: a part of site/main.yaml\n"
                         "site/main.yaml: 1 error\nsite/other.yaml: ok, 2 components\n"
                         "2 graphs, 1 with errors\n")
        self.assertIn("site/conf.d/bad-alone.yaml:1:", done.stderr)

        self.write("site/conf.d/bad-alone.yaml", "# nothing\n")
        done = self.check("site", "site/a-part.yaml")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("site/a-part.yaml: ok, 1 component\n", done.stdout)  # named: a graph in any case
        self.assertIn("3 graphs, 0 with errors\n", done.stdout)

    def test_all_mistakes_of_all_are_told(self):
        self.write("one/a.yaml", "components: {a: {type: Foo}}\n")
        self.write("one/b.yaml", "components: {a: {type: Bar}}\n")
        two = self.write("two.yaml", ECHO)

        done = self.check("one", two, "none.yaml")

        self.assertEqual(done.returncode, 78)
        self.assertRegex(done.stderr, r'(?s)one/a.yaml:1:24: error.*"Foo".*one/b.yaml:1:24: error.*"Bar".*'
                                      r"none.yaml: error: cannot be read: No such file")
        self.assertIn("one/a.yaml: 1 error\none/b.yaml: 1 error\n", done.stdout)
        self.assertIn(f"{two}: ok, 2 components\n", done.stdout)

    def test_files_that_include_each_other_are_not_forgotten(self):
        self.write("site/a.yaml", "include: [b.yaml]\n" + ECHO)
        self.write("site/b.yaml", "include: [a.yaml]\n")

        done = self.check("site")

        self.assertEqual(done.returncode, 78)
        self.assertIn("site/b.yaml:1:11: error: site/a.yaml would include itself: "
                      "site/a.yaml -> site/b.yaml -> site/a.yaml", done.stderr)

    def test_a_folder_without_graphs_is_a_mistake(self):
        (self.folder / "empty").mkdir()

        done = self.check("empty")

        self.assertEqual(done.returncode, 78)
        self.assertIn("empty: error: there are no files *.yaml in this folder", done.stderr)

    def test_axonctl_does_the_same(self):
        self.write("site/a-part.yaml", "components: {x: {type: NullSink}}\n")
        self.write("site/main.yaml", "include: [a-part.yaml]\n" + ECHO)
        with axond.Axond(ECHO) as daemon:
            self.assertIn("sound: 3 components", daemon.ctl("check", self.folder / "site"))
            self.write("site/other.yaml", "components: {a: {type: Foo}}\n")
            self.assertIn("other.yaml:1:24: error: ", daemon.ctl("check", self.folder / "site", expect=1))
            (self.folder / "empty").mkdir()
            self.assertIn("no files *.yaml", daemon.ctl("check", self.folder / "empty", expect=1))


class Config(Files):
    def test_a_reload_of_it_changes_nothing(self):
        part = self.write("conf.d/10-limits.yaml", "daemon: {limits: {connections: 7}}\n"
                          "components: {extra: {type: DataSource, messages: [\"${GREETING}\", '$${x}']}}\n")
        graph = f"include: [{part.parent}/*.yaml]\n" + SHOUT
        with axond.Axond(graph, env={"GREETING": "a: b ${c}"}) as daemon:
            text = daemon.ctl("config")
            origins = daemon.ctl("config", "--origin")
            self.assertEqual(daemon.ctl("config", json=True), {"text": text})
            daemon.write(text)
            dry = daemon.ctl("reload", "--dry-run", json=True)
            self.assertEqual(axond.axond("--check", daemon.graph_path).returncode, 0)
            daemon.write(origins)
            again = daemon.ctl("reload", json=True)
            self.assertEqual(daemon.ctl("config"), text)

        for difference in dry, again:
            self.assertEqual(difference["added"] + difference["removed"] + difference["changed"], 0, difference)
        self.assertIn("connections: 7\n", text)
        self.assertNotIn("#", text.replace("'#'", ""))
        self.assertIn(f"connections: 7 # {part}:1\n", origins)
        self.assertRegex(origins, r"\n  one:\n    type: twice # .*graph.yaml:\d+\n    inside: cut # .*graph.yaml:\d+\n"
                                  r"    first: 8 # .*graph.yaml:13\n")
        self.assertIn("    reuseport: false # default\n", origins)
        self.assertIn(f"listenport: '{daemon.port}' # ", origins)
        self.assertIn(f"    path: {daemon.control} # command line\n", origins)

    def test_a_large_one_comes_in_parts_while_others_are_served(self):
        count = 20000
        lines = "".join(f"  c{i}: {{type: cut, longest: 1KiB}}\n" for i in range(count))
        chain = "".join(f"  - c{i} -> c{i + 1}\n" for i in range(count - 1))
        with axond.Axond(SHOUT.replace("\nlinkages:", f"\n{lines}linkages:", 1) + chain) as daemon:
            with socket.socket(socket.AF_UNIX) as link:
                link.settimeout(axond.PATIENCE)
                link.connect(str(daemon.control))
                link.sendall(b'{"method": "io.axond.Config"}\0')
                self.assertIn(b"ExpectedMore", link.recv(1 << 16))
            text = daemon.ctl("config", timeout=5 * axond.PATIENCE)

            self.assertEqual(len(re.findall(r"\n    type: cut\n    longest: 1KiB\n    word: upper\n", text)), count)
            with socket.socket(socket.AF_UNIX) as link, daemon.connect() as client:
                link.settimeout(axond.PATIENCE)
                link.connect(str(daemon.control))
                link.sendall(b'{"method": "io.axond.Config", "more": true, "parameters": {"origins": true}}\0')
                parts, rest = [], b""
                while not parts or b'"continues"' in parts[-1]:
                    client.sendall(b"abc\n")
                    self.assertEqual(client.recv(4), b"ABC\n")  # the rest of the parts waits meanwhile
                    *whole, rest = (rest + link.recv(1 << 16)).split(b"\0")
                    parts += whole
            self.assertGreater(len(parts), 100)
            self.assertLess(max(map(len, parts)), 1 << 16)  # none takes long to make


SECRET = "hunter2-s3cret"
PARTS = {"whole": SECRET, "host": "127.0.0.77", "number": str(axond.free_port())}
HIDDEN = """\
graphs:
  login:
    parameters:
      pw: {secret: true, required: true}
      passed: {kind: text, default: another-s3cret}
    components:
      say: {type: DataSource, messages: ["${param:pw}", "x ${param:passed}"]}
      deep: {type: deeper, token: "${param:passed}"}
      away: {type: NullSink}
    linkages: [say -> deep -> away]
  deeper:
    parameters: {token: {secret: true}}
    components:
      tell: {type: PureTransformer, function: prefix, text: "Bearer ${param:token}"}
    linkages: [self -> tell -> self]
components:
  server: {type: TCPServer, host: 127.0.0.1, listenport: "${PORT}"}
  echo: {type: ProtocolHandler, protocol: EchoProtocol}
  login: {type: login, pw: "my-${credential:whole}", passed: other-s3cret}
  literal: {type: login, pw: literal-s3cret}
  client: {type: TCPClient, host: "${credential:host}", port: "${credential:number}", reconnect: true}
  pipe: {type: Pipeline, components: [{type: PureTransformer, function: replace, from: a, to: "${credential:whole}"}]}
  console: {type: ConsoleEchoer, tag: "${credential:whole}"}
linkages:
  - server -> echo
  - client -> pipe -> console
"""
MISTAKES = [
    # a secret where something else is wanted, and beside other mistakes
    ("passed: other-s3cret}", "passed: other-s3cret, bogus: 1}"),
    ("passed: other-s3cret}", "passed: [other-s3cret]}"),
    ("passed: other-s3cret}", "boxes: {inbox: {size: '${credential:whole}'}}}"),
    ("{secret: true, required: true}", "{secret: true, required: true, kind: int, min: 3}"),
    ("{secret: true, required: true}", "{secret: true, kind: choice, choices: [a], default: default-s3cret}"),
    ('function: prefix,', 'function: "${param:token}",'),
    ('host: "${credential:host}"', 'host: 127.0.0.1, retry: "${credential:whole}"'),
    ('host: "${credential:host}"', 'hst: "${credential:host}"'),
    ('port: "${credential:number}"', 'port: "${credential:whole}"'),
    ('{type: ConsoleEchoer,', '{type: "${credential:whole}",'),
    ("EchoProtocol}", '"${credential:whole}"}'),
    ("[{type: PureTransformer,", '[{name: "${credential:whole}", type: PureTransformer,'),
    ("- server -> echo", '- "server -> ${credential:whole}"'),
    ("- server -> echo", '- {from: server, to: "${credential:whole}.inbox"}'),
    ("- server -> echo", '- "server -> [echo, ${credential:whole}]"'),
    ("components:\n  server", 'daemon: {log_level: "${credential:whole}"}\ncomponents:\n  server'),
    ("components:\n  server", 'daemon: {control: {path: "/tmp/${credential:whole}"}}\ncomponents:\n  server'),
    ("components:\n  server", 'include: ["${credential:whole}"]\ncomponents:\n  server'),
    ("literal-s3cret}", "literal-s3cret, pw: again-s3cret}"),
    ("  client:", "  literal: {type: login, pw: again-s3cret}\n  client:"),
    ("literal-s3cret}", 'literal-s3cret, passed: {a: "nested-s3cret"}, x}'),
    ("tag:", "tga:"),
]


class Secrets(Files):
    def setUp(self):
        super().setUp()
        for name, text in PARTS.items():
            (self.folder / name).write_text(text + "\n")
        self.environment = {"CREDENTIALS_DIRECTORY": str(self.folder)}

    def assert_hidden(self, text, where):
        for secret in [SECRET, "s3cret", PARTS["host"], PARTS["number"]]:
            self.assertNotIn(secret, text, where)

    def test_nothing_that_runs_tells_one(self):
        with axond.Axond(HIDDEN, ["-l", "debug"], env=self.environment) as daemon, \
                daemon.ctl_stream("events") as events:
            events.wait_line("waiting for events")
            daemon.wait_line("trying again")  # nobody is at 127.0.0.77
            paths = [c["path"] for c in daemon.ctl("list", json=True)["components"]]
            self.assertIn("login/deep/tell", paths)
            for command in [["status"], ["list"], ["linkages"], ["types"], ["graph"], ["graph", "--format", "mermaid"],
                            ["config"], ["config", "--origin"], ["check"], ["reload", "--dry-run"], ["log-level"],
                            ["describe", "login"], ["describe", "deeper"], *(["show", path] for path in paths)]:
                for form in ([], ["--json"]):
                    self.assert_hidden(daemon.ctl(*form, *command), command)
            shown = {p["name"]: p["value"] for p in daemon.ctl("show", "client", json=True)["parameters"]}
            self.assertEqual((shown["host"], shown["port"]), ("***", "***"))
            self.assertEqual(self.parameter(daemon, "login/deep/tell", "text"), "***")
            self.assertEqual(self.parameter(daemon, "pipe/puretransformer", "to"), "***")
            self.assertIn("***:***", daemon.ctl("status") + daemon.stderr)
            self.assertEqual(daemon.ctl("config").count("'***'"), 8)
            daemon.ctl("stop", "client")
            daemon.ctl("reload")
            axond.wait_for(lambda: "reload_done" in events.stdout, "the events")
            self.assert_hidden(events.stdout, "events")
        self.assert_hidden(daemon.stderr, "the log")

    def parameter(self, daemon, path, name):
        return {p["name"]: p["value"] for p in daemon.ctl("show", path, json=True)["parameters"]}[name]

    def test_no_mistake_quotes_one(self):
        with axond.Axond(HIDDEN, ["-l", "debug"], env=self.environment) as daemon:
            for right, wrong in MISTAKES:
                with self.subTest(wrong):
                    self.assertIn(right, HIDDEN)
                    daemon.write(HIDDEN.replace(right, wrong, 1))
                    done = axond.axond("--check", daemon.graph_path, env={**self.environment, "PORT": "8080"})
                    self.assertEqual(done.returncode, 78, done.stderr)
                    self.assert_hidden(done.stdout + done.stderr, wrong)
                    self.assert_hidden(daemon.ctl("check", expect=1), wrong)
                    self.assert_hidden(daemon.ctl("--json", "reload", expect=1), wrong)
            self.assert_hidden(daemon.ctl("status"), "status")
        self.assert_hidden(daemon.stderr, "the log")

    def test_a_start_that_fails_tells_none(self):
        graph = ECHO.replace("127.0.0.1", '"${credential:host}"').replace("${PORT}", "${credential:number}")
        with socket.create_server((PARTS["host"], int(PARTS["number"]))):
            done = axond.axond(self.write("graph.yaml", graph), "-s", self.folder / "c", env=self.environment)

        self.assertEqual(done.returncode, axond.EXIT_CANNOT_START)
        self.assertIn("***", done.stderr)
        self.assert_hidden(done.stderr, "the reason")

    def test_what_is_missing_is_told_with_what_to_do(self):
        for name, words in {"none": "the unit needs LoadCredential=none:PATH or SetCredential=none:TEXT",
                            "a/b": "one has no slash", "": "this cannot be the name"}.items():
            graph = self.write("graph.yaml", "components: {a: {type: DataSource, messages: '${credential:%s}'}}\n" % name)
            done = axond.axond("--check", graph, env=self.environment)

            self.assertEqual(done.returncode, 78)
            self.assertRegex(done.stderr, words)


axond.main()
