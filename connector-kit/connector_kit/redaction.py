"""Keep secrets and terminal escapes out of everything that people read: logs, errors, the trail, reports."""

from __future__ import annotations

import html
import json
import logging
import re
import threading
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from urllib.parse import quote, quote_plus, unquote
from xml.sax.saxutils import escape

from typing_extensions import override

MASK = "***"

# Values that are secret wherever they appear, also when they are not (yet) registered: tokens in headers,
# passwords and session ids in query strings (SYSPRO's e.net sends both in the address).
_PATTERNS = (
    re.compile(r"(?i)\b((?:authorization|x-csrf-token|set-cookie|cookie)['\"]?\s*[:=]\s*['\"]?)[^\r\n'\"]+"),
    re.compile(r"(?i)\b((?:AnaplanAuthToken|Bearer|Basic|CACertificate)\s+)[A-Za-z0-9+/_=.~-]{8,}"),
    re.compile(
        r"(?i)([?&\s\"'{,](?:operatorpassword|companypassword|password|userid|client_secret|refresh_token|access_token|"
        r"tokenvalue|sap-password)[\"']?\s*[=:]\s*[\"']?)[^&\s\"',}]+"
    ),
    re.compile(r"(?i)(<(?:OperatorPassword|CompanyPassword|Password|UserId|tokenValue)>)[^<]+"),
    re.compile(r"(?i)(//[^/\s:@]*:)[^/\s@]+(@)"),
)
# A word is looked at from its beginning only: from each of its letters, a long one would take minutes.
_VALUES = re.compile(r"'[^']*'|\"[^\"]*\"|(?:(?<!\S)\S*|(?<=['\"])[^\s'\"]*)\d\S*(?<![:;,.)])")
_LONGEST_MESSAGE = 1_000  # the search for values takes time by the square of it
_SHORTEST = 4
_LONGEST_CHAIN = 20
# Encoded, shorter values are too little to be told from other texts.
_SHORTEST_ENCODED = 8

_secrets: set[str] = set()
_known: re.Pattern[str] | None = None
_guard = threading.Lock()


def register_secret(value: str) -> None:
    """Mask `value` in all that passes `redact` from now on, as it stands and as URLs, JSON, XML and base64 write it.

    Values of fewer than four characters are left out: masking every "a" helps nobody.
    """
    global _known  # noqa: PLW0603 - one compiled pattern per process, made anew when a secret was added
    if len(value) < _SHORTEST:
        return
    # A wrong guess at a body's encoding, as of one that is not declared, is one more way to write a secret.
    misread = value.encode("utf-8", "replace")
    forms = {value, misread.decode("latin-1"), misread.decode("cp1252", "replace")}
    for each in tuple(forms):
        forms |= _written(each)
    if len(value) >= _SHORTEST_ENCODED:
        forms |= _in_base64(misread)
    with _guard:
        if forms <= _secrets:
            return
        _secrets.update(forms)
        _known = None


def register_url(url: str) -> None:
    """Mask the password in `url`, if there is one.

    Its parts, too: an unescaped `@`, `/` or `#` in it makes drivers and parsers take a part for a host or a port, and
    say so.
    """
    before, at, _ = (url.partition("://")[2] or url).rpartition("@")
    password = before.partition(":")[2]
    if not at or not password:
        return
    parts = (part for part in re.split(r"[@/?#:]", password) if len(part) >= _SHORTEST_ENCODED)
    for part in (password, *parts):
        register_secret(part)
        register_secret(unquote(part))


def _written(value: str) -> set[str]:
    """A value as URLs, JSON, XML and Python's repr write it, and as one of them writes what another has written."""
    once = {value, *(write(value) for write in _WRITINGS)}
    return {write(each) for each in once for write in _WRITINGS} | once


def _quoted(value: str, safe: str) -> str:
    """Arguments and variables that are no Unicode come to Python with halves of surrogate pairs in them."""
    return quote(value, safe=safe, errors="surrogatepass")


def _escaped(value: str) -> str:
    """As Python's repr writes it in a text that has quotes of both kinds."""
    return repr(value + "'\"")[1:-4]


_WRITINGS: tuple[Callable[[str], str], ...] = (
    lambda value: _quoted(value, safe=""),
    lambda value: _quoted(value, safe="/"),
    lambda value: quote_plus(value, errors="surrogatepass"),
    lambda value: re.sub(r"%[0-9A-F]{2}", lambda m: m.group().lower(), _quoted(value, safe="")),
    lambda value: json.dumps(value)[1:-1],
    lambda value: json.dumps(value, ensure_ascii=False)[1:-1],
    escape,
    lambda value: escape(value, {'"': "&quot;", "'": "&apos;"}),
    html.escape,
    lambda value: repr(value)[1:-1],
    _escaped,
)


def _in_base64(value: bytes) -> set[str]:
    """What base64 makes of `value` anywhere in a longer text, without the characters that neighbours have a part in."""
    found: set[str] = set()
    for before in range(3):
        own = slice(-(-8 * before // 6), 8 * (before + len(value)) // 6)
        found |= {encode(bytes(before) + value).decode()[own] for encode in (b64encode, urlsafe_b64encode)}
    return found


def _pattern() -> re.Pattern[str]:
    """All that is known, longest first; made once for all that were registered one after the other."""
    global _known  # noqa: PLW0603 - see `register_secret`
    with _guard:
        if _known is None:
            _known = re.compile("|".join(re.escape(s) for s in sorted(_secrets, key=len, reverse=True)))
        return _known


def redact(text: str) -> str:
    """`text` with every registered secret, and everything that looks like one, replaced by a mask."""
    if _secrets:
        text = _pattern().sub(MASK, text)
    for pattern in _PATTERNS:
        text = pattern.sub(lambda m: m.group(1) + MASK + (m.group(2) if m.re.groups > 1 else ""), text)
    return text


# What a terminal obeys, a reader can't see or nobody can write: controls, turned directions of writing, separators of
# lines, halves of surrogate pairs.
_UNSEEN = "\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
_BEYOND_JSON = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_IN_TEXTS = re.compile(f"[{_UNSEEN}]")
# Errors list what is wrong on lines that begin with a dash, which no line of a log does.
_IN_LINES = re.compile(f"[{_UNSEEN}]|\n(?!- )")


def printable(text: str, *, whole_text: bool = False) -> str:
    """`text` with control characters escaped: what a server, a model or a stream's name says moves no terminal's cursor
    and forges no line of a log.

    whole_text: its line ends are our own, as in a traceback.
    """
    pattern = _IN_TEXTS if whole_text else _IN_LINES
    return pattern.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def printable_json(text: str) -> str:
    """A JSON text whose strings hold nothing that moves a terminal's cursor: JSON itself escapes only some of it."""
    return _BEYOND_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def shortened(text: str, limit: int) -> str:
    """The start of `text` with secrets masked: before the cut, because nobody recognizes half a secret."""
    clean = redact(text)
    return clean[:limit] + ("…" if len(clean) > limit else "")


class RedactingFilter(logging.Filter):
    """Masks secrets and escapes controls in a log record's message and traceback before any handler sees them."""

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        try:
            message = record.getMessage()
        except Exception:  # arguments that do not fit the message must not end the program
            message = f"{record.msg} {record.args}"
            record.msg, record.args = message, ()
        clean = printable(redact(message))
        if clean != message:
            record.msg, record.args = clean, ()
        if record.exc_info and record.exc_info[1] is not None:
            kind, error, trace = record.exc_info
            record.exc_text = record.exc_text or logging.Formatter().formatException(record.exc_info)
            # Formatters that write JSON take the exception itself in place of its text.
            record.exc_info = (kind, _masked(error), trace)
            record.exc_text = _one_lined(record.exc_text, error)
        record.exc_text = printable(redact(record.exc_text), whole_text=True) if record.exc_text else record.exc_text
        record.stack_info = redact(record.stack_info) if record.stack_info else record.stack_info
        return True


def _one_lined(traceback: str, error: BaseException | None) -> str:
    """A traceback in which what an error says, and those behind it, begins no line of its own."""
    for _ in range(_LONGEST_CHAIN):
        if error is None:
            break
        said = str(error)
        if said != (safe := printable(said)):
            traceback = traceback.replace(said, safe)
        error = error.__cause__ or error.__context__
    return traceback


def _masked(error: BaseException) -> BaseException:
    """A stand-in that says what the error says, and those behind it, without secrets."""
    stand_in = Exception(printable(redact(str(error)))).with_traceback(error.__traceback__)
    stand_in.__cause__ = _masked(error.__cause__) if error.__cause__ else None
    stand_in.__context__ = _masked(error.__context__) if error.__context__ else None
    stand_in.__suppress_context__ = error.__suppress_context__
    return stand_in


def redact_logs() -> None:
    """Put the filter on every handler of every logger; call again after handlers were added."""
    named = (one for one in logging.Logger.manager.loggerDict.values() if isinstance(one, logging.Logger))
    for handler in (handler for logger in (logging.getLogger(), *named) for handler in logger.handlers):
        if not any(isinstance(f, RedactingFilter) for f in handler.filters):
            handler.addFilter(RedactingFilter())


def without_values(text: str) -> str:
    """A system's message without the numbers and quoted values in it: equal for all rows with the same fault. Of a long
    one, only the beginning.
    """
    return _VALUES.sub("…", text[:_LONGEST_MESSAGE])
