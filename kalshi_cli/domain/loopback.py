"""Which hosts are this machine."""

import ipaddress


def is_loopback(host: str | None) -> bool:
    """Whether a host is this machine, by its number or as `localhost`."""
    if host == "localhost":
        return True
    try:
        return host is not None and ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
