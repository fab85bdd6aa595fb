"""Speaks Varlink with the daemon, one message at a time, as axonctl would not.

    with Varlink(daemon) as link:
        link.call("io.axond.Show", path="server")["parameters"]
"""

import json

import axond


class Varlink:
    """A connection of the control socket, below axonctl."""

    def __init__(self, daemon, timeout=None):
        self.sock = axond.connect(daemon.control, timeout)
        self.rest = b""

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self.sock.close()

    def ask(self, method, more=False, **parameters):
        request = {"method": method, "parameters": parameters}
        if more:
            request["more"] = True
        self.sock.sendall(json.dumps(request).encode() + b"\0")

    def reply(self):
        while b"\0" not in self.rest:
            chunk = self.sock.recv(1 << 16)
            if not chunk:
                raise EOFError
            self.rest += chunk
        message, _, self.rest = self.rest.partition(b"\0")
        return json.loads(message)

    def has_more(self, daemon):
        """Whether there is another reply, or will be though nothing happens any more."""
        if not self.has_reply():
            daemon.wait_rest()
        return self.has_reply()

    def has_reply(self):
        """Whether there is something to read, or the daemon has closed the connection."""
        return b"\0" in self.rest or axond.has_more(self.sock)

    def replies(self):
        """All the replies of a call that was asked with more=True."""
        while True:
            reply = self.reply()
            yield reply
            if not reply.get("continues"):
                return

    def call(self, method, **parameters):
        self.ask(method, **parameters)
        return self.reply()
