"""Anaplan: lists of objects, tasks and their counts, dumps, exports, values of cells, tokens, certificates."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from fuzz.answers import OneAnswer, with_headers
from fuzz.target import fuzzed

from connector_kit.anaplan import oauth, token_service
from connector_kit.anaplan.accounting import account
from connector_kit.anaplan.cells import Notation, converter
from connector_kit.anaplan.certificate import load
from connector_kit.anaplan.counts import counts_of
from connector_kit.anaplan.dumps import parse_dump
from connector_kit.anaplan.errors import classify
from connector_kit.anaplan.ids import find, looks_like_guid, model_id, workspace_id
from connector_kit.anaplan.import_source import python_codec
from connector_kit.anaplan.lists import ListItems
from connector_kit.anaplan.model import ModelClient
from connector_kit.anaplan.objects import ListItem
from connector_kit.anaplan.reading import number, share
from connector_kit.anaplan.results import read_result, read_task
from connector_kit.anaplan.tables import Table, TextForm, form_of
from connector_kit.errors import ConnectorError
from connector_kit.http import Unreadable
from connector_kit.http.tokens import Token
from sandbox.core.certificate import make

_DETAIL = {
    "type": "hierarchyRowsProcessedWithFailures",
    "localMessageText": "Suppliers: 1,090 (10/80) rows successful, 3 (1/2) rows has warnings, 2 failed, 5 ignored ",
    "occurrences": 1,
    "values": ["hierarchyName", "Suppliers", "successRowCount", "90", "failedCount", "2", "totalRowCount", "100"],
}
TASK = {
    "task": {
        "taskId": "ABC",
        "taskState": "COMPLETE",
        "progress": 1.0,
        "currentStep": "Complete.",
        "creationTime": 1764460800000,
        "result": {"successful": True, "failureDumpAvailable": True, "details": [_DETAIL], "objectId": "112000000001"}
        | {"nestedResults": [{"objectId": "112000000002", "successful": False, "details": [_DETAIL]}]},
    }
}
_TOKENS = [
    b'"taskState": "COMPLETE"',
    b'"values": [',
    b'"totalRowCount"',
    b"1,000",
    b'"paging": {',
    b'"next": "x"',
    b'"totalSize": 9e99',
]


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


@fuzzed(
    "anaplan/task",
    json.dumps(TASK),
    json.dumps({"task": {"taskState": "CANCELLED", "result": None}}),
    expected=[Unreadable],
    tokens=_TOKENS,
)
def task(data: bytes) -> None:
    body = OneAnswer(data).json("GET", "/x", what="task")
    found = read_task({"taskId": "T", **(body.get("task") if isinstance(body.get("task"), dict) else {})})
    result = read_result(found, kind="import", object_id="112", what="import X")
    str(result.problem), result.rejected, result.only_rejected
    for sent in (0, 1, 100):
        account(result.counts, sent, in_module=True)
        account(counts_of(result.details), sent)
    result.check()


@fuzzed("anaplan/number", "5", "1,000", "1e5", "-1", "0.5", "1764460800000")
def numbers(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    for value in (text, _json(data)):
        number(value)
        share(value)
    read_task({"creationTime": text, "progress": text})
    read_task({"creationTime": _json(data), "progress": _json(data)})


def _listing(name: str, **row: object) -> str:
    return json.dumps(
        {
            "meta": {"paging": {"currentPageSize": 1, "totalSize": 1, "offset": 0}},
            name: [{"id": "112000000001", "name": "X", **row}],
        }
    )


@fuzzed(
    "anaplan/objects",
    _listing("imports", importDataSourceId="113000000001", importType="MODULE_DATA"),
    _listing("files", chunkCount=1, separator=",", delimiter='"', encoding="UTF-8", headerRow=1, firstDataRow=2),
    _listing("exports", exportFormat="text/csv") + "",
    json.dumps(
        {"importMetadata": {"type": "FILE", "source": {"headerNames": ["A"], "textEncoding": "UTF-8", "headerRow": 1}}}
    ),
    json.dumps(
        {
            "exportMetadata": {
                "headerNames": ["A"],
                "dataTypes": ["NUMBER"],
                "separator": ",",
                "delimiter": '"',
                "encoding": "UTF-8",
            }
        }
    ),
    json.dumps({"processMetadata": {"actions": [{"id": "112000000001", "name": "X", "actionType": "IMPORT"}]}}),
    json.dumps({"rows": [{"id": "1", "name": "A"}], "columns": [{"id": "20000000012", "name": "Line Items"}]}),
    json.dumps(
        {
            "metadata": {
                "id": "101",
                "itemCount": 5,
                "numberedList": "true",
                "properties": [{"name": "P", "format": "TEXT"}],
            }
        }
    ),
    json.dumps(
        {
            "items": [
                {
                    "id": "1",
                    "name": "LI",
                    "format": "NUMBER",
                    "formatMetadata": {"dataType": "NUMBER"},
                    "appliesTo": [{"name": "L"}],
                }
            ]
        }
    ),
    json.dumps(
        {
            "model": {"id": "A" * 32, "name": "M", "activeState": "UNLOCKED"},
            "requestStatus": {"taskId": "1", "tooltip": "x"},
        }
    ),
    expected=[Unreadable],
    tokens=[
        *_TOKENS,
        b'"id": null',
        b'"id": {}',
        b'"textEncoding": "idna"',
        b'"textEncoding": "hex"',
        b'"textEncoding": "\\u0000"',
        b'"separator": ""',
    ],
)
def objects(data: bytes) -> None:
    def model() -> ModelClient:
        return ModelClient(OneAnswer(data), None, workspace_id="a" * 32, model_id="A" * 32, name="M")  # type: ignore[arg-type]

    for read in (
        lambda one: one.imports(),
        lambda one: one.files(),
        lambda one: one.find_export("x"),
        lambda one: one.import_source("112000000001"),
        lambda one: one.process_steps("112000000001"),
        lambda one: form_of(one.export_metadata("112000000001"), "export X"),
        lambda one: one.reads.details(),
        lambda one: one.reads.processing(),
        lambda one: [each.kind for each in one.reads.line_items()],
        lambda one: one.reads.find_view("1", "x"),
        lambda one: one.reads.axes("1").dimensions,
        lambda one: [each.kind for each in one.reads.list_metadata("1").properties],
        lambda one: one.reads.items("1", "x"),
        lambda one: one.reads.tasks("import", "112", "x"),
        lambda one: one.reads.task("import", "112", "T", "x"),
        lambda one: list(one.download("116000000001")),
        lambda one: list(one.dump("import", "112000000001", "T")),
    ):
        try:
            read(model())
        except (ConnectorError, Unreadable):
            continue


@fuzzed(
    "anaplan/list-items",
    json.dumps(
        {
            "listItems": [
                {"id": "1", "code": "A", "name": "A", "parent": "P", "properties": {"X": "1"}, "subsets": {"S": True}}
            ]
        }
    ),
    json.dumps(
        {
            "added": 1,
            "ignored": 1,
            "failures": [{"requestIndex": 1, "failureType": "DUPLICATE", "failureMessageDetails": "there"}],
        }
    ),
    json.dumps({"result": {"numberOfItemsDeleted": 1}}),
    expected=[Unreadable],
    tokens=[b'"requestIndex": -1', b'"requestIndex": 99999', b'"added": "2"'],
)
def list_items(data: bytes) -> None:
    items = ListItems(OneAnswer(data), "/items", "list X")
    for act in (items.add, items.update, items.delete):
        outcome = act([{"code": "A"}, {"code": "B"}])
        assert outcome.sent == 2
        assert all(-1 <= failure.index < 2 for failure in outcome.failures)
    assert all(isinstance(each, ListItem) for each in items.read())


DUMP = '"Code","Name","_Line_","_Error_1_","_Error_2_"\n"A","x ""y""","3","Invalid code",""\n"B","","4","No parent","Twice"\n'


@fuzzed(
    "anaplan/dump",
    DUMP,
    DUMP.encode("utf-16"),
    DUMP.replace(",", "\t").encode("cp1252"),
    expected=[csv.Error],
    tokens=[b"_Line_", b"_Error_9_", b'""'],
)
def dump(data: bytes) -> None:
    found = list(parse_dump([data]))
    # Chunks are cut anywhere.
    cut = len(data) // 3
    assert found == list(parse_dump([data[:cut], data[cut : cut + 1], b"", data[cut + 1 :]]))
    for row in found:
        assert row.line is None or row.line >= 0


TABLE = 'Code,Amount,Open\r\nA,1.50,true\r\n"B, ""x""",-2,false\r\n'


@fuzzed("anaplan/table", TABLE, TABLE.encode("utf-8-sig"), 'A\r\n1\r\n\r\n""\r\n', tokens=[b'"', b"\r", b"\x00"])
def table(data: bytes) -> None:
    for form in (TextForm(), TextForm("\t", ""), TextForm(";", "'", "utf-16"), TextForm(",", '"', "cp1252")):
        try:
            made = Table(io.BytesIO(data), form, "export X")
            rows = list(made.blocks(2))
            made.check(["Code", "Amount", "Open"])
        except ConnectorError:
            continue
        assert all(len(block) == len(made.header) for block in rows)


@fuzzed(
    "anaplan/cells",
    "1.5\n-2\n\n1e5",
    "true\nFALSE\n",
    "2026-11-30\n30/11/2026\n",
    "NaN\n1",
    tokens=[b"Infinity", b"1_0", b"\xd9\xa3", b"9999-99-99", b"0000-01-01"],
)
def cells(data: bytes) -> None:
    column = data.decode("utf-8", "replace").split("\n")
    for kind in ("number", "boolean", "date", "text", "period", "item"):
        for notation in (Notation(), Notation(",", ".", "dd/MM/yyyy"), Notation(".", " ", "d MMM yy")):
            try:
                made = converter(kind, notation, "column X")(column, 7)
            except ConnectorError:
                continue
            assert len(made) == len(column)
            if kind == "number":
                assert all(one is None or one.is_finite() for one in made)


@fuzzed("anaplan/date-format", "dd/MM/yyyy", "yyyy-MM-dd", "d MMM yy", tokens=[b"yy", b"M", b"%", b"%%", b"%Y", b"d"])
def date_format(data: bytes) -> None:
    form = data.decode("utf-8", "replace")
    read = converter("date", Notation(date_format=form), "column X")
    for text in ("2026-11-30", "30/11/2026", "30 Nov 26"):
        try:
            read([text], 0)
        except ConnectorError:
            continue


@fuzzed(
    "anaplan/codec",
    "UTF-8",
    "windows-1252",
    "x-MacRoman",
    "UnicodeLittleUnmarked",
    "",
    tokens=[b"hex", b"rot13", b"idna", b"punycode", b"unicode_escape", b"undefined", b"zlib"],
)
def codec(data: bytes) -> None:
    name = python_codec(data.decode("utf-8", "replace"), "file X")
    "abc \u00e4".encode(name, "replace").decode(name, "replace")


@fuzzed("anaplan/ids", "A" * 32, "0123-4567 89abcdef", "{abc}", "112000000001")
def ids(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    looks_like_guid(text)
    for read in (workspace_id, model_id):
        try:
            assert len(read(text)) == 32
        except ConnectorError:
            continue
    find([ListItem(id="1", name="Suppliers"), ListItem(id="2", name="Suppliers ")], text, kind="list", where="model M")


TOKEN = {
    "status": "SUCCESS",
    "tokenInfo": {"tokenValue": "abcdefgh", "expiresAt": 1764460800000, "refreshToken": "r" * 9},
}
_TIMES = [
    b'"expiresAt": 1e308',
    b'"expiresAt": "NaN"',
    b'"expires_in": "Infinity"',
    b'"expires_in": -5',
    b'"tokenValue": "a\\r\\nb"',
    b'"interval": 1e300',
]


@fuzzed(
    "anaplan/token",
    '{"status": 201, "headers": {"Date": "x"}}\n' + json.dumps(TOKEN),
    '{"status": 200, "headers": {}}\n{"status": "FAILURE_BAD"}',
    expected=[Unreadable],
    tokens=_TIMES,
)
def token(data: bytes) -> None:
    answer = with_headers(data)
    found = token_service.classify_login(answer, "login")
    if found is not None:
        raise found
    made = token_service.read_token(answer, "login")
    _usable(made)


@fuzzed(
    "anaplan/oauth",
    '{"status": 200, "headers": {}}\n{"access_token": "abcdefgh", "refresh_token": "ijklmnop", "expires_in": 2100}',
    '{"status": 401, "headers": {}}\n{"error": "invalid_grant", "error_description": "used"}',
    '{"status": 200, "headers": {}}\n{"device_code": "abcdefgh", "user_code": "X", "verification_uri": "https://x", "interval": 5}',
    expected=[Unreadable],
    tokens=_TIMES,
)
def oauth_answer(data: bytes) -> None:
    answer = with_headers(data)
    for read in (oauth._read_grant, oauth._read_device, oauth._read_refresh):
        try:
            found = read(answer)
        except (ConnectorError, Unreadable):
            continue
        if isinstance(found, oauth.OAuthTokens):
            _usable(Token.lasting(found.access_token, found.expires_in))


def _usable(made: Token) -> None:
    assert made.value
    assert made.refresh_at == made.refresh_at, "a token that is never refreshed: its end is no number"


@fuzzed(
    "anaplan/error",
    '{"status": 404, "headers": {}}\n{"status": {"code": 404, "message": "Not found"}, "path": "/x"}',
    '{"status": 429, "headers": {"Retry-After": "5"}}\n{"message": {}}',
)
def error(data: bytes) -> None:
    found = classify(with_headers(data), "object X")
    if found is not None:
        raise found


_, _CERTIFICATE, _KEY = make("fuzz")


@fuzzed(
    "anaplan/certificate",
    _CERTIFICATE + _KEY,
    _KEY + _CERTIFICATE + _CERTIFICATE,
    tokens=[b"-----BEGIN CERTIFICATE-----", b"-----END", b"ENCRYPTED", b"\\n", b"RSA "],
    share=0.3,
)
def certificate(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    if "-----BEGIN" not in text:
        text = f"-----BEGIN {text}"
    for password in (None, "x"):
        try:
            load(text, None, password).proof()
        except ConnectorError:
            continue
    load(_CERTIFICATE.decode(), text)
