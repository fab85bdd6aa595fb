"""A network of the benchmark's own: a namespace with nothing but its loopback device, where TCP does
not pace.

Debian's TCP has CUBIC; a machine may have been given BBR, which does.  RESULTS.md tells what that did
to figures.
"""

import contextlib
import ctypes
import fcntl
import os
import socket
import struct

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000  # sched.h
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1  # netdevice(7)

CONGESTION_CONTROL = "/proc/sys/net/ipv4/tcp_congestion_control"
NOT_PACED = ("cubic", "reno")  # what may be set is up to the machine; on loopback they do the same


def write(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def unshare():
    """unshare(2).  Whoever is not root needs a namespace of users, in which he stays who he is."""
    uid, gid = os.geteuid(), os.getegid()
    flags = CLONE_NEWNET | (CLONE_NEWUSER if uid != 0 else 0)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(flags) == -1:
        raise OSError(ctypes.get_errno(), "unshare")
    if uid != 0:
        write("/proc/self/setgroups", "deny")
        write("/proc/self/uid_map", f"{uid} {uid} 1")
        write("/proc/self/gid_map", f"{gid} {gid} 1")


def bring_up(device):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", device.encode(), 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(any_socket, SIOCGIFFLAGS, request))[1]
        request = struct.pack("16sh14x", device.encode(), flags | IFF_UP)
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, request)


def congestion_control():
    with contextlib.suppress(OSError), open(CONGESTION_CONTROL, encoding="ascii") as file:
        return file.read().strip()
    return "unknown"


def move():
    unshare()
    bring_up("lo")


def refusal():
    """Why move() would fail, or None.  A child tries it: whoever gets halfway has no network at all."""
    child = os.fork()
    if child == 0:
        try:
            move()
        except OSError as error:
            os._exit(error.errno)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return os.strerror(status) if status != 0 else None


def enter():
    """This process and its children.  Returns what is to be said of it beside the figures."""
    why = refusal()
    if why is not None:
        return f"TCP congestion control {congestion_control()}; no network of our own: {why}"
    move()
    for name in NOT_PACED:
        with contextlib.suppress(OSError):
            write(CONGESTION_CONTROL, name)
            break
    return f"TCP congestion control {congestion_control()}, in a network of our own"
