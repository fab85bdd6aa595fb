"""Graphs that several tests start from."""

ECHO = """\
components:
  server: {type: TCPServer, host: 127.0.0.1, listenport: "${PORT}"}
  echo: {type: ProtocolHandler, protocol: EchoProtocol}
linkages:
  - server -> echo
"""


def audited(audit):
    """Each connection's lines go to it again, and to one component for all."""
    return """\
graphs:
  audited:
    components:
      lines: {type: LineFramer}
      copy: {type: TwoWaySplitter}
    linkages:
      - self -> lines -> copy -> self
      - copy.outbox2 -> /audit.inbox
components:
  server: {type: TCPServer, host: 127.0.0.1, listenport: "${PORT}"}
  visitors: {type: ProtocolHandler, protocol: audited}
  audit: %s
linkages:
  - server -> visitors
""" % audit
