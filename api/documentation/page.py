"""The documentation page, and the policy that pins what it may run."""

import re
from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files

_INLINE = re.compile(rb"<(script|style)>(.*?)</\1>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Page:
    """An HTML page and its Content-Security-Policy."""

    body: bytes
    policy: str


def documentation_page() -> Page:
    """Read the packaged page; its inline script and style are allowed by their hashes, everything else is not."""
    body = (files("api.documentation") / "page.html").read_bytes()
    hashes: dict[bytes, list[str]] = {b"script": [], b"style": []}
    for kind, text in _INLINE.findall(body):
        hashes[kind].append(f"'sha256-{b64encode(sha256(text).digest()).decode()}'")
    policy = (
        f"default-src 'none'; connect-src 'self'; img-src data:; script-src {' '.join(hashes[b'script'])}; "
        f"style-src {' '.join(hashes[b'style'])}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return Page(body, policy)
