"""Raw records decoded and checked against their stream's schema in one pass, column by column where they are used.

Two decoders that agree. Most streams are flat: for them a msgspec struct is made from the schema, which decodes in C
and accepts nothing that the schema refuses. What it does not accept, and every stream that is not flat, goes through
jsonschema-rs, which has the last word and says which rule was broken.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal
from operator import attrgetter
from typing import Annotated, Any, NamedTuple, cast

import msgspec
from singer_sdk.exceptions import InvalidJSONSchema

from connector_kit.singer.lines import said

Record = Any
"""A decoded record: a struct of the stream's type, or a dict. Only `Records` knows which."""

_ANNOTATIONS = {"title", "description", "format", "default", "examples", "readOnly", "$comment"}
_FLAT = {"type", "properties", "required", "additionalProperties", "$schema", "title", "description", "$id"}
_LENGTHS = {"maxLength", "minLength"}

_MOST_DIGITS = 400
"""No ERP has larger numbers; written out, 1e9999999 has ten million digits."""


def _number(text: str) -> Decimal:
    """An exact number. Raises ArithmeticError when it is out of any system's range."""
    number = Decimal(text)
    if abs(number.adjusted()) > _MOST_DIGITS:
        raise OverflowError
    return number


_as_dict: Callable[[bytes | msgspec.Raw], dict[str, Any]] = msgspec.json.Decoder(dict, float_hook=_number).decode


class Invalid(NamedTuple):
    """A record that is refused: its place in the block, what can be told of its fields, its raw text, and why.

    field: dotted; "" where it is not one field. rule: of the schema, or what is wrong with the JSON (`broken`).
    """

    at: int
    record: dict[str, Any]
    raw: bytes
    field: str
    rule: str
    broken: bool = False

    @property
    def reason(self) -> str:
        """Without the record's values, so that failures group by it."""
        if self.broken:
            return f"record: {self.rule}"
        return f"schema: {f'field {self.field}' if self.field else 'record'}, {self.rule}"


class Records:
    """Valid records with their raw texts, read by column: `values` as they are, each column taken out once."""

    __slots__ = ("_columns", "_reader", "_records", "raws")

    def __init__(self, reader: RecordReader, records: Sequence[Record], raws: Sequence[bytes]) -> None:
        self.raws = raws
        self._reader = reader
        self._records = records
        self._columns: dict[object, list[Any]] = {}

    def __len__(self) -> int:
        return len(self._records)

    def values(self, field: str) -> list[Any]:
        """A field of all records: str, int, Decimal, bool, None, list or dict; None where a record lacks it."""
        column = self._columns.get(field)
        if column is None:
            column = self._columns[field] = self._reader.column(self._records, field)
        return column

    def cached(self, name: object, make: Callable[[], list[Any]]) -> list[Any]:
        """A column derived from others, made once. `name` must not be a field's."""
        column = self._columns.get(name)
        if column is None:
            column = self._columns[name] = make()
        return column

    def pick(self, positions: Sequence[int]) -> Records:
        """Some of them."""
        return Records(self._reader, [self._records[at] for at in positions], [self.raws[at] for at in positions])


class RecordReader:
    """Decodes a stream's raw records, with exact decimals, and checks them.

    Args:
        schema: the stream's JSON schema.
        fields: those that will be read; others are checked and forgotten.
        check: whether records are checked at all (setting `validate_records`).

    Raises:
        InvalidJSONSchema: the schema is none.
    """

    def __init__(self, schema: dict[str, Any], fields: Collection[str], *, check: bool = True) -> None:
        import jsonschema_rs  # noqa: PLC0415 - not needed for --about or --version

        self._validator: Any = None
        try:
            validator = jsonschema_rs.validator_for(schema)
            self._validator = validator if check else None
        except (ValueError, jsonschema_rs.ValidationError) as exc:
            raise InvalidJSONSchema(f"Schema Validation Error: {exc}") from exc
        properties = schema.get("properties") or {}
        self._names = {name: f"f{at}" for at, name in enumerate(properties)}
        self._exact = {
            name: _NUMBER_STARTS | ({b"n"} if "null" in properties[name]["type"] else set())
            for name in fields
            if _kind(properties.get(name)) == "number"
        }
        self._type = flat_type(schema, self._names, self._exact) if check else None
        self._decode = msgspec.json.Decoder(self._type).decode if self._type else None
        self._properties = properties

    def read(self, raws: Sequence[bytes]) -> tuple[Records, list[Invalid]]:
        """The valid records, and the others with the first rule that each of them breaks."""
        if self._decode is not None:
            try:
                records = list(map(self._decode, raws))
            except (msgspec.MsgspecError, *_BROKEN):
                return self._one_by_one(raws)
            if self._numbers_are_numbers(records):
                return Records(self, records, raws), []
            return self._one_by_one(raws)
        try:
            decoded = list(map(_as_dict, raws))
        except _BROKEN:
            return self._one_by_one(raws)
        if self._validator is None or all(map(self._validator.is_valid, decoded)):
            return Records(self, decoded, raws), []
        return self._one_by_one(raws)

    def _one_by_one(self, raws: Sequence[bytes]) -> tuple[Records, list[Invalid]]:
        good: list[Record] = []
        good_raws: list[bytes] = []
        bad: list[Invalid] = []
        for at, raw in enumerate(raws):
            try:
                record = _as_dict(raw)
            except _BROKEN as error:
                text = bytes(raw)
                bad.append(Invalid(at, told(text), text, "", said(error, text), broken=True))
                continue
            if self._validator is None or self._validator.is_valid(record):
                good.append(self._as_struct(record) if self._type else record)
                good_raws.append(raw)
            else:
                bad.append(self._explain(at, record, raw))
        return Records(self, good, good_raws), bad

    def _as_struct(self, record: dict[str, Any]) -> Record:
        values = {self._names[name]: value for name, value in self.as_read(record).items() if name in self._names}
        return cast("Callable[..., Record]", self._type)(**values)

    def as_read(self, record: Mapping[str, Any]) -> Mapping[str, Any]:
        """A decoded record's fields with the types that columns have: numbers read as exact ones are all Decimal."""
        if self._type is None:
            return record
        whole = {name: Decimal(value) for name in self._exact if type(value := record.get(name)) is int}
        return {**record, **whole} if whole else record

    def accepts(self, record: Mapping[str, Any], names: Sequence[str]) -> bool:
        """Whether some fields of a record are what the schema says of them."""
        import jsonschema_rs  # noqa: PLC0415 - not needed for --about or --version

        parts = {name: self._properties[name] for name in names if name in self._properties}
        return bool(jsonschema_rs.is_valid({"properties": parts}, {name: record.get(name) for name in names}))

    def _numbers_are_numbers(self, records: Sequence[Record]) -> bool:
        """Exact numbers stay raw in the struct, which takes any JSON value there: only a number or null is right.

        Numbers with an exponent are looked at one by one.
        """
        for name, starts in self._exact.items():
            column = map(attrgetter(self._names[name]), records)
            texts = [bytes(raw) for raw in column if raw is not None]
            if not {text[:1] for text in texts} <= starts:
                return False
            joined = b" ".join(texts)
            if b"e" in joined or b"E" in joined:  # rare, and 1e9999999 must not get any further
                return False
        return True

    def column(self, records: Sequence[Record], field: str) -> list[Any]:
        """One field of all records."""
        if self._type is None:
            return [record.get(field) for record in records]
        name = self._names.get(field)
        if name is None:
            return [None] * len(records)
        column = list(map(attrgetter(name), records))
        if field in self._exact:
            return [_exact(value) if type(value) is msgspec.Raw else value for value in column]
        return column

    def _explain(self, at: int, record: dict[str, Any], raw: bytes) -> Invalid:
        try:
            error = next(self._validator.iter_errors(record))
        except ValueError:  # it names no fault in what is nested more deeply than it follows
            return Invalid(at, told(bytes(raw)), bytes(raw), "", "nested too deeply", broken=True)
        field = ".".join(str(part) for part in error.instance_path)
        kind, limit = error.kind.name, error.kind.value
        if kind == "required":
            return Invalid(at, record, raw, ".".join(filter(None, (field, str(limit)))), "required")
        if isinstance(limit, (list, tuple)):
            limit = "|".join(str(part) for part in limit)
        return Invalid(at, record, raw, field, kind if isinstance(limit, dict) else f"{kind} {limit}")


_NUMBER_STARTS = frozenset(bytes([byte]) for byte in b"-0123456789")


def _exact(raw: msgspec.Raw) -> Decimal | None:
    text = bytes(raw)
    return None if text == b"null" else Decimal(text.decode())


_BROKEN = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ArithmeticError)


def told(raw: bytes) -> dict[str, Any]:
    """The fields of a broken record that can be relied on, read with Python's tolerant decoder; others are left out.

    So a record of which one text is damaged is known by its key all the same.
    """
    try:
        found = json.loads(raw.decode("utf-8", "surrogateescape"), parse_float=_sane, parse_constant=lambda _: _BAD)
    except (ValueError, RecursionError, ArithmeticError):
        return {}
    return {name: value for name, value in found.items() if _sound(value)} if isinstance(found, dict) else {}


_BAD = object()


def _sane(text: str) -> object:
    try:
        return _number(text)
    except ArithmeticError:
        return _BAD


def _sound(value: object) -> bool:
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return False
        return True
    return value is None or isinstance(value, (bool, int, Decimal))


def flat_type(schema: dict[str, Any], names: dict[str, str], exact: Collection[str]) -> type[msgspec.Struct] | None:
    """A struct type that accepts only what a flat schema accepts; None for schemas with more to them.

    Numbers in `exact` are kept raw (to be looked at by the caller), other numbers are only checked.
    """
    if set(schema) - _FLAT or schema.get("type", "object") not in ("object", ["object"]):
        return None
    if not isinstance(schema.get("additionalProperties", True), bool):
        return None
    required = set(schema.get("required") or ())
    if not required <= set(names):
        return None
    defined: list[tuple[str, Any] | tuple[str, Any, None]] = []
    for name, part in schema["properties"].items():
        kind = msgspec.Raw if name in exact else _python_type(part)
        if kind is None:
            return None
        # A default isn't checked against the type: what is missing becomes None, a null that isn't allowed is refused.
        defined.append((names[name], kind) if name in required else (names[name], kind, None))
    return msgspec.defstruct(
        "Record",
        sorted(defined, key=len),  # fields without a default come first
        rename={short: name for name, short in names.items()},
        forbid_unknown_fields=schema.get("additionalProperties") is False,
        gc=False,
    )


def _kind(part: Any) -> str:  # noqa: ANN401 - a JSON schema
    """The one type beside null of a simple property; blank for anything else."""
    if not isinstance(part, dict) or set(part) - _ANNOTATIONS - _LENGTHS - {"type"}:
        return ""
    kinds = part.get("type")
    kinds = [kinds] if isinstance(kinds, str) else list(kinds or ())
    found = [kind for kind in kinds if kind != "null"]
    if len(found) != 1 or (found[0] != "string" and _LENGTHS & set(part)):
        return ""
    return str(found[0])


def _python_type(part: Any) -> Any:  # noqa: ANN401 - a JSON schema, a type
    kinds: dict[str, Any] = {"string": str, "integer": int, "number": int | float, "boolean": bool}
    kind = kinds.get(_kind(part))
    if kind is None:
        return None
    lengths = {name: part[name] for name in _LENGTHS & set(part)}
    if lengths:
        limit = msgspec.Meta(max_length=lengths.get("maxLength"), min_length=lengths.get("minLength"))
        kind = Annotated[str, limit]
    return kind if part["type"] == _kind(part) or "null" not in part["type"] else kind | None
