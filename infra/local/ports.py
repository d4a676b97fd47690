import random
import socket
from pathlib import Path

LOOPBACK = "127.0.0.1"
_LOWEST, _HIGHEST_DEFAULT = 20_000, 32_767
_ATTEMPTS = 200


def is_free(port: int) -> bool:
    """Whether a listener could bind `port` on the loopback address now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """Return a port that nobody listens on, below the range that the kernel gives to outgoing connections.

    A port from that range may be taken, while our broker is down, by a client's own attempt to reach the broker
    (the kernel may choose source = destination, and the client then speaks to itself); the broker could not come back.
    Raises OSError when no free port is found.
    """
    for port in random.SystemRandom().sample(range(_LOWEST, _highest() + 1), _ATTEMPTS):
        if is_free(port):
            return port
    raise OSError(f"no free port found between {_LOWEST} and {_highest()} after {_ATTEMPTS} attempts")


def _highest() -> int:
    """Return the last port below the ephemeral range of this machine."""
    range_file = Path("/proc/sys/net/ipv4/ip_local_port_range")
    if not range_file.exists():
        return _HIGHEST_DEFAULT
    first_ephemeral = int(range_file.read_text().split()[0])
    # A machine may be set up with a range that begins very low; then no gap is left and the default has to do.
    return first_ephemeral - 1 if first_ephemeral > _LOWEST + _ATTEMPTS else _HIGHEST_DEFAULT
