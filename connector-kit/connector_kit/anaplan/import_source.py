"""What a file for an import must look like, as the model defines it."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connector_kit.anaplan.errors import SYSTEM
from connector_kit.anaplan.objects import File, Import
from connector_kit.anaplan.reading import mapping, number, text, texts
from connector_kit.errors import ConfigurationError

_NO_SIGNS = frozenset({"\r", "\n", "\0"})
_MOST_LINES = 1000
"""Before a file's first row of data."""

_JAVA_NAMES = {
    "x-macroman": "mac_roman",
    "macroman": "mac_roman",
    "x-windows-874": "cp874",
    "x-utf-16le-bom": "utf-16",
    "unicodelittleunmarked": "utf-16-le",
    "unicodebigunmarked": "utf-16-be",
    "ms932": "cp932",
    "windows-31j": "cp932",
    "x-windows-949": "cp949",
    "x-windows-950": "cp950",
}


@dataclass(frozen=True, slots=True)
class ImportSource:
    """The file source of an import.

    `separator` stands between columns, `delimiter` around texts and may be empty; `encoding` is a Python codec's
    name; `header_row` and `first_data_row` count lines from 1, and are 0 or -1 where the file has no such line.
    """

    file_id: str
    file_name: str
    separator: str
    delimiter: str
    encoding: str
    header_row: int
    first_data_row: int
    decimal_separator: str
    header_names: tuple[str, ...]


def import_source(imported: Import, metadata: Mapping[str, Any], file: File | None, where: str) -> ImportSource:
    """From an import, its metadata and its file's entry in the model's list of files.

    What the metadata leaves out is taken from the file's entry.

    Raises:
        ConfigurationError: the import does not read a file, or its encoding is unknown.
    """
    subject = f"{where}, import {imported.name}"
    source = mapping(metadata.get("source"))
    kind = text(metadata.get("type"))
    if (kind and kind.upper() != "FILE") or not imported.import_data_source_id:
        raise ConfigurationError(
            system=SYSTEM,
            subject=subject,
            expected="an import that reads a file",
            got=f"one that reads a {kind.lower()}" if kind and kind.upper() != "FILE" else "one without a file",
            hint="Choose an import whose source is a file; imports from a module or model can only be run as actions.",
        )
    if file is None:
        raise ConfigurationError(
            system=SYSTEM,
            subject=subject,
            expected=f"its file {imported.import_data_source_id} among the model's files",
            got="no such file that this user sees",
            hint="Open the import in Anaplan and upload its file there once, as this user or for everyone.",
        )

    def of(key: str, fallback: str) -> str:
        return fallback if source.get(key) is None else text(source[key])

    def line(key: str, fallback: int) -> int:
        found = fallback if source.get(key) is None else number(source[key])
        if found > _MOST_LINES:
            raise _unusable(subject, f"{key} up to {_MOST_LINES}", str(found))
        return found

    separator, delimiter = of("columnSeparator", file.separator), of("textDelimiter", file.delimiter)
    check_signs(separator, delimiter, subject)
    decimal_separator = of("decimalSeparator", ".") or "."
    if len(decimal_separator) != 1:
        raise _unusable(subject, "one sign as decimalSeparator", repr(decimal_separator[:20]))
    return ImportSource(
        file_id=file.id,
        file_name=file.name,
        separator=separator,
        delimiter=delimiter,
        encoding=python_codec(of("textEncoding", file.encoding), subject),
        header_row=line("headerRow", file.header_row),
        first_data_row=line("firstDataRow", file.first_data_row),
        decimal_separator=decimal_separator,
        header_names=texts(source.get("headerNames")),
    )


def check_signs(separator: str, delimiter: str, subject: str) -> None:
    """That rows can be taken apart: one sign between columns, one around texts or none, and not the same.

    Raises:
        ConfigurationError: it is otherwise.
    """
    for name, sign in (("column separator", separator), ("text delimiter", delimiter)):
        if len(sign) > 1 or sign in _NO_SIGNS:
            raise _unusable(subject, f"one sign as {name}", repr(sign[:20]))
    if separator and separator == delimiter:
        raise _unusable(subject, "different signs between columns and around texts", repr(separator))


def _unusable(subject: str, expected: str, got: str) -> ConfigurationError:
    hint = "Look at the source settings of the import or export in Anaplan."
    return ConfigurationError(system=SYSTEM, subject=subject, expected=expected, got=got, hint=hint)


def python_codec(name: str, subject: str) -> str:
    """Python's name of an encoding that Anaplan names in its own way; nothing means UTF-8.

    Raises:
        ConfigurationError: Python has no such encoding.
    """
    plain = name.strip()
    if not plain:
        return "utf-8"
    try:
        found = codecs.lookup(_JAVA_NAMES.get(plain.lower(), plain)).name
        "A\u00c4".encode(found, "replace")  # Python has codecs that are no encodings of texts, such as hex and idna
    except (LookupError, ValueError):
        raise ConfigurationError(
            system=SYSTEM,
            subject=subject,
            expected="a known encoding",
            got=repr(name),
            hint="Change the file's encoding in the import's source settings, UTF-8 is best.",
        ) from None
    return found
