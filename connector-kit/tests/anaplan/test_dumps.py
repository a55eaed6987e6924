from __future__ import annotations

import codecs
import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_kit.anaplan import DumpRow, NoDumpError
from connector_kit.anaplan.dumps import parse_dump, sniff_separator
from connector_kit.errors import RefusedError

IMPORT, TASK = "112000000001", "1B1D84DDD53847BAA621810B593C3FC1"
TAB_DUMP = (
    '"Column 1"\t"Column 2"\t"_Line_"\t"_Error_1_"\n'
    '"_Item_"\t""\t"12"\t"Invalid name: _Item_"\n'
    '"Item 9"\t"a"\t"11"\t"Invalid number: a"\n'
)

cells = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)


def written(names, rows, separator=","):
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(rows)
    return out.getvalue()


def cut(data, at):
    places = sorted({min(place, len(data)) for place in at})
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


def test_a_dump_is_read_by_its_columns():
    assert list(parse_dump([TAB_DUMP.encode()])) == [
        DumpRow(12, {"Column 1": "_Item_", "Column 2": ""}, ("Invalid name: _Item_",)),
        DumpRow(11, {"Column 1": "Item 9", "Column 2": "a"}, ("Invalid number: a",)),
    ]


@given(
    rows=st.lists(st.tuples(cells, cells, st.integers(1, 10**9), cells, cells), max_size=8),
    separator=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]),
    places=st.lists(st.integers(0, 600), max_size=12),
)
def test_chunks_may_cut_a_dump_anywhere(rows, separator, encoding, places):
    text = written(["Co,d;e", "Name", "_Line_", "_Error_1_", "_Error_2_"], rows, separator)
    read = list(parse_dump(cut(text.encode(encoding), places)))
    assert [(row.values["Co,d;e"], row.values["Name"], row.line) for row in read] == [row[:3] for row in rows]
    assert [row.errors for row in read] == [tuple(filter(None, row[3:])) for row in rows]


def test_a_dump_in_a_western_encoding_stays_readable():
    text = written(["Code", "Name", "_Line_", "_Error_1_"], [["S1", "Müller & Söhne", "2", "Invalid parent: Köln"]])
    (row,) = parse_dump([text.encode("cp1252")])
    assert row.values["Name"] == "Müller & Söhne"
    assert row.errors == ("Invalid parent: Köln",)


def test_line_breaks_and_strange_characters_inside_a_value_stay():
    value = 'two\nlines, "quoted"\u2028and\x85more'
    (row,) = parse_dump([written(["Name", "_Line_", "_Error_1_"], [[value, "2", "x"]]).encode()])
    assert row.values == {"Name": value}


def test_windows_line_ends_a_missing_last_one_and_short_rows_are_read():
    data = b'Code,Name,_Line_,_Error_1_,_Error_2_\r\nA,"x",2,bad\r\n\r\nB,y,3,worse,worst'
    assert [(r.line, r.values["Code"], r.errors) for r in parse_dump([data])] == [
        (2, "A", ("bad",)),
        (3, "B", ("worse", "worst")),
    ]


def test_errors_come_in_their_order_and_a_dump_without_lines_has_none():
    rows = list(parse_dump([b"_Error_10_;_Error_2_;Code\nlast;first;A\n"]))
    assert rows == [DumpRow(None, {"Code": "A"}, ("first", "last"))]


@pytest.mark.parametrize("data", [b"", b"\n", b"a"])
def test_next_to_nothing_is_no_rows(data):
    assert list(parse_dump([data])) == []


@pytest.mark.parametrize(
    ("header", "separator"),
    [('"a,b,c,d";"e"', ";"), ("Code|Name,x|y", "|"), ("Code", ","), ('"x"^"_Line_"^"_Error_1_"', "^")],
)
def test_the_separator_is_found_out(header, separator):
    assert sniff_separator(header) == separator


@pytest.fixture
def dump_path(root):
    return f"{root}/imports/{IMPORT}/tasks/{TASK}/dump"


def test_the_chunks_of_a_dump_are_put_together(fake, model, dump_path, reply):
    data = TAB_DUMP.encode()
    fake.on("GET", f"{dump_path}/chunks", {"chunks": [{"id": "0"}, {"id": "1"}]})
    fake.on("GET", f"{dump_path}/chunks/0", reply(200, data[:70]))
    fake.on("GET", f"{dump_path}/chunks/1", reply(502), reply(200, data[70:]))
    assert [row.line for row in model.dump("import", IMPORT, TASK)] == [12, 11]


def test_a_process_keeps_a_dump_per_step(fake, model, root, reply):
    path = f"{root}/processes/118000000001/tasks/{TASK}/dumps/{IMPORT}/chunks"
    fake.on("GET", path, {"chunks": [{"id": "0"}]})
    fake.on("GET", f"{path}/0", reply(200, TAB_DUMP.encode()))
    assert len(list(model.dump("process", "118000000001", TASK, IMPORT))) == 2


def test_an_archived_model_is_not_a_missing_dump(fake, model, dump_path, reply):
    fake.on("GET", f"{dump_path}/chunks", reply(422))
    with pytest.raises(RefusedError, match="archived"):
        model.dump("import", IMPORT, TASK)


@pytest.mark.parametrize("answer", [404, 400, 204, "empty"])
def test_a_missing_dump_is_reported_and_not_taken_for_no_failures(fake, model, dump_path, reply, answer):
    none = reply(200, {"status": {"code": 200}}) if answer == "empty" else reply(answer)
    fake.on("GET", f"{dump_path}/chunks", none)
    with pytest.raises(NoDumpError, match="which rows were rejected can't be read any more"):
        model.dump("import", IMPORT, TASK)


def test_a_dump_that_vanishes_while_it_is_read_is_reported(fake, model, dump_path, reply):
    fake.on("GET", f"{dump_path}/chunks", {"chunks": [{"id": "0"}, {"id": "1"}]})
    fake.on("GET", f"{dump_path}/chunks/0", reply(200, TAB_DUMP.encode()))
    rows = model.dump("import", IMPORT, TASK)
    assert next(rows).line == 12
    with pytest.raises(NoDumpError):
        list(rows)


def test_boms_are_not_part_of_a_name():
    data = codecs.BOM_UTF8 + b"Code,_Line_,_Error_1_\nA,2,x\n"
    assert next(parse_dump([data[:1], data[1:2], data[2:]])).values == {"Code": "A"}


def test_cells_of_any_length_are_read():
    long = "y" * 200_000
    row = next(parse_dump([f'"Code","_Line_","_Error_1_"\n"{long}","2","Invalid name: {long}"\n'.encode()]))
    assert (row.values["Code"], row.line, len(row.errors[0])) == (long, 2, 200_014)
