"""No text of another system keeps a regular expression busy: the time grows with the text, not with its square.

Texts of 20,000 characters: where it grows with the square, one takes seconds, all of them minutes.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest
import requests

from connector_kit.anaplan import counts
from connector_kit.http import failures
from connector_kit.redaction import printable, redact, without_values
from connector_kit.sap import errors as sap_errors
from connector_kit.syspro.failures import failure_text

LENGTH = 20_000
ATOMS = (
    "a", "0", "0,", "000,", "<", " ", "\n", "'", '"', "\\", "/", "-", ".", "_", "<a ", "<a", "<style ", "{", "(", "a=",
    "a:", "a,", "0.", "0 ", "a ", "'a", '"a', "//", "//a:", "%", "&", "?password=", "00:", "T00:", "é", "\u2028", "+",
    "authorization ", "Bearer ", "<Password>", "ERROR", "a.b", "Common.", "-----BEGIN ",
)  # fmt: skip


def texts() -> Iterator[str]:
    for atom in ATOMS:
        text = atom * (LENGTH // len(atom))
        yield text
        yield f"ERROR 1{text}! successful"


def page(body: str) -> requests.Response:
    response = requests.Response()
    response.status_code, response._content = 500, body.encode()
    response.headers["Content-Type"] = "text/html"
    return response


READERS = {
    "secrets": redact,
    "escapes": printable,
    "values": without_values,
    "excerpts of pages": lambda text: failures.excerpt(page(text)),
    "failures of e.net": failure_text,
    "SAP's errors": lambda text: sap_errors.messages_of(page(text)),
    **{f"counts: {name}": pattern.search for name, pattern in vars(counts).items() if isinstance(pattern, re.Pattern)},
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.timeout(60)
def test_a_reader_of_other_systems_words_is_done_at_once(reader):
    for text in texts():
        READERS[reader](text)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_no_pattern_of_a_module_takes_the_square():
    """Against texts of 4,000 characters, as their entries are short: settings, names, dates, literals."""
    found = {}
    for name in ("connector_kit", "tap_anaplan", "tap_syspro", "tap_sap_s4hana", "target_anaplan"):
        for info in pkgutil.walk_packages(importlib.import_module(name).__path__, f"{name}."):
            if ".migrations" not in info.name and not info.name.endswith("__main__"):
                values = vars(importlib.import_module(info.name)).values()
                found |= {(one.pattern, one.flags): one for one in values if isinstance(one, re.Pattern)}
    assert len(found) > 50
    for pattern in found.values():
        for text in texts():
            some = text[:4000] if isinstance(pattern.pattern, str) else text[:4000].encode()
            pattern.search(some)
            pattern.fullmatch(some)


def test_words_of_errors_stay_what_they_were():
    assert without_values("Item 'A 1' of 12, line7: Code=x") == "Item … of …, …: Code=x"
    assert without_values("'x'12 and \"y\"3") == "…… and ……"
    html = "<html><style>p{}</style><p>Bad <b>gateway</b></p><script>x</script> end"
    assert failures.excerpt(page(html)) == "Bad gateway end"
    assert failures.excerpt(page("<p>words <style>never ends")) == "words"
    for body, words in (
        ('"ERROR: no such thing"', "no such thing"),
        (" ERROR no \n such ", "no \n such"),
        ("ERROR", "no explanation"),
        ("ERRORS", None),
        ("fine", None),
    ):
        assert failure_text(body) == words
