"""Texts that mean something to whatever reads them next, unless they are written right."""

from __future__ import annotations

from hypothesis import strategies as st

FRAGMENTS = (
    "'", "''", '"', '""', "' or 1 eq 1 or '", "') or ('a' eq 'a", "eq null", "%27", "+", "&", "&$filter=true", "#", "?",
    "<", ">", "</Value><Value>", "]]>", "<![CDATA[", "&lt;", "&amp;", "&#0;", "<!DOCTYPE x [<!ENTITY a 'b'>]>", "&a;",
    "<!--", "-->", "<?xml?>", ",", ";", "\t", "\r", "\n", "\r\n", "\x0b", "\x0c", "\x85", "\u2028", "\\", "\\n", "|",
    "=cmd|' /C calc'!A0", "@SUM(1)", "-1+1", "../", "..\\", "/etc/passwd", "\x00", "CON", "~", "$(id)", "`id`", "%s",
    "{}", "\x1b[2J", "\x9b31m", "\x07", "\u202e", "\u2066", "[red]", "[/]", "'; DROP TABLE audit_runs; --", ":name",
    "%(name)s", "?1", "\ufeff", "\ufffe", "\U0010fffe", "é", "漢", "𝕏", "null", "true", "0", " ",
)  # fmt: skip


def texts(*, without: str = "") -> st.SearchStrategy[str]:
    """Any text, and texts put together of what is dangerous somewhere. `without`: characters that can't come."""
    joined = st.lists(st.sampled_from(FRAGMENTS), max_size=6).map("".join)
    found = st.one_of(joined, st.text(max_size=30), st.tuples(joined, st.text(max_size=8)).map("".join))
    return found.map(lambda text: "".join(one for one in text if one not in without)) if without else found
