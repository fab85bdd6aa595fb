"""The JSON Schema of graph files, against an independent validator: what axond takes, it takes; what a
schema can see to be wrong, it refuses."""

import json
import re
import sys

import axond

try:
    import jsonschema
    import yaml
except ImportError as error:
    print(f"skipped: {error}; see Debian's python3-jsonschema and python3-yaml")
    sys.exit(77)

MODELINE = "# yaml-language-server: $schema=/usr/share/axond/axond.schema.json"

# Files of tests/bad that no schema can refuse, and why.
BEYOND = {
    # A parser of YAML does not get through it; an editor says that by itself.
    "not YAML": ["hostile_documents", "hostile_nul", "hostile_tab", "hostile_utf8", "same_name_twice"],
    # It depends on what a name stands for, here or in another file: a component, a box of its type, a graph.
    "names": ["box_direction", "carries", "carries_in_protocol", "graph_contains_itself",
              "graph_contains_itself_by_parameter", "graph_parameter_kinds", "graph_parameter_value",
              "hostile_control_characters", "linked_twice", "no_main_box", "runtime_boxes", "unknown_box",
              "unknown_component", "unknown_graph", "unknown_type"],
    # It depends on what ${...} stands for.
    "interpolation": ["environment", "parameter_outside", "secret_places"],
    # Each value is fine, but not all of them together; or a type looks closer at a text than its table says.
    "types": ["handover", "parameters_together", "syncmessage"],
    # It is about how much there is of it.
    "amount": ["hostile_fanout", "hostile_graph_bomb", "hostile_graphs_in_graphs"],
    # A file that is included by another, or includes one, need not have them.
    "other files": ["no_components"],
    # It gets warnings only: it is a valid graph.
    "warnings": ["graph_parameter_unused", "self_unlinked", "unlinked", "unlinked_protocol"],
}


class Core(yaml.SafeLoader):
    """Reads scalars as YAML 1.2 has them, as editors do: "no" is a text, 0640 is six hundred and forty."""

    yaml_implicit_resolvers = {}

    def read_integer(self, node):
        return int(node.value, 0 if node.value[:2] in ("0x", "0o") else 10)


for tag, pattern in {
        "null": "~|null|Null|NULL|", "bool": "true|True|TRUE|false|False|FALSE", "merge": "<<",
        "int": "[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+",
        "float": r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"}.items():
    Core.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"^({pattern})$"), None)
Core.add_constructor("tag:yaml.org,2002:int", Core.read_integer)


def read(text, loader=Core):
    """A file as JSON would have it: all keys are texts, and nodes that aliases share stay shared."""
    done = {}

    def convert(node):
        if not isinstance(node, (dict, list)):
            return node
        if id(node) not in done:
            done[id(node)] = ({str(key): convert(value) for key, value in node.items()} if isinstance(node, dict)
                              else [convert(value) for value in node])
        return done[id(node)]

    tree = yaml.load(text, loader)
    return convert(tree)


class Schema(axond.TestCase):
    @classmethod
    def setUpClass(cls):
        done = axond.axond("--schema")
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        cls.schema = json.loads(done.stdout)
        cls.validator = jsonschema.Draft7Validator(cls.schema)

    def mistakes(self, graph):
        return [f"{'.'.join(map(str, one.absolute_path))}: {one.message}" for one in self.validator.iter_errors(graph)]

    def test_is_one(self):
        jsonschema.Draft7Validator.check_schema(self.schema)

    def test_takes_every_example(self):
        for path in (axond.SOURCE / "etc").glob("*.yaml"):
            for loader in Core, yaml.SafeLoader:
                with self.subTest(path=path.name, loader=loader.__name__):
                    self.assertEqual(self.mistakes(read(path.read_text(), loader)), [])

    def test_every_example_names_it_in_its_first_line(self):
        for path in (axond.SOURCE / "etc").glob("*.yaml"):
            self.assertEqual(path.read_text().splitlines()[0], MODELINE, path.name)

    def test_takes_every_graph_of_the_reference(self):
        readme = (axond.SOURCE / "README.md").read_text()
        for text in re.findall(r"^```yaml\n(.*?)^```$", readme, re.M | re.S):
            self.assertEqual(self.mistakes(read(text)), [], text)

    def test_takes_what_axonctl_config_prints(self):
        for name in "shout", "throttle", "inetd", "chat":
            with axond.Axond(f"etc/{name}.yaml", env={"BACKEND": "1", "UP": "1MB", "DOWN": "1MB"}) as daemon:
                self.assertEqual(self.mistakes(read(daemon.ctl("config"))), [], name)

    def test_refuses_every_broken_graph_that_it_can(self):
        beyond = [name for names in BEYOND.values() for name in names]
        files = {path.stem: path for path in (axond.SOURCE / "tests/bad").glob("*.yaml")}

        self.assertEqual(sorted(set(beyond) - files.keys()), [], "no longer in tests/bad")
        for name, path in files.items():
            with self.subTest(path.name):
                try:
                    refused = not self.validator.is_valid(read(path.read_bytes()))
                except yaml.YAMLError:
                    self.assertIn(name, BEYOND["not YAML"])
                    continue
                self.assertEqual(refused, name not in beyond, "BEYOND in this test says which it can't")

    def test_warnings_are_not_its_business(self):
        for name in BEYOND["warnings"]:
            expected = re.findall("^# expect: .*?: (error|warning)", (axond.SOURCE / f"tests/bad/{name}.yaml").read_text(),
                                  re.M)
            self.assertEqual(set(expected), {"warning"}, name)

    def test_takes_every_default(self):
        """Those that editors put in."""
        count = 0
        for definition in self.schema["definitions"].values():
            for name, value in definition.get("properties", {}).items():
                if isinstance(value, dict) and "default" in value:
                    own = {"definitions": self.schema["definitions"], **value}
                    jsonschema.Draft7Validator(own).validate(value["default"])
                    self.assertTrue(value["description"], name)
                    count += 1
        self.assertGreater(count, 100)

    def test_has_every_type_with_every_key(self):
        types = json.loads(axond.axonctl("--no-daemon", "--json", "types").stdout)["types"]
        self.assertEqual(self.schema["definitions"]["type_name"]["enum"], [one["name"] for one in types])
        for one in types:
            described = json.loads(axond.axonctl("--no-daemon", "--json", "describe", one["name"]).stdout)
            own = {parameter["name"] for parameter in described["parameters"]}
            definition = self.schema["definitions"][one["name"]]
            listed = self.schema["definitions"]["listed_" + one["name"]]

            self.assertEqual(set(definition["properties"]), own | {"type", "boxes", "restart"})
            for parameter in described["parameters"]:
                said = {"in place": "changes it in place", "parts": "changes the parts that it is for",
                        "replaces": "replaces the component"}[parameter["reload"]]
                self.assertTrue(definition["properties"][parameter["name"]]["description"].endswith("; a reload " + said))
            self.assertEqual(set(listed["properties"]), own | {"type", "boxes", "restart", "name"})

    def test_agrees_with_axond(self):
        tried = {
            "{type: LineFramer, max_line: %s}": "512 64KiB 64KB 10MB 1B 64kb 1.5KiB -1 0 16777217 '0x10' '' '1 KiB' KiB "
                                                "'0' 0KiB ${X:-1} [] {} true ~",
            "{type: TCPServer, listenport: %s}": "0 65535 65536 -1 +5 0x50 '0x50' 08 '80' a 1e2x '' ~ [80]",
            "{type: TCPServer, listenport: 1, idle_timeout: %s}": "0 0.0 '0' 5 0.5 5s 2min 1.5h 250ms 3us 1d 1e3s -1s '5 s' s "
                                                                  "5sec ~",
            "{type: Ticker, interval: %s}": "0 '0' 0s 1s 5",
            "{type: TCPServer, listenport: 1, keepalive: %s}": "true FALSE Yes no oN off 1 maybe '' ~",
            "{type: TCPServer, listenport: 1, host: %s}": "localhost 127.0.0.1 [] {} ~ '::1'",
            "{type: DataSource, messages: %s}": "a 1 true [a, 1, no] [[a]] {} ~ []",
            "{type: PureTransformer, function: %s}": "upper uper 1 [upper] ~",
            "{type: PassThrough, restart: %s}": "never always sometimes {} {policy: never} {limit: x} {polcy: never} [] 1",
            "{type: PassThrough, boxes: %s}": "{} {inbox: {}} {inbox: {size: 1}} {inbox: {size: 0}} {inbox: {size: 64KiB}} "
                                              "{inbox: {when_full: drop_oldest}} {inbox: {when_full: drop}} {control: {}} "
                                              "{outbox: {}} {inbx: {}} [] 5 ~",
            "{type: Pipeline, components: %s}": "[PassThrough] [{type: PassThrough, name: x}] [] PassThrough {} "
                                                "[{type: PassThrough, nme: x}] [{name: x}] [{type: PassThrough, name: self}]",
            "{type: Backplane, name: %s}": "a [] ~",
            "{type: ProtocolHandler, protocol: %s}": "Discard {type: Discard} {tpe: Discard} [Discard] ~ "
                                                     "{type: Discard, name: x}",
            "{type: FileWriter, path: /x, mode: %s}": "'0640' '640' '0777' '1777' '64' rw '0888'",
            "{type: UnixProcess, command: x, success: %s}": "0 [0, 1] 256 [] [x] ~ {}",
            "{type: RangeFilter, ranges: %s}": "[[1, 5]] [] [1, 5] [[1]] [[1, x]] x",
            "{type: MessageRateLimit, messages_per_second: %s}": "1 0.5 '2.5' 0 x -1 ~",
        }
        components = [form % value for form, values in tried.items()
                      for value in re.findall(r"(?:\{(?:\{[^}]*\}|[^}])*\}|\[(?:\[[^]]*\]|[^]])*\]|'[^']*'|\$\{[^}]*\}|\S)+", values)]
        text = "components:\n" + "".join(f"  c{i}: {component}\n" for i, component in enumerate(components))
        text = text.replace("${X:-1}", '"${X:-1}"')
        path = self.directory() / "graph.yaml"
        path.write_text(text)
        said = axond.axond("--check", path).stderr
        wrong = {int(line) - 2 for line in re.findall(r"graph\.yaml:(\d+):\d+: error:", said)}
        graph = read(text)
        refused = {i for i in range(len(components))
                   if self.mistakes({"components": {"c": graph["components"][f"c{i}"]}})}

        self.assertEqual([components[i] for i in sorted(refused - wrong)], [], "axond takes these")
        self.assertEqual([components[i] for i in sorted(wrong - refused)], [], f"axond refuses these\n{said}")
        self.assertGreater(len(wrong), 50)

    def test_says_why_it_could_not_be_written(self):
        done = axond.run("sh", "-c", f"{axond.AXOND} --schema > /dev/full; echo $?")
        self.assertEqual((done.stdout, done.stderr), ("71\n", "axond: cannot write the schema: No space left on device\n"))


axond.main()
