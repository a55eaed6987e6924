"""`docs/licences.md`: what a plugin's installation brings along, and under which licences. Run by `make licences`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PAGE = Path(__file__).with_name("licences.md")
PLUGINS = ("tap-anaplan", "tap-sap-s4hana", "tap-syspro", "target-anaplan", "target-sap-s4hana", "target-syspro")
OWN = {*PLUGINS, "connector-kit"}

# Whatever of these a package has, it may be used by, and distributed beside, what is under Apache-2.0.
PERMISSIVE = frozenset(
    {"Apache-2.0", "MIT", "MIT-0", "BSD-2-Clause", "BSD-3-Clause", "PSF-2.0", "Python-2.0", "AFL-2.1", "ISC", "0BSD"}
)
# Used as they come, by import; whoever changes them has to offer the changes.
WEAK_COPYLEFT = frozenset({"LGPL-3.0-only", "MPL-2.0"})
FINE = PERMISSIVE | WEAK_COPYLEFT
_CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
_WORDS = {"BSD": "BSD-3-Clause", "Apache 2.0": "Apache-2.0", "Apache License 2.0": "Apache-2.0", "MIT License": "MIT"}
_ELSEWHERE = [
    {**default_environment(), **other}
    for other in (
        {"sys_platform": "win32", "os_name": "nt", "platform_system": "Windows", "platform_machine": "AMD64"},
        {"sys_platform": "darwin", "platform_system": "Darwin", "platform_machine": "arm64"},
        {"python_version": "3.10", "python_full_version": "3.10.0"},
        {"python_version": "3.13", "python_full_version": "3.13.0"},
    )
]


def closure() -> tuple[dict[str, Distribution], set[str]]:
    """What the plugins need here, by name; and the names of what they need further on other platforms and Pythons."""
    found: dict[str, Distribution] = {}
    elsewhere: set[str] = set()
    todo = [(name, "") for name in PLUGINS]
    seen = set(todo)
    while todo:
        name, extra = todo.pop()
        try:
            found[name] = one = distribution(name)
        except PackageNotFoundError:
            elsewhere.add(name)
            continue
        for needed in map(Requirement, one.requires or ()):
            here = not needed.marker or needed.marker.evaluate({"extra": extra})
            there = here or any(needed.marker.evaluate({**other, "extra": extra}) for other in _ELSEWHERE)
            following = {(canonicalize_name(needed.name), more) for more in ("", *needed.extras)} - seen
            if here:
                todo += following
                seen |= following
            elif there:
                elsewhere.add(canonicalize_name(needed.name))
    return found, elsewhere - set(found)


def licence(one: Distribution) -> str:
    """The SPDX expression of a package's licence; "" when it does not say.

    Its own expression goes before its classifiers, these before the words of its older field.
    """
    about: Mapping[str, str] = one.metadata
    if expression := about.get("License-Expression"):
        return expression
    classifiers = one.metadata.get_all("Classifier") or []
    names = [text.rpartition(" :: ")[2] for text in classifiers if text.startswith("License :: OSI Approved :: ")]
    if names:
        return " AND ".join(sorted({_CLASSIFIERS.get(name, name) for name in names}))
    words = (about.get("License") or "").strip()
    return _WORDS.get(words, words if len(words) < 40 else "")


def parts(expression: str) -> set[str]:
    """The licences that an expression names, of which one suffices where it says OR."""
    return set(re.split(r"\s+(?:OR|AND)\s+|[()]+", expression)) - {""}


def page() -> str:
    """The whole page."""
    found, elsewhere = closure()
    names = sorted(set(found) - OWN)
    weak = [name for name in names if parts(licence(found[name])) <= WEAK_COPYLEFT]
    return "".join(
        (
            "# Licences\n\n",
            "What is installed with all six plugins, their optional parts included, in the versions of\n",
            "[constraints.txt](../constraints.txt), by what each says of itself; made by `make licences`. All may be\n",
            "used beside this project's Apache-2.0. A weak copyleft licence, which asks something of those who\n",
            f"change the package itself, have {', '.join(weak)}.\n\n",
            "| package | licence |\n|---|---|\n",
            *(f"| {name} | {licence(found[name])} |\n" for name in names),
            "\nFurther on other platforms, or under other versions of Python: ",
            ", ".join(sorted(elsewhere)) + ".\n",
        )
    )


def faults() -> Iterator[str]:
    """What keeps the project from being distributed, or the page from being true."""
    found, _ = closure()
    told = dict(re.findall(r"^\| ([a-z0-9-]+) \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    for name in sorted(set(found) - OWN):
        text = licence(found[name])
        fine = parts(text) & FINE if " OR " in text else parts(text) and parts(text) <= FINE
        if not fine:
            yield f"{name}: licence {text or 'not told'}"
        if told.get(name) != text:
            yield f"{name}: {PAGE.name} says {told.get(name)}, the package {text}: run `make licences`"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
