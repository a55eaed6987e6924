"""What a user reads: exit codes, errors in one line, no secrets."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from chaos.weather.seen import Part, Seen

_KILLED = frozenset({-9, 137})
_PROBLEM = re.compile(r"\b(ERROR|CRITICAL)\b|Error: ")


def an_exit_code_is_true(seen: Seen) -> Iterator[str]:
    """0 when all went well; else one clear line, never a traceback."""
    for part in seen.parts:
        for process, code, errors in (
            ("tap", part.tap_exit, part.tap_errors), ("target", part.target_exit, part.target_errors)
        ):  # fmt: skip
            if part.hung:
                yield f"{part.name}: hung, and was killed"
                break
            if "Traceback (most recent call last)" in errors:
                yield f"{part.name}: the {process} shows a traceback: {errors.strip().splitlines()[-1]}"
            elif code not in {0, *_KILLED} and not part.struck and not _said(errors):
                yield f"{part.name}: the {process} ends with {code} and says nothing"
        yield from _missing_state(part)


def _said(errors: str) -> bool:
    return any(_PROBLEM.search(line) for line in errors.splitlines())


def _missing_state(part: Part) -> Iterator[str]:
    if part.well and not part.states and any(line.get("type") == "STATE" for line in part.tap_lines):
        yield f"{part.name}: both end well, and no STATE left the target"


def no_secret_anywhere(seen: Seen) -> Iterator[str]:
    """No secret of the settings in an output, a message, or a file that a run wrote."""
    needles = {form for secret in seen.secrets if len(secret) > 5 for form in _forms(secret)}
    for part in seen.parts:
        texts = {
            f"{part.name}: the tap's stderr": part.tap_errors.encode(),
            f"{part.name}: the target's stderr": part.target_errors.encode(),
            f"{part.name}: the states": repr(part.states).encode(),
        }
        yield from (f"{where} holds a secret" for where, text in texts.items() if _any(needles, text))
    for path in seen.written:
        if _any(needles, _read(path)):
            yield f"the file {path.name} holds a secret"


def _forms(secret: str) -> set[bytes]:
    return {secret.encode(), quote(secret, safe="").encode(), base64.b64encode(secret.encode()).rstrip(b"=")[:-1]}


def _any(needles: set[bytes], text: bytes) -> bool:
    return any(needle in text for needle in needles)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
