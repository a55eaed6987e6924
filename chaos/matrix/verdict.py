"""Whether a run that failed said so plainly, and whether what stands after a run is what should stand."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from chaos.matrix.process import Ran

_LOGGED = re.compile(r"^\d{4}-\d\d-\d\d [\d:,.]+ \| (\w+) +\| [^|]* \| (.*)$")
_SYSTEMS = ("Anaplan", "SAP", "SYSPRO")
_LONGEST = 1500
_SETTING = re.compile(r": setting \w+: expected ")
"""What a setting has to be is what to do."""
_ADVICE = re.compile(r"[.)\]\"'] [A-Z`][a-z]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def last_word(ran: Ran) -> str:
    """The line with which a run that failed says why: the last error on stderr, else the last problem of `--test`."""
    found = [
        match[2] for match in map(_LOGGED.match, ran.err.splitlines()) if match and match[1] in {"ERROR", "CRITICAL"}
    ]
    if found:
        return found[-1]
    problems = [line[2:] for line in ran.out.splitlines() if line.startswith("- ")]
    plain = [line for line in ran.err.splitlines() if line.strip() and not _LOGGED.match(line)]
    return (problems or plain or [""])[-1]


def unclear(ran: Ran) -> str:
    """What is wrong with how a run failed; empty when nothing is: exit code 1, one line that names system and object
    and says what to do, no traceback.
    """
    if ran.code is None:
        return "it hangs"
    if "Traceback (most recent call last)" in ran.err + ran.out:
        return "a traceback: " + ran.err.strip().splitlines()[-1][:300]
    line = last_word(ran)
    faults = {
        f"exit code {ran.code}": ran.code != 1,
        "no word about why": not line,
        "control characters": bool(_CONTROL.search(line)),
        f"{len(line)} signs": len(line) > _LONGEST,
        "no system is named": not any(system in line for system in _SYSTEMS),
        "no object is named": line.count(": ") < 2,
        "it does not say what to do": not (_SETTING.search(line) or _ADVICE.search(line.partition("got ")[2] or line)),
    }
    return ", ".join(fault for fault, so in faults.items() if so)


def differences(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """Where two contents differ, in a line each."""
    said = []
    for name in sorted({*wanted, *found}):
        one, other = wanted.get(name), found.get(name)
        if one == other:
            continue
        if isinstance(one, dict) and isinstance(other, dict):
            keys = sorted(key for key in {*one, *other} if one.get(key) != other.get(key))
            shown = "; ".join(f"{key}: {one.get(key)} -> {other.get(key)}" for key in keys[:2])
            said.append(f"{name}: {len(keys)} of {len(one)} differ ({shown[:300]})")
        else:
            said.append(f"{name}: {str(one)[:200]} -> {str(other)[:200]}")
    return said
