"""Metrics: what Prometheus scrapes, by axonctl and over HTTP, with the tools that people use."""

import collections
import re
import socket
import subprocess

import axond

GRAPH = """
components:
  server: {type: TCPServer, host: 127.0.0.1, listenport: "${PORT}"}
  echo:
    type: ProtocolHandler
    protocol:
      type: Pipeline
      components:
        - {type: LineFramer, name: lines, boxes: {inbox: {time_in_queue: true}}}
        - {type: EchoProtocol, name: back}
  metrics: {type: MetricsServer, port: "${METRICS_PORT}"}
linkages:
  - server -> echo
"""
SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-z_]+="(?:[^"\\]|\\.)*",?)*)\})? (\S+)')


def parse(text):
    """Values by name and labels, as in 'name{a="1"}'; every line has to be in order."""
    values = {}
    family = None
    for line in text.splitlines():
        if line.startswith("# "):
            if line.startswith("# TYPE "):
                family = line.split()[2]
            continue
        match = SAMPLE.fullmatch(line)
        assert match is not None, line
        assert family is not None and match[1].startswith(family), f"{line} in the family {family}"
        key = line.rpartition(" ")[0]
        assert key not in values, f"{key} is there twice"
        values[key] = float(match[3])
    return values


class Metrics(axond.TestCase):
    def start(self, graph=GRAPH, **more):
        self.port = axond.free_port()
        return axond.Axond(graph, env={"METRICS_PORT": str(self.port)}, **more)

    def curl(self, *words, path="/metrics"):
        done = axond.run(self.need("curl"), "-sS", *words, f"http://127.0.0.1:{self.port}{path}")
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def values(self):
        return parse(self.curl())

    def wait_value(self, key, value):
        axond.wait_for(lambda: self.values().get(key) == value, f"{key} to be {value}")

    def promtool(self, text):
        """What promtool finds wrong with it."""
        done = subprocess.run([self.need("promtool"), "check", "metrics"], input=text, text=True,
                              capture_output=True, timeout=axond.PATIENCE)
        return done.returncode, done.stdout + done.stderr


class Text(Metrics):
    def test_promtool_has_nothing_to_say(self):
        with self.start() as daemon:
            self.assertEqual(daemon.ask(b"hello\nworld\n"), b"hello\nworld\n")
            for text in daemon.ctl("metrics"), self.curl():
                self.assertEqual(self.promtool(text), (0, ""), text)

    def test_promtool_would_have_something_to_say(self):
        status, text = self.promtool("# HELP axond_x_total x\n# TYPE axond_x_total gauge\naxond_x_total 1\n")

        self.assertNotEqual(status, 0, text)

    def test_openmetrics_is_what_its_own_parser_takes(self):
        with self.start() as daemon:
            self.assertEqual(daemon.ask(b"hello\nworld\n"), b"hello\nworld\n")
            text = daemon.ctl("metrics", "--format", "openmetrics")
        self.assertTrue(text.endswith("\n# EOF\n"))
        try:
            from prometheus_client.openmetrics import parser
        except ImportError:
            self.skipTest("python3-prometheus-client is not installed")
        self.assertGreater(len(list(parser.text_string_to_metric_families(text))), 20)

    def test_axonctl_prints_it_as_json_too(self):
        with self.start() as daemon:
            self.assertIn("axond_connections", parse(daemon.ctl("metrics", json=True)["text"]))


class Counters(Metrics):
    LINES = 'axond_linkage_bytes_total{component="echo/*/lines",type="LineFramer",outbox="outbox"}'
    SERVER = 'axond_linkage_bytes_total{component="server/*",type="ConnectedSocketAdapter",outbox="outbox"}'
    RUNNING = 'axond_component_running{component="echo/*/lines",type="LineFramer"}'
    ACCEPTED = 'axond_tcp_server_accepted_connections_total{component="server",type="TCPServer"}'

    def test_connections_are_summed_up_by_their_definition(self):
        with self.start() as daemon:
            for i in range(20):
                self.assertEqual(daemon.ask(b"12345\n"), b"12345\n")
            with daemon.connect() as sock:
                sock.sendall(b"1234567\n")
                self.assertEqual(axond.receive(sock, 8), b"1234567\n")
                values = self.values()
                self.assertEqual(values[self.LINES], 20 * 6 + 8)
                self.assertEqual(values[self.SERVER], 20 * 6 + 8)
                self.assertEqual(values[self.RUNNING], 1)
                self.assertEqual(values[self.ACCEPTED], 21)
            self.wait_value(self.RUNNING, 0)
            values = self.values()
            self.assertEqual(values[self.LINES], 20 * 6 + 8)
            components = collections.Counter(re.findall(r'component="([^"]*)"', "\n".join(values)))
            self.assertFalse([name for name in components if re.search(r"\d", name)])

    def test_nothing_goes_back_whatever_comes_and_goes(self):
        with self.start() as daemon:
            before = {}
            for i in range(30):
                with daemon.connect() as sock:
                    sock.sendall(b"x\n")
                    self.assertEqual(daemon.ask(b"12345\n"), b"12345\n")
                    if i % 10 == 9:
                        daemon.ctl("reload")
                    values = self.values()
                self.assertEqual(before.keys() - values.keys(), set())
                back = [key for key in before if re.search(r"_(total|count|bucket)\b", key) and values[key] < before[key]]
                self.assertEqual(back, [])
                before = values
            axond.wait_for(lambda: self.values()[self.LINES] >= 30 * 6, "all to be counted")

    def test_time_in_queue_is_a_histogram(self):
        with self.start() as daemon:
            self.assertEqual(daemon.ask(b"hello\n"), b"hello\n")
            values = self.values()
            labels = 'component="echo/*/lines",type="LineFramer",inbox="inbox"'
            self.assertGreaterEqual(values[f"axond_inbox_wait_seconds_count{{{labels}}}"], 1)
            self.assertEqual(values[f'axond_inbox_wait_seconds_bucket{{{labels},le="+Inf"}}'],
                             values[f"axond_inbox_wait_seconds_count{{{labels}}}"])
            self.assertFalse([key for key in values if "wait_seconds" in key and "lines" not in key])

    def test_a_refused_reload_shows(self):
        with self.start() as daemon:
            self.assertEqual(self.values()["axond_last_reload_successful"], 1)
            daemon.write("components: {x: {type: Nothing}}\n")
            daemon.ctl("reload", expect=1)
            values = self.values()
            self.assertEqual(values["axond_last_reload_successful"], 0)
            self.assertGreater(values["axond_last_reload_timestamp_seconds"], 0)
            self.assertGreater(values["process_resident_memory_bytes"], 1 << 20)


class Http(Metrics):
    def test_the_format_is_negotiated(self):
        with self.start():
            plain = self.curl("-D", "-")
            new = self.curl("-D", "-", "-H", "Accept: application/openmetrics-text;version=1.0.0;q=0.75,text/plain;q=0.5")
            self.assertIn("\nContent-Type: text/plain; version=0.0.4; charset=utf-8\n", plain)
            self.assertIn("\nContent-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\n", new)
            self.assertTrue(new.endswith("\n# EOF\n"))
            self.assertNotIn("# EOF", plain)

    def test_other_paths_and_methods_are_refused(self):
        with self.start():
            status = ["-o", "/dev/null", "-w", "%{http_code}"]
            self.assertEqual(self.curl(*status), "200")
            self.assertEqual(self.curl(*status, "--head"), "200")
            self.assertEqual(self.curl(*status, path="/"), "404")
            self.assertEqual(self.curl(*status, "-d", "x=1"), "405")
            self.assertEqual(self.curl(*status, "-X", "DELETE"), "405")

    def test_one_connection_serves_many_requests(self):
        with self.start():
            url = f"http://127.0.0.1:{self.port}/metrics"
            text = self.curl("-o", "/dev/null", "-w", "%{num_connects}\n", url, url, "-o", "/dev/null", "-o", "/dev/null")
            self.assertEqual(text, "1\n0\n0\n")

    def test_who_has_ended_sending_is_answered(self):
        with self.start():
            with axond.connect(self.port) as sock:
                sock.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
                sock.shutdown(socket.SHUT_WR)
                answer = axond.receive_all(sock)
            self.assertTrue(answer.startswith(b"HTTP/1.1 200 OK\r\n"))
            head, _, body = answer.partition(b"\r\n\r\n")
            self.assertEqual(int(re.search(rb"Content-Length: (\d+)", head)[1]), len(body))

    def test_many_who_ask_and_do_not_read_cost_little(self):
        """They share the text, and more than 32 wait in the backlog."""
        with self.start() as daemon:
            self.values()
            before = daemon.rss()
            socks = [axond.connect(self.port) for _ in range(32)]
            for sock in socks:
                sock.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n" * 100)
            key = 'axond_tcp_server_connections{component="metrics/server",type="TCPServer"}'
            axond.wait_for(lambda: parse(daemon.ctl("metrics"))[key] == 32, "all to be connected")
            if not axond.SANITIZED:
                self.assertLess(daemon.rss() - before, 64 << 20)
            for sock in socks:
                sock.close()
            self.wait_value(key, 1)


class Many(Metrics):
    def test_ten_thousand_components_are_summed_up_beyond_two_thousand(self):
        graph = "components:\n" + "".join(f"  c{i}: {{type: NullSink}}\n" for i in range(10000)) + """\
  source: {type: DataSource, messages: [x]}
  metrics: {type: MetricsServer, port: "${METRICS_PORT}"}
linkages: [source -> c0]
"""
        with self.start(graph) as daemon:
            text = self.curl()
            values = parse(text)
            running = {key: value for key, value in values.items() if key.startswith("axond_component_running{")}
            self.assertEqual(sum(value for key, value in running.items() if "NullSink" in key), 9999)
            self.assertGreater(running['axond_component_running{component="*",type="NullSink"}'], 7000)
            self.assertLess(len(text), 2 << 20)
            self.assertEqual(daemon.ctl("metrics").count("# TYPE"), text.count("# TYPE"))


axond.main()
