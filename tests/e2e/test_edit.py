"""Edits of the running graph: with the checks of a file, shown by config, and undone by a reload."""

import axond

GRAPH = """\
components:
  server: {type: TCPServer, host: 127.0.0.1, listenport: "${PORT}"}
  echo: {type: ProtocolHandler, protocol: EchoProtocol}
  tick: {type: Ticker, interval: 10ms}
  a: {type: PassThrough}
  p: {type: Pipeline, components: [{type: PassThrough}, {type: MessageRateLimit, messages_per_second: 10000}]}
  sink: {type: NullSink}
linkages:
  - server -> echo
  - tick -> a -> p -> sink
"""


class Edit(axond.TestCase):
    def passed(self, daemon, box):
        """Messages that have gone out by an outbox."""
        name = box.rpartition(".")[2]
        shown = daemon.ctl("show", box.rpartition(".")[0], json=True)
        return next(one["messages"] for one in shown["outboxes"] if one["name"] == name)

    def wait_passing(self, daemon, box):
        before = self.passed(daemon, box)
        axond.wait_for(lambda: self.passed(daemon, box) > before, f"messages on {box}")

    def test_puts_a_component_into_a_chain_that_runs(self):
        with axond.Axond(GRAPH) as daemon:
            client = daemon.connect()
            client.sendall(b"hello")
            self.assertEqual(axond.receive(client, 5), b"hello")

            self.assertIn("+ b\n", daemon.ctl("add", "b", "PureTransformer", "function=prefix", "text='x: '"))
            self.assertIn("~ a (re-linked): outbox leads to nowhere, not p.inbox", daemon.ctl("unlink", "a"))
            daemon.ctl("link", "a", "b")
            daemon.ctl("link", "b", "p")
            self.wait_passing(daemon, "b.outbox")
            self.wait_passing(daemon, "p/messageratelimit.outbox")

            client.sendall(b"still there")
            self.assertEqual(axond.receive(client, 11), b"still there")

    def test_takes_one_branch_of_a_list_out(self):
        graph = GRAPH.replace("  - tick -> a -> p -> sink\n", """\
  - tick -> [a, p, other] -> sink
""").replace("linkages:", "  other: {type: PassThrough}\nlinkages:", 1)
        with axond.Axond(graph) as daemon:
            for words, reason in (
                    (("unlink", "tick-fanout"), "tick-fanout stands for the list in a linkage from tick: name one"),
                    (("unlink", "tick-fanout.b"), 'as "axonctl show tick-fanout" does, or tick for all of them'),
                    (("unlink", "tick-fanout.a_signal"), "name one of its branches")):
                self.assertIn(reason, daemon.ctl(*words, expect=1))
            self.assertIn("~ tick-fanout (replaced): boxnames: [a, p, other] -> [a, other]",
                          daemon.ctl("unlink", "tick-fanout.p"))
            self.wait_passing(daemon, "a.outbox")
            self.wait_passing(daemon, "other.outbox")
            self.assertIn("+- tick -> [a, other]\n+- '[a, p, other] -> sink'\n", daemon.ctl("config", "--diff"))

            daemon.ctl("unlink", "tick-fanout.other")
            self.wait_passing(daemon, "a.outbox")
            self.assertIn("+- tick -> a\n", daemon.ctl("config", "--diff"))
            for path in "p", "other", "sink":
                self.assertEqual(daemon.ctl("show", path, json=True)["state"], "running")

    def test_sets_parameters_in_place_or_by_another_in_its_place(self):
        with axond.Axond(GRAPH) as daemon:
            text = daemon.ctl("set", "p/messageratelimit", "messages_per_second=20000", "burst=5")
            self.assertIn("~ p/messageratelimit (changed): messages_per_second: 10000 -> 20000; burst: 1 -> 5", text)
            self.assertIn("~ echo (changed): protocol: EchoProtocol -> Discard", daemon.ctl("set", "echo", "protocol=Discard"))
            self.assertIn("~ a (replaced): type: PassThrough -> LineFramer", daemon.ctl("set", "a", "type=LineFramer"))
            self.assertIn("bound of inbox: ", daemon.ctl("set", "sink", "boxes={inbox: {size: 7}}"))
            self.assertEqual(daemon.ask(b"unanswered"), b"")

    def test_refuses_what_a_file_would_not_be_allowed_either(self):
        with axond.Axond(GRAPH) as daemon:
            for words, reason in (
                    (("set", "tick", "interval=fast"), "interval must be a duration"),
                    (("set", "tick", "intervall=1s"), 'did you mean "interval"?'),
                    (("set", "nothing", "a=1"), 'there is no component "nothing"'),
                    (("add", "b", "Nonsense"), '"Nonsense"'),
                    (("add", "a", "NullSink"), 'there is a component "a" already'),
                    (("link", "a", "sink"), "a.outbox is linked already"),
                    (("link", "server", "sink"), "protocolHandlerSignal"),
                    (("unlink", "sink"), "no linkage of the graph is written from sink.outbox"),
                    (("unlink", "a.signal"), "no linkage of the graph is written from a.signal"),
                    (("add", "b", "TCPServer", "host=192.0.2.1", "listenport=80"), "could not listen on 192.0.2.1:80")):
                with self.subTest(words=words):
                    self.assertIn(reason, daemon.ctl(*words, expect=1))
            daemon.ctl("set", "tick", "interval", expect=64)
            self.assertEqual(daemon.ctl("status", json=True)["generation"], 1)
            self.wait_passing(daemon, "a.outbox")

    def test_config_has_the_edits_and_loads_again(self):
        with axond.Axond(GRAPH) as daemon:
            self.assertEqual(daemon.ctl("config", "--diff"), "")
            daemon.ctl("set", "tick", "interval=20ms")
            daemon.ctl("add", "b", "NullSink")
            daemon.ctl("unlink", "p")
            daemon.ctl("link", "p", "b")
            edited = daemon.ctl("config")

            difference = daemon.ctl("config", "--diff").splitlines()
            for line in ("-    interval: 10ms", "+    interval: 20ms", "+  b:", "-- tick -> a -> p -> sink",
                         "+- tick -> a -> p"):
                self.assertIn(line, difference)
            self.assertIn("axonctl set tick interval:1", daemon.ctl("config", "--origin"))
            daemon.write(edited)
            self.assertIn("0 added, 0 removed, 0 changed, ", daemon.ctl("reload", "--dry-run"))

    def test_a_reload_goes_back_to_the_files_and_says_so(self):
        with axond.Axond(GRAPH) as daemon:
            daemon.ctl("set", "tick", "interval=20ms")
            daemon.ctl("add", "b", "NullSink")
            text = daemon.ctl("reload")

            self.assertIn("~ tick (changed): interval: 20ms -> 10ms", text)
            self.assertIn("- b\n", text)
            daemon.wait_line("generation 4: .*; 2 live edits are undone: the files count")
            self.assertEqual(daemon.ctl("config", "--diff"), "")

    def test_what_was_stopped_is_started_by_a_reload(self):
        with axond.Axond(GRAPH) as daemon:
            daemon.ctl("stop", "a")
            self.assertIn("~ a (started again): it had ended", daemon.ctl("reload", "--dry-run"))
            self.assertIn("~ a (started again): it had ended", daemon.ctl("reload"))
            self.wait_passing(daemon, "a.outbox")


axond.main()
