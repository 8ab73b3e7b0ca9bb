"""No network but loopback, for the process that tests run in and for those forked for them."""

import ipaddress
import socket
from collections.abc import Callable
from typing import Any

LOCAL_NAMES = frozenset({"", "localhost", "ip6-localhost", "ip6-loopback"})


class NetworkForbidden(AssertionError):
    """A test reached for a host that is not this machine."""


def is_local(host: object) -> bool:
    """Whether a host, by name or by number, is this machine."""
    name = host.decode() if isinstance(host, bytes) else host
    if name is None or name in LOCAL_NAMES:
        return True
    try:
        return ipaddress.ip_address(str(name).partition("%")[0]).is_loopback
    except ValueError:
        return False


def _check(family: int, address: Any) -> None:
    if family in {socket.AF_INET, socket.AF_INET6} and not is_local(address[0]):
        raise NetworkForbidden(f"Tests talk to loopback only, not to {address!r}.")


def stay_on_loopback(put: Callable[[Any, str, Any], object]) -> None:
    """Refuse connections, datagrams and name look-ups that would leave this machine.

    `put` is `setattr`, or that of pytest's monkeypatch.
    """
    plain = socket.socket
    connect, connect_ex, sendto = plain.connect, plain.connect_ex, plain.sendto
    resolve = socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        _check(self.family, address)
        return connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        _check(self.family, address)
        return connect_ex(self, address)

    def guarded_sendto(self: socket.socket, data: Any, *rest: Any) -> int:
        _check(self.family, rest[-1])
        return sendto(self, data, *rest)

    def guarded_resolve(host: Any, *rest: Any, **options: Any) -> Any:
        if not is_local(host):
            raise NetworkForbidden(f"Tests resolve no names but this machine's, not {host!r}.")
        return resolve(host, *rest, **options)

    put(plain, "connect", guarded_connect)
    put(plain, "connect_ex", guarded_connect_ex)
    put(plain, "sendto", guarded_sendto)
    put(socket, "getaddrinfo", guarded_resolve)
