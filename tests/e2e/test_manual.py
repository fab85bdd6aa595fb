"""What gets installed for people: manual pages, the schema, completion."""

import json
import pathlib
import re
import subprocess
import tempfile

import axond

BUILD = pathlib.Path(axond.AXOND).parent
PAGES = {"man1/axonctl.1", "man5/axond.yaml.5", "man7/axond-components.7", "man8/axond.8"}


class Manual(axond.TestCase):
    @classmethod
    def setUpClass(cls):
        root = tempfile.TemporaryDirectory(prefix="axond-", dir="/tmp")
        cls.addClassCleanup(root.cleanup)
        axond.run("cmake", "--install", BUILD, env={"DESTDIR": root.name}, timeout=60, check=True)
        cls.share = pathlib.Path(root.name) / "usr/share"
        cls.man = cls.share / "man"

    def page(self, name):
        return (self.man / name).read_text()

    def test_is_installed_where_it_is_looked_for(self):
        self.assertEqual({str(path.relative_to(self.man)) for path in self.man.rglob("*") if path.is_file()}, PAGES)
        self.assertEqual((self.share / "axond/axond.schema.json").read_text(), axond.axond("--schema").stdout)
        for path in ("bash-completion/completions/axond", "bash-completion/completions/axonctl",
                     "fish/vendor_completions.d/axond.fish", "fish/vendor_completions.d/axonctl.fish",
                     "zsh/vendor-completions/_axond"):
            self.assertIn("--complete", (self.share / path).read_text())

    def test_pleases_mandoc(self):
        done = subprocess.run([self.need("mandoc"), "-T", "lint", *sorted(PAGES)], cwd=self.man, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60)
        others = [line for line in done.stdout.splitlines() if "referenced manual not found" not in line]
        self.assertEqual(others, [])  # mandoc looks for manuals in the system, where ours need not be

    def test_refers_to_pages_that_there_are(self):
        known = {("systemd", "1"), ("systemctl", "1")} | {tuple(pathlib.Path(page).name.rsplit(".", 1)) for page in PAGES}
        for page in PAGES:
            self.assertLessEqual(set(re.findall(r"^\.Xr (\S+) (\d)", self.page(page), re.M)), known)
            self.assertEqual(re.findall("^@.*", self.page(page), re.M), [])

    def test_has_every_option_and_command(self):
        axond_help, axonctl_help = axond.axond("--help").stdout, axond.axonctl("--help").stdout
        for letter, name in re.findall(r"^  -(\w), --([a-z-]+)", axond_help, re.M):
            self.assertRegex(self.page("man8/axond.8"), rf"(?m)^\.It Fl {letter} , Fl -{name}\b")
        for name in re.findall(r"--([a-z-]+)", axonctl_help):
            self.assertRegex(self.page("man1/axonctl.1"), rf"(?m)^\.It .*Fl -{name}\b")
        for command in re.findall(r"^  ([a-z][a-z-]+) ", axonctl_help, re.M):
            self.assertRegex(self.page("man1/axonctl.1"), rf"(?m)^\.It Cm {command}\b")

    def test_has_every_type_with_all_that_it_has(self):
        types = re.split(r"^\.Ss ", self.page("man7/axond-components.7"), flags=re.M)[1:]
        names = [one["name"] for one in json.loads(axond.axonctl("--no-daemon", "--json", "types").stdout)["types"]]
        self.assertEqual([text.split("\n")[0] for text in types], names)
        for name, text in zip(names, types):
            described = json.loads(axond.axonctl("--no-daemon", "--json", "describe", name).stdout)
            own = [one["name"] for table in ("inboxes", "outboxes", "parameters", "statistics") for one in described[table]]
            self.assertEqual(re.findall(r"^\.It Cm (\S+)", text, re.M), own, name)
            for change, words in ("in place", "changes it in place"), ("parts", "changes the parts that it is for"):
                self.assertEqual(len(re.findall(f"A reload {words}", text.replace("\n", " "))),
                                 len([one for one in described["parameters"] if one["reload"] == change]), name)

    def test_has_graphs_that_are_valid(self):
        blocks = re.findall(r"^\.Bd -literal[^\n]*\n(.*?)^\.Ed", self.page("man5/axond.yaml.5"), re.M | re.S)
        graphs = [block for block in blocks if re.search("^components:", block, re.M)]
        self.assertGreater(len(graphs), 3)
        path = self.directory() / "graph.yaml"
        for graph in graphs:
            path.write_text(graph)
            done = axond.axond("--check", path)
            self.assertEqual((done.returncode, re.findall("error.*", done.stderr)), (0, []), graph)


axond.main()
