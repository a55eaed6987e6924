"""Nothing from data changes a filter, an address, an XML document, a file of rows, a path, a statement or a screen."""

from __future__ import annotations

import csv
import io
import re
import sqlite3
from contextlib import closing
from datetime import date, datetime, timezone
from decimal import Decimal
from itertools import product
from urllib.parse import parse_qsl, urlsplit

import click
import pytest
from click.testing import CliRunner
from hostile import texts
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from lxml import etree

from connector_kit.audit import Trail, display
from connector_kit.audit.command import cli as audit
from connector_kit.audit.export import ExportedRecord
from connector_kit.audit.keys import key_text
from connector_kit.audit.types import Rejected
from connector_kit.commands import say
from connector_kit.coordination import connect
from connector_kit.documents.model import Document, Line
from connector_kit.errors import ConnectorError
from connector_kit.mapping.values import Unmappable
from connector_kit.odata.client import address
from connector_kit.odata.filters import AllOf, AnyOf, Compare, odata_filter
from connector_kit.odata.literals import Exact, literal
from connector_kit.odata.moments import key_value, value_of_text
from connector_kit.redaction import MASK, printable, redact
from connector_kit.sap.journal_entries import Form, faults, request
from connector_kit.sap.journal_fields import layout
from connector_kit.syspro import comfnd, writing
from connector_kit.syspro.writing import character_fault
from target_anaplan.rows import FileFormat, block_writer, line_writer

RUNS = settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
FEW = settings(RUNS, max_examples=20)
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")

EDM = (
    "",
    "Edm.String",
    "Edm.Guid",
    "Edm.DateTime",
    "Edm.DateTimeOffset",
    "Edm.Date",
    "Edm.Time",
    "Edm.Decimal",
    "Edm.X",
)
VERSIONS = ("2.0", "4.0")
DATES = ("offset", "date", "quoted")
# One value: a text in quotes, with a prefix or without; a number, day, moment or id without.
LITERAL = re.compile(
    r"(?:[a-z]+)?'(?:[^']|'')*'|null|true|false|-?[\d.]+[MLdf]?|[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
    r"|\d{4,}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?)?|\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?",
    re.DOTALL,
)


class TestFilters:
    """OData's `$filter`: each value stays one literal, whatever the metadata say of its type."""

    @RUNS
    @given(
        texts(), st.sampled_from(EDM), st.sampled_from(["2.0", "4.0"]), st.sampled_from(["offset", "date", "quoted"])
    )
    @example("' or 1 eq 1 or '", "Edm.Guid", "2.0", "offset")
    @example("1) or (1 eq 1", "Edm.Guid", "4.0", "offset")
    def test_a_text_is_one_literal(self, text, edm, version, dates):
        for value in (text, Exact(text)):
            written = literal(value, edm, version=version, dates=dates)
            assert LITERAL.fullmatch(written), written

    @RUNS
    @given(texts(), st.sampled_from(["date", "timestamp", "time", "string"]))
    @example("2026-01-31T00:00:00.1234567 or 1 eq 1", "timestamp")
    @example("10:00:00.1234567' or 'a' eq 'a", "time")
    def test_a_position_that_a_state_or_a_row_names_is_one_literal(self, text, kind):
        for read in (value_of_text, key_value):
            try:
                value = read(text, kind) if kind != "string" else text
            except (ValueError, OverflowError):
                continue
            for version, dates in product(VERSIONS, DATES):
                written = literal(value, "Edm.DateTimeOffset", version=version, dates=dates)
                assert LITERAL.fullmatch(written), written

    @RUNS
    @given(st.lists(texts(), min_size=2, max_size=3))
    def test_a_filter_has_the_conditions_that_it_was_made_of(self, values):
        condition = AnyOf((AllOf(tuple(Compare("A", "eq", value) for value in values)), Compare("B", "gt", values[0])))
        text = odata_filter(condition, lambda _, value: literal(value, version="2.0"))
        bare = re.sub(r"'(?:[^']|'')*'", "''", text)
        assert bare == f"({' and '.join(['A eq ' + repr('')] * len(values))}) or B gt ''"
        asked = urlsplit(address("https://erp.example/Set", {"$filter": text, "$top": "1"}))
        assert parse_qsl(asked.query, keep_blank_values=True) == [("$filter", text), ("$top", "1")]
        assert (asked.netloc, asked.path, asked.fragment) == ("erp.example", "/Set", "")

    @pytest.mark.parametrize("value", [Decimal("-1.50"), 7, True, None, date(2026, 1, 31), b"\xff'"])
    def test_other_values_are_one_literal(self, value):
        for edm, version in product(EDM, VERSIONS):
            assert LITERAL.fullmatch(literal(value, edm, version=version))
        moment = datetime(2026, 1, 31, 23, 59, tzinfo=timezone.utc)
        assert LITERAL.fullmatch(literal(moment, "Edm.DateTimeOffset", version="4.0"))


CONTROLS = "".join(map(chr, [*range(9), 11, 12, *range(14, 32)])) + "\ufffe\uffff"


class TestDocuments:
    """XML that goes to SYSPRO and SAP: the same elements whatever stands in them, and the same text."""

    @RUNS
    @given(texts(without=CONTROLS))
    def test_a_query_of_tables(self, text):
        where = [[comfnd.Condition("A", "EQ", text), comfnd.Condition("B", "GT", "1")]]
        root = etree.fromstring(comfnd.build("ArCustomer", ["A", "B"], where, ["A"], 10))
        assert [str(one.tag) for one in root.iter()] == [
            *("Query", "TableName", "ReturnRows", "Columns", "Column", "Column", "Where"),
            *("Expression", "OpenBracket", "AndOr", "Column", "Condition", "Value", "CloseBracket") * 2,
            *("OrderBy", "Column"),
        ]
        assert root.findtext(".//Value") == re.sub("\r\n?", "\n", text)

    @RUNS
    @given(texts())
    def test_a_name_that_is_none_makes_no_query(self, name):
        if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*\+?", name):
            return
        for table, column in ((name, "A"), ("ArCustomer", name)):
            with pytest.raises(ConnectorError):
                comfnd.build(table, [column], [], [], 10)

    @RUNS
    @given(texts())
    def test_a_transaction(self, text):
        nodes = [("Item", [("Reference", text), ("Notation", text)])]
        document = writing.write("PostGlJournal", "X.XSD", nodes)
        root = etree.fromstring(document)
        assert [str(one.tag) for one in root.iter()] == ["PostGlJournal", "Item", "Reference", "Notation"]
        if not character_fault(text):
            assert root.findtext(".//Reference") == re.sub("\r\n?", "\n", text) or "\r" in text
        whole = etree.fromstring(writing.large_post({"UserId": "1", "XmlIn": document}))
        assert [one.text for one in whole] == ["1", document]

    @RUNS
    @given(texts())
    def test_a_journal_entry(self, text):
        """Texts that XML can't carry are refused before, in words."""
        form = Form(layout(), dict.fromkeys(("document_type", "created_by"), "1"), {}, {})
        line = Line("61003000", Decimal("1.00"), "EUR", (("text", text),), (0,))
        document = Document(
            scope=(),
            key=(text,),
            kind="plan",
            header={"company_code": "1010", "text": text},
            posting_date=date(2026, 11, 30),
            document_date=date(2026, 11, 22),
            year="2026",
            period="11",
            lines=(line,),
            reference="A1",
        )
        if any("signs that XML can't carry" in found.text for found in faults(form, document)):
            return
        content = request(form, [document], now=datetime(2026, 11, 22, tzinfo=timezone.utc)).content
        root = etree.fromstring(content)
        assert len(list(root.iter("JournalEntry"))) == 1
        assert {one.text for one in root.iter("DocumentItemText")} <= {re.sub("\r\n?", "\n", text), text}


FORMS = [
    FileFormat(("A", "B", "C"), separator, delimiter)
    for separator, delimiter in ((",", '"'), (";", "'"), ("\t", '"'), ("|", ""))
]


class TestRows:
    """The files that Anaplan imports: a row is one line, and its cells come out as they went in."""

    @RUNS
    @given(st.lists(st.tuples(texts(), texts(), texts()), min_size=1, max_size=4), st.sampled_from(FORMS))
    def test_cells_come_back_as_they_were(self, rows, form):
        write = line_writer(form)
        try:
            lines = [write(row) for row in rows]
        except Unmappable:
            assert not form.delimiter
            return
        assert block_writer(form)(list(zip(*rows, strict=True))) == lines
        assert not [line for line in lines if "\n" in line or "\r" in line]
        hidden = [line.replace("\0", "\ue000") for line in lines]  # before Python 3.11 csv reads no NUL
        quoting = {"quotechar": form.delimiter} if form.delimiter else {"quoting": csv.QUOTE_NONE}
        read = list(csv.reader(hidden, delimiter=form.separator, **quoting))
        expected = [[re.sub("\r\n|\r|\n", " ", cell).replace("\0", "\ue000") for cell in row] for row in rows]
        assert read == expected

    @RUNS
    @given(texts(), texts())
    def test_what_people_open_in_a_spreadsheet_holds_no_formula(self, key, message):
        """`audit export --format csv`. What goes to Anaplan stays as it is: it takes no cell of an import for one."""
        record = ExportedRecord("r", "b", "ERP", key, "a", 0, key, "rejected", 0.0, [], key, message)
        out = io.StringIO()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("sys.stdout", out)
            display.csv([record], ExportedRecord.__struct_fields__)
        (_, row) = list(csv.reader(io.StringIO(out.getvalue())))
        for cell in row:
            assert not re.match(r"\s*[=+\-@＝＋－＠]", cell) or re.fullmatch(r"[+-]?\d[\d.,]*", cell), cell
            assert not UNSEEN.search(cell.replace("\n", "").replace("\t", ""))


class TestPaths:
    """No name of a lock, stream or run is part of a path."""

    @FEW
    @given(texts())
    def test_a_lock_makes_files_beside_its_database_only(self, tmp_path_factory, name):
        folder = tmp_path_factory.mktemp("locks")
        (folder / "here").mkdir()
        with (
            connect(f"sqlite:///{folder}/here/c.db") as coordinator,
            coordinator.lock(name, purpose=name, wait_seconds=0),
        ):
            names = [path.name for path in (folder / "here").iterdir()]
        assert [path.name for path in folder.iterdir()] == ["here"]
        assert all(re.fullmatch(r"c\.db(-wal|-shm|\.[0-9a-f]{24}\.lock)?", one) for one in names), names


def record(url, text):
    """A run whose every text is `text`; what was stored of it."""
    with Trail.open(url) as trail:
        run = trail.begin_run(plugin="target", version="1", destination=text)
        batch = run.begin_batch(
            system=text, stream=text, scope="s", action=text, schema=b"{}", key_properties=["k"], deletes=False
        )
        batch.reject_invalid([Rejected(None, key_text([text]), text, text, payload=b'{"k": 1}')])
        batch.settle(outcome="unchanged")
        run.finish("failed", text)
        with trail.database.reading() as connection:
            return connection.rows("SELECT stream, system, action FROM audit_batches ORDER BY no DESC LIMIT 1")[0]


class TestStatements:
    """SQL: every value is a parameter."""

    @FEW
    @given(texts())
    def test_a_trail_keeps_texts_as_they_are(self, tmp_path_factory, text):
        path = tmp_path_factory.getbasetemp() / "hostile.db"
        assert set(record(f"sqlite:///{path}", text).values()) <= {text, redact(text)}
        with closing(sqlite3.connect(path)) as database:
            tables = database.execute("SELECT count(*) FROM sqlite_master WHERE name LIKE 'audit_%'").fetchone()[0]
        assert tables > 10

    @FEW
    @given(texts())
    @example("a\x00b")
    def test_a_trail_in_postgresql_does_too_and_a_nul_ends_no_run(self, postgres_url, text):
        kept = text.replace("\0", "\\u0000")
        assert set(record(postgres_url, text).values()) <= {kept, redact(kept)}


class TestScreens:
    """Terminals: no cursor is moved, no line forged, no colour changed, by what systems call things."""

    @settings(FEW, max_examples=8)
    @given(texts(without="\0"))
    def test_tables_for_people(self, tmp_path_factory, text):
        url = f"sqlite:///{tmp_path_factory.getbasetemp()}/screens.db"
        record(url, text)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(display.sys, "stdout", Terminal())
            for words in (["runs"], ["show", "last"], ["failures"], ["record", "--", text or "x", "no such key"]):
                with patch.context() as inner:
                    out = Terminal()
                    inner.setattr("sys.stdout", out)
                    inner.setattr("sys.stderr", out)
                    audit.main(["--url", url, *words], standalone_mode=False)
                said = re.sub(r"\x1b\[[\d;]*m", "", out.getvalue())  # colours of our own
                assert not UNSEEN.search(said.replace("\r", "")), repr(said)

    @RUNS
    @given(texts())
    def test_a_line_stays_one(self, text):
        result = CliRunner().invoke(_said(text))
        assert result.output.count("\n") <= 1 + text.count("\n- ")
        assert not UNSEEN.search(result.output)
        assert MASK not in printable(text)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def _said(text):
    return click.Command("x", callback=lambda: say(text))
