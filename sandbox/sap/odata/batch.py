"""``$batch`` of V2: multipart/mixed with reads, and changesets that happen whole or not at all."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

from sandbox.core.odata.errors import bad_request

_BOUNDARY = re.compile(r'boundary="?([^";,\s]+)"?', re.IGNORECASE)
_LINE = re.compile(r"([A-Z]+) (\S+) HTTP/1\.[01]")


@dataclass(frozen=True, slots=True)
class Part:
    """One request inside a batch."""

    method: str
    address: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Changeset:
    """Changes that belong together."""

    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to one part."""

    status: int
    headers: dict[str, str]
    body: bytes


def read_batch(content_type: str, body: bytes) -> list[Part | Changeset]:
    """What the batch asks for in its order; ODataError 400 when it is malformed."""
    parts: list[Part | Changeset] = []
    for headers, content in _pieces(content_type, body):
        kind = headers.get("content-type", "")
        if kind.startswith("multipart/mixed"):
            parts.append(Changeset(tuple(_request(inner) for _, inner in _pieces(kind, content))))
        elif kind.startswith("application/http"):
            parts.append(_request(content))
        else:
            raise bad_request(f"A part of the batch has the content type '{kind}'.")
    return parts


def _pieces(content_type: str, body: bytes) -> list[tuple[dict[str, str], bytes]]:
    boundary = _BOUNDARY.search(content_type)
    if boundary is None:
        raise bad_request("The batch has no boundary.")
    mark = b"--" + boundary[1].encode()
    sections = re.split(rb"(?:^|\r?\n)" + re.escape(mark) + rb"(--)?[ \t]*(?:\r?\n|$)", body)
    if len(sections) < 3 or sections[-2] != b"--":
        raise bad_request("The batch does not end with its boundary.")
    return [_head_and_content(section) for section in sections[2:-2:2]]


def _head_and_content(section: bytes) -> tuple[dict[str, str], bytes]:
    head, _, content = section.partition(b"\r\n\r\n") if b"\r\n\r\n" in section else section.partition(b"\n\n")
    lines = head.decode("latin-1").splitlines()
    pairs = (line.partition(":") for line in lines if ":" in line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}, content


def _request(content: bytes) -> Part:
    content = content.lstrip(b"\r\n")
    first, _, rest = content.partition(b"\n")
    match = _LINE.fullmatch(first.decode("latin-1").strip())
    if match is None:
        raise bad_request(f"'{first.decode('latin-1').strip()}' is no request line.")
    rest = rest if not rest.startswith((b"\r\n", b"\n")) else b"\n" + rest
    headers, body = _head_and_content(rest)
    return Part(match[1], match[2], headers, body.strip(b"\r\n"))


def write_batch(replies: list[Reply | list[Reply]]) -> tuple[str, bytes]:
    """(content type, body); a list of replies is a changeset's."""
    boundary = secrets.token_hex(16).upper() + "0"
    parts = []
    for reply in replies:
        if isinstance(reply, list):
            kind, content = write_batch(list(reply))
            parts.append(f"Content-Type: {kind}\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content)
        else:
            parts.append(_written(reply))
    mark = b"--" + boundary.encode()
    body = b"".join(mark + b"\r\n" + part + b"\r\n" for part in parts) + mark + b"--\r\n"
    return f"multipart/mixed; boundary={boundary}", body


def _written(reply: Reply) -> bytes:
    headers = "".join(f"{name}: {value}\r\n" for name, value in reply.headers.items())
    inner = f"HTTP/1.1 {reply.status} {_REASONS.get(reply.status, 'Error')}\r\n{headers}".encode()
    inner += f"Content-Length: {len(reply.body)}\r\n\r\n".encode() + reply.body
    outer = (
        f"Content-Type: application/http\r\nContent-Length: {len(inner)}\r\ncontent-transfer-encoding: binary\r\n\r\n"
    )
    return outer.encode() + inner


_REASONS = {200: "OK", 201: "Created", 204: "No Content", 400: "Bad Request", 403: "Forbidden", 404: "Not Found"}
