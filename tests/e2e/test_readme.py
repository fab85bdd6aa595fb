"""README.md and CONTRIBUTING.md against reality: the tour as it is written, every graph, every path."""

import os
import pathlib
import re
import sys

import axond

README = (axond.SOURCE / "README.md").read_text()
CONTRIBUTING = (axond.SOURCE / "CONTRIBUTING.md").read_text()


def blocks(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)


class Tour(axond.TestCase):
    """Five minutes with axond, on another port."""

    def test_says_what_happens(self):
        self.need("nc")
        port = str(axond.free_port())
        self.place = self.directory()
        self.environment = {"AXOND_CONTROL": str(self.place / "control.sock"),
                            "PATH": f"{pathlib.Path(axond.AXONCTL).parent}:{os.environ['PATH']}"}
        tour = README[README.index("## Five minutes"):README.index("## The graph file")].replace("8080", port)
        hello = blocks(README, "yaml")[0].replace("8080", port)
        greeted, refused, changed = blocks(tour, "console")
        graph = self.place / "hello.yaml"
        graph.write_text(hello)

        with axond.Process(axond.AXOND, "-s", self.place / "control.sock", "hello.yaml", cwd=self.place) as daemon:
            daemon.wait_line("running hello.yaml: 2 components")
            self.follow(greeted)
            for command in "axonctl status", "axonctl linkages", "axonctl show server":
                self.assertIn(command, tour)
                self.assertIn("server", self.run_in_place(command))
            graph.write_text(hello.replace("listenport", "listenprot"))
            self.follow(refused)
            self.follow(greeted)
            graph.write_text(blocks(tour, "yaml")[0])
            self.follow(changed)
            self.listen_in(tour, int(port))

    def listen_in(self, tour, port):
        with axond.connect(port) as client:
            listed = axond.wait_for(lambda: self.run_in_place("axonctl list 'echo/**'"), "the connection")
            lines = re.search(r"echo/\d+/lines", listed).group()
            self.assertIn("axonctl tap echo/1/lines.outbox", tour)
            with axond.Process(axond.AXONCTL, "tap", f"{lines}.outbox", cwd=self.place,
                               env={**os.environ, **self.environment}) as tap:
                tap.wait_line("tapping")
                client.sendall(b"typed\n")
                tap.wait_line("typed", "stdout")

    def follow(self, block):
        """Runs the commands after "$ ", whose output has to be the lines that follow them."""
        for step in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, output = step.partition("\n")

            self.assertEqual(self.run_in_place(command), output, command)

    def run_in_place(self, command):
        done = axond.run("sh", "-c", f"{{ {command}; }} 2>&1", cwd=self.place, env=self.environment)
        return done.stdout


class Reference(axond.TestCase):
    def test_every_graph_is_valid(self):
        directory = self.directory()
        for text in blocks(README, "yaml"):
            path = directory / "graph.yaml"
            if not re.search(r"^components:\n", text, re.M):
                text = re.sub(r"^components:.*\n", "", text, flags=re.M)
                text += "components: {source: {type: DataSource, messages: [x]}, sink: {type: NullSink}}\n"
                text = re.sub(r"^linkages:.*\n", "", text, flags=re.M) + "linkages: [source -> sink]\n"
            path.write_text(text)
            done = axond.axond("--check", path)

            self.assertEqual((done.returncode, done.stderr), (0, ""), text)

    def test_every_type_and_option_is_in_it(self):
        types = axond.axonctl("--no-daemon", "--json", "types").stdout
        help = axond.axond("--help").stdout + axond.axonctl("--help").stdout
        words = re.findall(r'"name": "(\w+)"', types) + re.findall(r"--[a-z-]+", help)
        words += ["`" + command for command in re.findall(r"^  ([a-z-]+) .*", axond.axonctl("--help").stdout, re.M)]

        self.assertEqual([word for word in words if word not in README], [])

    def test_every_path_leads_somewhere(self):
        for page in README, CONTRIBUTING:
            named = re.findall(r"\]\(((?!https?:|#)[^)]+)\)", page)
            named += [path for path in re.findall(r"`([a-z_.]+/[a-z_./]*)`", page)
                      if path.split("/")[0] in os.listdir(axond.SOURCE) and not path.startswith("build/")]
            for path in named:
                with self.subTest(path):
                    self.assertTrue((axond.SOURCE / path).exists())
            for heading in re.findall(r"\]\(#([^)]+)\)", page):
                words = [re.sub(r"[^\w -]", "", line).strip().lower().replace(" ", "-")
                         for line in re.findall(r"^#+ (.*)$", page, re.M)]
                self.assertIn(heading, words)

    def test_the_example_of_a_test_passes(self):
        example, = blocks(CONTRIBUTING, "python")
        path = self.directory() / "test_example.py"
        path.write_text(example)
        done = axond.run(sys.executable, path, env={"PYTHONPATH": str(axond.SOURCE / "tests/e2e"), "AXOND": axond.AXOND,
                                               "AXONCTL": axond.AXONCTL})

        self.assertEqual(done.returncode, 0, done.stderr)


axond.main()
