"""Continuation links, which are opaque but for where they lead: always to the service's own address.

Servers write links with the name and path by which they know themselves. Behind a proxy that is an inner host, or a
path without the proxy's prefix. Credentials go to the service's address only, so such a link is followed there.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import SplitResult, unquote, urljoin, urlsplit, urlunsplit


def at_home(link: str, asked: str, service: str) -> str | None:
    """A link in the answer to `asked`, as an address below `service`; None where it leads to another service, or is no
    address at all.

    What the two paths have in common decides: the longest end of the service's path that the link's path has, too; for
    a service without a path of its own, the set that was asked.
    """
    try:
        there, home = urlsplit(urljoin(asked, link)), urlsplit(service)
        _origin(there)
    except ValueError:
        return None
    inside, path = _segments(there), _segments(home)
    if not path and _origin(there) != _origin(home) and _set_of(inside) != _set_of(_segments(urlsplit(asked))):
        return None
    if inside[: len(path)] != path:
        found = _below(inside, path)
        if found is None:
            return _below_host(home, there.path, there.query) if _origin(there) == _origin(home) else None
        inside = [*path, *found]
    elif _origin(there) == _origin(home):
        return _below_host(home, there.path, there.query)
    return _below_host(home, "/" + "/".join(inside), there.query)


def _below_host(home: SplitResult, path: str, query: str) -> str:
    """An address of the service's host as the settings write it, never as the link does: readers of addresses differ,
    and where one sees our host behind an @, another one takes what stands before a backslash for it.
    """
    return urlunsplit((home.scheme, home.netloc, path, query, ""))


def _below(inside: Sequence[str], path: Sequence[str]) -> Sequence[str] | None:
    """What stands in the link's path behind the longest end of the service's path."""
    for length in range(len(path), 0, -1):
        end = list(map(unquote, path[-length:]))
        for at in range(len(inside) - length + 1):
            if list(map(unquote, inside[at : at + length])) == end:
                return inside[at + length :]
    return None


def _set_of(path: Sequence[str]) -> str:
    return unquote(path[0]).partition("(")[0] if path else ""


def _segments(address: SplitResult) -> list[str]:
    return [each for each in address.path.split("/") if each]


def _origin(address: SplitResult) -> tuple[str, str | None, int]:
    return address.scheme, address.hostname, address.port or (443 if address.scheme == "https" else 80)
