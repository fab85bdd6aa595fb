"""The control socket and axonctl, against a running axond with live connections."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import unittest

import axond
import shouting
from shouting import SHOUT
from varlink import Varlink


class Control(shouting.TestCase):
    # ---- what is shown

    def test_status_is_one_screen(self):
        daemon = self.start()
        self.chat(daemon)

        text = daemon.ctl("status")
        status = daemon.ctl("status", json=True)

        self.assertRegex(text, r"axond \S+, pid \d+, running for ")
        self.assertIn(f"server: 127.0.0.1:{daemon.port}, 1 connected", text)
        self.assertIn("1 now, 1 in all", text)
        self.assertLess(len(text.splitlines()), 24)
        self.assertEqual(status["pid"], daemon.pid)
        self.assertEqual(status["files"], [str(daemon.graph_path)])
        self.assertEqual(status["components"], {"starting": 0, "running": 6, "restarting": 0, "stopping": 0,
                                                "stopped": 0, "failed": 0})
        self.assertEqual(status["listeners"], [
            {"path": "server", "address": f"127.0.0.1:{daemon.port}", "connections": 1}])
        self.assertIsNone(status["last_reload"])
        self.assertEqual(daemon.warnings(), [])

    def test_rates_are_those_of_the_time_between_two_calls(self):
        daemon = self.start()
        sock = self.chat(daemon)
        daemon.ctl("status", json=True)

        for _ in range(50):
            sock.sendall(b"hello\n")
            axond.receive(sock, 6)
        busy = axond.wait_for(lambda: daemon.ctl("status", json=True)["traffic"])

        self.assertGreater(busy["messages_per_second"], 0)
        self.assertEqual(busy["messages"], 153)  # each: what came in, its line, and that in upper case
        axond.wait_for(lambda: daemon.ctl("status", json=True)["traffic"]["messages_per_second"] == 0,
                       "nothing to pass any more")

    def test_an_idle_daemon_sleeps_also_after_it_was_asked(self):
        daemon = self.start()
        daemon.ctl("status")
        daemon.ctl("list")

        daemon.wait_rest(1)

    def test_status_warns_of_what_discards_and_of_what_waits(self):
        daemon = self.start("""\
            components:
              server: {type: TCPServer, host: 127.0.0.1, listenport: "${PORT}"}
              handler: {type: ProtocolHandler, protocol: EchoProtocol}
              alone: {type: PassThrough}
            linkages: [server -> handler]
            """)
        daemon.ctl("send", "alone.inbox", "lost")
        daemon.fill(daemon.connect())  # and never reads what comes back

        axond.wait_for(lambda: re.search(r"handler/1.outbox: blocked for \d+ s: server/1.inbox is full",
                                         daemon.ctl("status")), "a warning")

        status = daemon.ctl("status", json=True)
        self.assertIn({"path": "alone.outbox",
                       "text": "is linked nowhere and has discarded 1 messages"}, status["warnings"])
        self.assertEqual(status["warnings_total"], len(status["warnings"]))
        blocked = [l for l in daemon.ctl("linkages", json=True)["linkages"] if l["blocked"] > 1]
        self.assertIn(("handler/1.outbox", "server/1.inbox"), [(l["from"], l["to"]) for l in blocked])

    def test_list_shows_components_and_what_runs_for_connections(self):
        daemon = self.start()
        self.chat(daemon)

        paths = [c["path"] for c in daemon.ctl("list", json=True)["components"]]

        self.assertEqual(paths, ["server", "server/1", "shouting", "shouting/1/lines",
                                 "shouting/1/upper", "pipe", "pipe/passthrough",
                                 "pipe/puretransformer", "sink"])
        self.assertRegex(daemon.ctl("list"), r"(?m)^shouting/1/lines +LineFramer +running +2\d\d\d-")
        self.assertEqual([c["path"] for c in daemon.ctl("list", "shouting/**", json=True)["components"]],
                         ["shouting/1/lines", "shouting/1/upper"])
        self.assertEqual(daemon.ctl("list", "nothing*", json=True), {"components": []})

    def test_list_of_many_comes_in_batches(self):
        daemon = self.start()
        socks = [self.chat(daemon) for _ in range(400)]

        components = daemon.ctl("list", json=True)["components"]

        self.assertEqual(len(components), 6 + 3 * len(socks))
        self.assertEqual(len({c["path"] for c in components}), len(components))
        with Varlink(daemon) as link:
            self.assertEqual(link.call("io.axond.List")["error"],
                             "org.varlink.service.ExpectedMore")
            self.assertEqual(len(link.call("io.axond.List", pattern="server/*")
                                 ["parameters"]["components"]), len(socks))
            link.ask("io.axond.List", more=True)
            self.assertTrue(link.reply()["continues"])

    def test_list_goes_on_when_what_it_looks_at_ends(self):
        daemon = self.start()
        socks = [self.chat(daemon) for _ in range(400)]

        with Varlink(daemon) as link:
            link.ask("io.axond.List", more=True)
            replies = [link.reply()]
            for sock in socks:
                sock.close()
            while replies[-1].get("continues"):
                replies.append(link.reply())

        self.assertEqual(replies[-1]["parameters"]["components"][-1]["path"], "sink")
        axond.wait_for(lambda: daemon.ctl("status", json=True)["connections"]["now"] == 0)

    def test_head_ends_a_long_list(self):
        daemon = self.start()
        for _ in range(100):
            self.chat(daemon)

        done = subprocess.run(["sh", "-c", f"'{axond.AXONCTL}' -s '{daemon.control}' list | head -1"],
                              capture_output=True, text=True, timeout=axond.PATIENCE, check=True)

        self.assertTrue(done.stdout.startswith("PATH "))
        self.assertEqual(done.stderr, "")

    def test_show_is_one_component_in_full(self):
        daemon = self.start()
        self.chat(daemon)

        server = daemon.ctl("show", "server", json=True)
        lines = daemon.ctl("show", "shouting/1/lines", json=True)
        csa = daemon.ctl("show", "server/1", json=True)
        pipe = daemon.ctl("show", "pipe", json=True)
        text = daemon.ctl("show", "shouting/1/lines")

        self.assertEqual(server["address"], f"127.0.0.1:{daemon.port}")
        given = {p["name"]: p for p in server["parameters"]}
        self.assertEqual(given["listenport"],
                         {"name": "listenport", "value": str(daemon.port), "given": True,
                          "origin": f"{daemon.graph_path}:9"})
        self.assertFalse(given["idle_timeout"]["given"])
        self.assertEqual({s["name"]: s["value"] for s in server["statistics"]}["connections"], 1)
        self.assertEqual([o["destination"] for o in server["outboxes"]],
                         ["shouting.inbox", "shouting.control", "selector", "selector"])
        self.assertEqual(lines["parent"], "shouting")
        self.assertEqual(lines["inboxes"][0]["sources"], ["server/1.outbox"])
        self.assertEqual((lines["inboxes"][0]["messages"], lines["inboxes"][0]["bytes"]), (1, 6))
        self.assertEqual(lines["outboxes"][0]["destination"], "shouting/1/upper.inbox")
        self.assertIsNone(lines["outboxes"][-1]["destination"])
        self.assertRegex(csa["address"], r"^127\.0\.0\.1:\d+$")
        self.assertEqual(pipe["inboxes"][0]["passes_to"], "pipe/passthrough.inbox")
        self.assertTrue(pipe["outboxes"][0]["passes"])
        self.assertEqual(pipe["outboxes"][0]["destination"], "sink.inbox")
        self.assertEqual(pipe["children"], 2)
        self.assertRegex(text, r"(?m)^max_line +1KiB +\S+:4$")
        self.assertRegex(text, r"(?m)^inbox +0 B +256 KiB +block +\d+ B +1 +6 B +0 +0 s +server/1.outbox$")

    def test_linkages_count(self):
        daemon = self.start()
        self.chat(daemon)

        linkages = {l["from"]: l for l in daemon.ctl("linkages", json=True)["linkages"]}

        self.assertEqual(linkages["server.protocolHandlerSignal"]["to"], "shouting.inbox")
        self.assertEqual(linkages["shouting/1/upper.outbox"]["to"], "server/1.inbox")
        self.assertEqual(linkages["shouting/1/upper.outbox"]["bytes"], 6)
        self.assertEqual(linkages["pipe/puretransformer.outbox"]["to"], "sink.inbox")
        self.assertRegex(daemon.ctl("linkages", "server/*"),
                         r"(?m)^server/1\.outbox +shouting/1/lines\.inbox +1 +6 B +0 +0 s +0 B$")

    def test_graph_is_a_picture(self):
        daemon = self.start()
        self.chat(daemon)

        picture = daemon.ctl("graph", "--format", "json")
        deep = daemon.ctl("graph", "--connections", json=True)

        self.assertEqual([n["path"] for n in json.loads(picture)["nodes"]],
                         ["server", "shouting", "pipe", "pipe/passthrough", "pipe/puretransformer",
                          "sink"])
        self.assertIn({"from": "server/1", "outbox": "outbox", "to": "shouting/1/lines",
                       "inbox": "inbox"}, deep["edges"])
        self.assertIn('"pipe/puretransformer" -> "sink";', daemon.ctl("graph"))
        self.assertIn("flowchart LR", daemon.ctl("graph", "--format", "mermaid"))

    def test_types_and_describe_are_the_same_with_and_without_a_daemon(self):
        daemon = self.start()

        self.assertEqual(daemon.ctl("types"), daemon.ctl("types", "--no-daemon"))
        self.assertEqual(daemon.ctl("describe", "TCPServer", json=True),
                         daemon.ctl("describe", "TCPServer", "--no-daemon", json=True))
        self.assertRegex(daemon.ctl("describe", "TCPServer"), r"(?m)^idle_timeout +duration +0 +0s to 365d +in place  a conn")
        self.assertIn('did you mean "TCPServer"?', daemon.ctl("describe", "TCPSever", expect=1))
        self.assertIn('did you mean "TCPServer"?',
                      daemon.ctl("describe", "TCPSever", "--no-daemon", expect=1))
        for name in (t["name"] for t in daemon.ctl("types", json=True)["types"]):
            self.assertIn(name, daemon.ctl("describe", name))

    def test_a_wrong_path_gets_a_suggestion(self):
        daemon = self.start()
        self.chat(daemon)

        for command, path, meant in (("show", "sever", "server"),
                                     ("show", "shouting/1/line", "shouting/1/lines"),
                                     ("show", "shoutin/1/lines", "shouting/1/lines"),
                                     ("restart", "shouting/1", "shouting/1/lines"),
                                     ("tap", "server.signl", "server.signal"),
                                     ("tap", "sever.signal", "server.signal"),
                                     ("stop", "server.signal", "server")):
            self.assertIn(f'did you mean "{meant}"?', daemon.ctl(command, path, expect=1))
        self.assertNotIn("did you mean", daemon.ctl("show", "server/2", expect=1))
        self.assertNotIn("did you mean", daemon.ctl("show", "", expect=1))
        self.assertNotIn("did you mean", daemon.ctl("show", "x" * 5000, expect=1))

    # ---- reload

    def test_check_says_what_a_reload_would_say(self):
        daemon = self.start()
        self.assertIn("sound: 6 components", daemon.ctl("check"))

        daemon.write(SHOUT.replace("max_line", "max_lin"))
        text = daemon.ctl("check", expect=1)

        self.assertIn(f'{daemon.graph_path}:4:33: error: LineFramer has no parameter "max_lin"; '
                      'did you mean "max_line"?', text)
        self.assertIn("    4 |       lines: {type: LineFramer, max_lin: 1KiB}\n", text)
        self.assertIn("      |                                 ^~~~~~~\n", text)
        other = daemon.directory / "other.yaml"
        other.write_text("components: {a: {type: NullSink}}\n")
        self.assertIn("sound: 1 components", daemon.ctl("check", other))

    def test_reload_says_what_changed_and_keeps_connections(self):
        daemon = self.start()
        sock = self.chat(daemon)
        daemon.write(SHOUT.replace("max_line: 1KiB", "max_line: 2KiB").replace(
            "  sink:", "  more: {type: NullSink}\n  sink:"))

        dry = daemon.ctl("reload", "--dry-run", json=True)
        wet = daemon.ctl("reload")

        self.assertEqual({k: dry[k] for k in ("generation", "added", "removed", "changed", "unchanged")},
                         {"generation": 1, "added": 1, "removed": 0, "changed": 1, "unchanged": 5})
        self.assertEqual(dry["changes"], [
            {"path": "shouting", "change": "changed", "why": "protocol: shout has changed"},
            {"path": "more", "change": "added", "why": None}])
        self.assertEqual(wet.splitlines(), ["~ shouting (changed): protocol: shout has changed", "+ more",
                                            "generation 2: 1 added, 0 removed, 1 changed, 5 unchanged"])
        sock.sendall(b"still there\n")
        self.assertEqual(axond.receive(sock, 12), b"STILL THERE\n")
        other = self.chat(daemon)
        text = daemon.ctl("status")
        self.assertIn("done: generation 2", text)
        self.assertIn("1 connection of earlier graphs is still open", text)
        listed = {c["path"]: (c["state"], c["earlier"]) for c in daemon.ctl("list", json=True)["components"]}
        self.assertEqual(listed["server"], ("running", False))
        self.assertEqual(listed["shouting/1/lines"], ("running", True))
        self.assertEqual(listed["shouting/2/lines"], ("running", False))
        self.assertRegex(daemon.ctl("list"), r"shouting/1/lines +LineFramer +running, earlier ")
        daemon.write(SHOUT)
        daemon.ctl("reload")
        self.assertIn("2 connections of earlier graphs are still open", daemon.ctl("status"))
        other.close()
        sock.close()
        axond.wait_for(lambda: "earlier" not in daemon.ctl("status"))

    def test_reload_says_which_linkages_are_others(self):
        daemon = self.start()
        daemon.write(SHOUT.replace("  - pipe -> sink\n", ""))

        self.assertEqual(daemon.ctl("reload", "--dry-run"),
                         "~ pipe (re-linked): outbox leads to nowhere, not sink.inbox; signal leads to nowhere, "
                         "not sink.control\n"
                         "still generation 1: 0 added, 0 removed, 0 changed, 1 re-linked, 5 unchanged\n")

    def test_a_bad_reload_changes_nothing(self):
        daemon = self.start()
        sock = self.chat(daemon)
        daemon.write(SHOUT.replace("- server -> shouting", "- server -> shoutin"))

        text = daemon.ctl("reload", expect=1)

        self.assertRegex(text, r'graph.yaml:\d+:\d+: error: .*did you mean "shouting"\?')
        self.assertIn("the graph runs on as it was", text)
        self.assertIn("refused: 1 error: ", daemon.ctl("status"))
        sock.sendall(b"still there\n")
        self.assertEqual(axond.receive(sock, 12), b"STILL THERE\n")

    def test_a_reload_that_cannot_start_changes_nothing(self):
        daemon = self.start()
        sock = self.chat(daemon)
        with socket.create_server(("127.0.0.1", axond.free_port())) as taken:
            port = taken.getsockname()[1]
            daemon.write(SHOUT.replace("linkages:\n  - server", "  second: {type: TCPServer, host: "
                                       f"127.0.0.1, listenport: {port}}}\nlinkages:\n  - "
                                       "second -> shouting\n  - server", 1))
            text = daemon.ctl("reload", expect=1)

        self.assertIn("second could not start: ", text)
        self.assertIn("everything is as it was", text)
        self.assertEqual(daemon.ctl("status", json=True)["generation"], 1)
        sock.sendall(b"still there\n")
        self.assertEqual(axond.receive(sock, 12), b"STILL THERE\n")
        self.chat(daemon)

    # ---- tap and events

    def test_tap_shows_messages_as_they_pass(self):
        daemon = self.start()
        sock = self.chat(daemon)

        with daemon.ctl_stream("tap", "shouting/1/upper", "--count", "4") as tap, \
                daemon.ctl_stream("tap", "server/1.inbox", "--count", "1", "--format", "hex") as hexed, \
                daemon.ctl_stream("tap", "server/1.outbox", "--count", "1", "--format", "json") as jsoned:
            for stream in (tap, hexed, jsoned):
                stream.wait_line("tapping")
            sock.sendall(b"hi\xff\n")
            axond.receive(sock, 4)
            sock.sendall(b"there\n")
            axond.receive(sock, 6)
            self.assertEqual([stream.wait() for stream in (tap, hexed, jsoned)], [0, 0, 0])

        clock, peer = r"\d\d:\d\d:\d\d\.\d\d\d shouting/1/upper", "  %s:%d" % sock.getsockname()
        self.assertRegex(tap.stdout, f"^{clock}.inbox{peer}  4 B  hi\\\\xff\\\\n\n{clock}.outbox{peer}  4 B  "
                         f"HI\\\\xff\\\\n\n{clock}.inbox{peer}  6 B  there\\\\n\n"
                         f"{clock}.outbox{peer}  6 B  THERE\\\\n\n$")
        self.assertIn("48 49 ff 0a", hexed.stdout)
        message = json.loads(jsoned.stdout)
        self.assertEqual((message["path"], message["box"], message["connection"], message["size"],
                          message["data"], message["encoding"], message["lost"]),
                         ("server/1", "outbox", 1, 4, "aGn/Cg==", "base64", 0))

    def test_tap_of_what_only_passes_on_looks_behind_it(self):
        daemon = self.start()

        with daemon.ctl_stream("tap", "pipe.outbox", "--count", "1") as tap:
            tap.wait_line("tapping")
            daemon.ctl("send", "pipe.inbox", "LOUD")
            tap.wait()

        self.assertIn("pipe/puretransformer.outbox  4 B  loud", tap.stdout)

    def test_tap_ends_with_the_connection(self):
        daemon = self.start()
        sock = self.chat(daemon)

        with daemon.ctl_stream("tap", "shouting/1") as tap:
            tap.wait_line("tapping")
            sock.close()
            self.assertEqual(tap.wait(), 0)

        self.assertRegex(tap.stdout, r"shouting/1/lines\.control  \S+  producerFinished")

    def test_a_tap_that_does_not_keep_up_loses_and_slows_nobody(self):
        daemon = self.start()
        sock = self.chat(daemon)
        with Varlink(daemon) as link:
            link.ask("io.axond.Tap", more=True, path="shouting/1/upper.inbox")
            self.assertEqual(link.reply()["parameters"]["kind"], "started")

            for _ in range(3000):
                sock.sendall(b"x" * 999 + b"\n")
                self.assertEqual(len(axond.receive(sock, 1000)), 1000)
            told = lost = 0
            while link.has_more(daemon):
                message = link.reply()["parameters"]
                told += 1
                lost += message["lost"]
            sock.sendall(b"last\n")
            message = link.reply()["parameters"]

        self.assertEqual(message["data"], "last\n")
        self.assertGreater(lost + message["lost"], 0)
        self.assertEqual(told + lost + message["lost"], 3000)

    def test_events_tell_what_happens(self):
        daemon = self.start()

        with daemon.ctl_stream("events") as events, daemon.ctl_stream("events", "--json") as raw:
            events.wait_line("waiting for events")
            raw.wait_line("waiting for events")
            daemon.ctl("log-level", "debug")
            daemon.write(SHOUT.replace("pipe ->", "pip ->"))
            daemon.ctl("reload", expect=1)
            daemon.write(SHOUT.replace("NullSink", "Discard"))
            daemon.ctl("reload")
            daemon.ctl("stop", "pipe")
            events.wait_line("component_stopped  sink", "stdout")
            daemon.stop()
            events.wait()
            raw.wait()

        for line in ("log_level  debug", "reload_started", "reload_failed  1 error",
                     "component_started  sink: Discard", "component_stopped  sink", "reload_done  generation 2",
                     "component_stopped  pipe/passthrough", "draining  ", "stopping  the daemon ends"):
            self.assertIn(line, events.stdout)
        self.assertIn("log_level", [json.loads(line)["kind"] for line in raw.stdout.splitlines()])

    # ---- what changes something

    def test_send_puts_messages_into_inboxes(self):
        daemon = self.start()

        self.assertEqual(daemon.ctl("send", "pipe.inbox", "text"), "")
        daemon.ctl("send", "pipe.inbox", "\udcff")  # the byte 0xff
        self.assertIn("takes notices", daemon.ctl("send", "pipe.control", "text", expect=1))
        self.assertIn('did you mean "pipe.inbox"?', daemon.ctl("send", "pipe", "text", expect=1))
        self.assertIn("is an outbox", daemon.ctl("send", "pipe.outbox", "text", expect=1))
        self.assertIn("takes connections",
                      daemon.ctl("send", "shouting.inbox", "text", expect=1))
        daemon.ctl("send", "pipe.control", "--notice", "newCSA", expect=64)
        sink = daemon.ctl("show", "sink", json=True)["inboxes"][0]
        self.assertEqual((sink["messages"], sink["bytes"]), (2, 5))
        with Varlink(daemon) as link:
            for notice in ("newCSA", "newReader", "removeWriter", "data", "nonsense"):
                self.assertEqual(link.call("io.axond.Send", path="pipe.control", notice=notice)["error"],
                                 "org.varlink.service.InvalidParameter")
            self.assertEqual(link.call("io.axond.Send", path="pipe.inbox", data="%", encoding="base64")
                             ["error"], "org.varlink.service.InvalidParameter")
        daemon.ctl("send", "pipe.control", "--notice", "producerFinished")
        axond.wait_for(lambda: daemon.ctl("show", "sink", json=True)["state"] == "stopped")
        self.assertIn("not running", daemon.ctl("send", "pipe.inbox", "text", expect=1))

    def test_send_does_not_fill_beyond_the_bound(self):
        daemon = self.start("""\
            components:
              server: {type: TCPServer, host: 127.0.0.1, listenport: "${PORT}"}
              handler: {type: ProtocolHandler, protocol: EchoProtocol}
            linkages: [server -> handler]
            """)
        sock = daemon.connect()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        axond.wait_for(lambda: daemon.ctl("list", "server/1", json=True)["components"])

        with Varlink(daemon) as link:
            answer = {}
            for _ in range(2000):
                answer = link.call("io.axond.Send", path="server/1.inbox", data="x" * 60000)
                if "error" in answer:
                    break

        self.assertEqual(answer["error"], "io.axond.BoxFull")
        self.assertEqual(answer["parameters"]["unit"], "bytes")

    def test_stop_ends_a_connection(self):
        daemon = self.start()
        sock, other = self.chat(daemon), self.chat(daemon)

        self.assertEqual(daemon.ctl("stop", "server/1"), "")
        self.assertEqual(axond.receive_all(sock), b"")
        self.assertEqual(daemon.ctl("stop", "shouting/2"), "")
        self.assertEqual(axond.receive_all(other), b"")

        axond.wait_for(lambda: daemon.ctl("status", json=True)["connections"]["now"] == 0)
        self.chat(daemon)

    def test_stop_ends_a_component_before_it_answers(self):
        daemon = self.start()

        daemon.ctl("stop", "pipe")

        self.assertEqual(daemon.ctl("show", "pipe", json=True)["state"], "stopped")
        self.assertIn("pipe has ended already", daemon.ctl("stop", "pipe", expect=1))
        daemon.ctl("show", "pipe")
        self.chat(daemon)

    def test_stopping_all_that_runs_ends_the_daemon(self):
        daemon = self.start("components: {alone: {type: NullSink}}\n")

        self.assertEqual(daemon.ctl("stop", "alone"), "")

        daemon.wait(0)

    def test_drain_lets_a_servers_connections_end(self):
        daemon = self.start()
        sock = self.chat(daemon)

        self.assertEqual(daemon.ctl("drain", "server"), "draining: 1 connection left\n")

        with self.assertRaises(ConnectionRefusedError):
            axond.connect(daemon.port)
        self.assertIn("server: no longer listening", daemon.ctl("status"))
        sock.sendall(b"still there\n")
        self.assertEqual(axond.receive(sock, 12), b"STILL THERE\n")
        sock.close()
        axond.wait_for(lambda: daemon.ctl("show", "server", json=True)["state"] == "stopped")

    def test_drain_of_all_ends_the_daemon_with_the_last_connection(self):
        daemon = self.start()
        sock = self.chat(daemon)

        with daemon.ctl_stream("drain", "--wait") as drain:
            drain.wait_line("1 connection left; the daemon ends with the last component", "stdout")
            self.assertIn("draining for", daemon.ctl("status"))
            self.assertIn("takes no new graph", daemon.ctl("reload", expect=1))
            self.assertIn("1 connection left", daemon.ctl("drain"))  # again: no harm
            sock.sendall(b"still there\n")
            self.assertEqual(axond.receive(sock, 12), b"STILL THERE\n")
            sock.close()
            self.assertEqual(drain.wait(), 0)

        self.assertIn("0 connections left", drain.stdout)
        daemon.wait(0)

    def test_sigterm_while_draining_still_gives_time(self):
        daemon = self.start("daemon: {drain_timeout: 10min}\n" + SHOUT)
        sock = self.chat(daemon)
        daemon.ctl("drain")

        daemon.signal(signal.SIGTERM)
        axond.wait_for(lambda: daemon.notified("STOPPING=1"))
        sock.sendall(b"still there\n")
        self.assertEqual(axond.receive(sock, 12), b"STILL THERE\n")
        sock.close()

        daemon.wait(0)

    def test_log_level_is_shown_and_set(self):
        daemon = self.start()

        self.assertEqual(daemon.ctl("log-level"), "info\n")
        self.assertEqual(daemon.ctl("log-level", "debug", json=True), {"level": "debug"})
        self.assertEqual(daemon.ctl("log-level"), "debug\n")
        daemon.ctl("log-level", "loud", expect=64)

    @unittest.skipUnless(os.geteuid() == 0, "only root can be somebody else")
    def test_others_may_look_and_not_touch(self):
        setpriv = self.need("setpriv")
        daemon = self.start("daemon: {control: {mode: \"0666\"}}\n" + SHOUT)
        daemon.directory.chmod(0o755)
        place = self.directory()
        place.chmod(0o755)
        shutil.copy(axond.AXONCTL, place / "axonctl")

        def ctl(*words):
            return axond.run(setpriv, "--reuid=65534", "--regid=65534", "--clear-groups",
                             place / "axonctl", "-s", daemon.control, *words)

        for words in (["status"], ["list"], ["show", "server"], ["check"], ["log-level"]):
            self.assertEqual(ctl(*words).returncode, 0, words)
        for words in (["stop", "pipe"], ["restart", "pipe"], ["drain"], ["reload"], ["reload", "--dry-run"],
                      ["send", "pipe.inbox", "x"], ["log-level", "debug"],
                      ["check", daemon.graph_path]):
            done = ctl(*words)
            self.assertEqual(done.returncode, 1, words)
            self.assertIn("no permission", done.stderr)
        self.assertEqual(daemon.ctl("status", json=True)["generation"], 1)

    # ---- clients that do harm

    def test_what_is_not_varlink_harms_nobody(self):
        daemon = self.start()
        half = Varlink(daemon)
        half.sock.sendall(b'{"method": "io.axond.Sta')
        nothing = Varlink(daemon)

        for garbage in (b"\0", b"GET / HTTP/1.1\r\n\r\n\0", b"[]\0", b"{}\0", b"\xff\xfe\0",
                        b'{"method": 7}\0', b"[" * 100000 + b"\0"):
            with Varlink(daemon) as link:
                link.sock.sendall(garbage)
                self.assertRaises((EOFError, ConnectionResetError), link.reply)
        with Varlink(daemon) as link, self.assertRaises((BrokenPipeError, ConnectionResetError)):
            for _ in range(100):
                link.sock.sendall(b"x" * (1 << 20))  # 100 MB, if it were let

        self.assertLess(daemon.rss(), (400 if axond.SANITIZED else 60) << 20)
        self.chat(daemon)
        daemon.ctl("status")
        half.sock.close()
        nothing.sock.close()

    def test_wrong_calls_get_varlinks_own_errors(self):
        daemon = self.start()
        with Varlink(daemon) as link:
            for method, parameters, error in (
                    ("io.axond.Nonsense", {}, "MethodNotFound"),
                    ("io.nobody.Status", {}, "InterfaceNotFound"),
                    ("io.axond.Show", {}, "InvalidParameter"),
                    ("io.axond.Show", {"path": 7}, "InvalidParameter"),
                    ("io.axond.Status", {"extra": 1}, "InvalidParameter"),
                    ("io.axond.Tap", {"path": "server"}, "ExpectedMore"),
                    ("io.axond.Events", {}, "ExpectedMore")):
                self.assertEqual(link.call(method, **parameters)["error"],
                                 "org.varlink.service." + error)
            description = link.call("org.varlink.service.GetInterfaceDescription", interface="io.axond")
            self.assertIn("method Status()", description["parameters"]["description"])
            link.ask("io.axond.Tap", more=True, path="server", count=0)
            self.assertEqual(link.reply()["parameters"], {"parameter": "count"})

    def test_a_slow_reader_of_events_is_cut_off(self):
        graph = SHOUT.replace("  sink:", "".join(
            f"  more{i}: {{type: %s}}\n" for i in range(2000)) + "  sink:")
        daemon = self.start(graph.replace("%s", "NullSink"))
        with Varlink(daemon) as link:
            link.ask("io.axond.Events", more=True)
            link.reply()

            for type in ["Discard", "NullSink"] * 4:
                daemon.write(graph.replace("%s", type))
                daemon.ctl("reload", json=True)

            with self.assertRaises((EOFError, ConnectionResetError)):
                while True:
                    link.reply()
        daemon.ctl("status")

    def test_no_daemon_is_69_and_wrong_usage_64(self):
        nowhere = self.directory() / "nowhere.sock"

        self.assertEqual(axond.axonctl("-s", nowhere, "status").returncode, 69)
        self.assertEqual(axond.axonctl("-s", nowhere, "statis").returncode, 64)
        self.assertEqual(axond.axonctl("-s", nowhere, "show").returncode, 64)
        self.assertEqual(axond.axonctl("-s", nowhere, "types", "--no-daemon").returncode, 0)

    # ---- the socket

    def test_the_file_says_where_the_socket_is_and_who_may_open_it(self):
        place = self.directory() / "own.sock"
        graph = self.directory() / "graph.yaml"
        graph.write_text(f'daemon: {{control: {{path: {place}, mode: "0600"}}}}\n'
                         + SHOUT.replace('"${PORT}"', str(axond.free_port())))

        with axond.Process(axond.AXOND, graph) as daemon:
            daemon.wait_line("running ")
            self.assertEqual(axond.axonctl("-s", place, "status").returncode, 0)
            self.assertEqual(place.stat().st_mode & 0o777, 0o600)
            graph.write_text(graph.read_text().replace("0600", "0666"))
            axond.axonctl("-s", place, "reload", check=True)
            daemon.wait_line("take a restart")
            daemon.signal(signal.SIGTERM)
            self.assertEqual(daemon.wait(), 0)

        self.assertFalse(place.exists())

    def test_a_named_socket_that_cannot_be_had_is_no_start(self):
        graph = self.directory() / "graph.yaml"
        graph.write_text("components: {a: {type: NullSink}}\n")

        done = axond.axond("-s", "/nowhere/control.sock", graph)

        self.assertEqual(done.returncode, 71)
        self.assertIn("the folder /nowhere does not exist", done.stderr)


if __name__ == "__main__":
    axond.main()
