"""Lines of upload files, read back with Python's csv module."""

from __future__ import annotations

import csv
import gzip
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_kit.mapping.block import RowsBlock
from connector_kit.mapping.columns import Dialect
from connector_kit.mapping.compile import compile_rows
from connector_kit.mapping.values import Unmappable
from target_anaplan.lines import LineMaker
from target_anaplan.mapping.spec import parse
from target_anaplan.rows import FileFormat, block_writer, line_writer
from target_anaplan.spool import Spool, Worker

HEADERS = ("A", "B", "C")
# No NUL: the csv reader of Python 3.10, which the tests read with, refuses it.
any_character = st.characters(codec="utf-8", exclude_characters="\0")
nasty = st.text(st.one_of(st.sampled_from(",;\t|\"' \r\näß€\u2028"), any_character), max_size=8)
tables = st.lists(st.tuples(nasty, nasty, nasty), min_size=1, max_size=6)
formats = st.builds(
    FileFormat,
    headers=st.just(HEADERS),
    separator=st.sampled_from([",", ";", "\t", "|"]),
    delimiter=st.sampled_from(['"', "'"]),
    encoding=st.sampled_from(["utf-8", "utf-16-le", "utf-16"]),
    header_row=st.integers(0, 2),
    first_data_row=st.integers(3, 5),
)


def one_line(cell):
    return cell.replace("\r\n", " ").replace("\r", " ").replace("\n", " ")


def read(text, form):
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=form.separator, quotechar=form.delimiter))


@given(tables, formats)
def test_what_is_written_is_read_back_by_a_csv_reader(table, form):
    lines = block_writer(form)(list(zip(*table, strict=True)))
    assert read("\n".join(lines) + "\n", form) == [[one_line(cell) for cell in row] for row in table]
    assert lines == [line_writer(form)(row) for row in table]


@given(tables, formats)
def test_each_row_is_one_physical_line_of_the_file(table, form):
    text = form.mark + form.preamble() + "\n".join(block_writer(form)(list(zip(*table, strict=True)))) + "\n"
    decoded = text.encode(form.codec).decode("utf-16" if form.encoding == "utf-16" else form.codec)
    lines = decoded.split("\n")[:-1]
    assert len(lines) == form.first_data_row - 1 + len(table)
    if form.header_row:
        assert read(lines[form.header_row - 1], form) == [list(HEADERS)]


@given(st.lists(st.tuples(st.text(st.sampled_from('a," '), max_size=4), st.just("x"), st.just("y")), min_size=1))
def test_without_a_text_delimiter_a_value_with_the_separator_is_refused(table):
    form = FileFormat(HEADERS, delimiter="")
    for row in table:
        if "," in row[0]:
            with pytest.raises(Unmappable) as caught:
                line_writer(form)(row)
            assert caught.value.column == "A"
        else:
            assert line_writer(form)(row) == ",".join(row)


def test_a_blank_cell_in_a_file_of_one_column_is_still_a_row():
    assert block_writer(FileFormat(("A",)))([["", "x"]]) == ['""', "x"]


def test_line_breaks_can_be_refused():
    with pytest.raises(Unmappable, match="a line break"):
        block_writer(FileFormat(("A",)), "reject")([["two\nlines"]])


def maker(form, **columns):
    mappings, faults = parse([{"stream": "s", "import": "i", "columns": columns}])
    assert not faults
    return LineMaker(compile_rows(mappings[0].columns, form.headers, Dialect()), form, "space")


def test_bad_rows_are_set_apart_and_the_others_of_their_block_are_made():
    form = FileFormat(("Code", "Day"), encoding="iso8859-1")
    rows = [("a", "2026-01-01"), ("b", "soon"), ("€", "2026-01-02"), ("d", "2026-01-03")]
    made = maker(form, Code="Code", Day={"field": "Day", "date": "%d.%m.%Y"}).make(
        RowsBlock([{"Code": code, "Day": day} for code, day in rows])
    )
    assert made.lines == ["a,01.01.2026", "d,03.01.2026"]
    assert list(made.kept) == [0, 3]
    told = {at: (problem.column, problem.reason, problem.got) for at, problem in made.refused}
    assert told[1] == ("Day", "not a date YYYY-MM-DD", "text 'soon'")
    assert told[2] == ("Code", "a character that the file's encoding iso8859-1 doesn't have", "text '€'")


@given(tables, formats, st.integers(1, 400))
def test_a_spooled_file_comes_back_row_by_row_from_its_gzip_chunks(tmp_path_factory, table, form, chunk_bytes):
    worker = Worker()
    try:
        spool = Spool(tmp_path_factory.mktemp("spool") / "1", form, worker, chunk_bytes)
        lines = block_writer(form)(list(zip(*table, strict=True)))
        for line in lines:
            spool.write([line], [f"key of {line}"])
        spool.seal()
        assert [spool.key(at) for at in range(len(lines))] == [f"key of {line}" for line in lines]
        assert list(spool.read_rows()) == [[one_line(cell) for cell in row] for row in table]
        assert spool.chunks
    finally:
        worker.stop()


def test_a_big_file_is_cut_into_chunks_of_about_the_size_that_was_set(tmp_path):
    worker = Worker()
    spool = Spool(tmp_path / "1", FileFormat(("A",)), worker, 1_000)
    for _ in range(10):
        spool.write(["x" * 99] * 5, ["k"] * 5)
    spool.seal()
    sizes = [len(gzip.decompress(chunk.path.read_bytes())) for chunk in spool.chunks]
    worker.stop()
    assert sizes == [1002, 1000, 1000, 1000, 1000]


def test_a_defect_in_the_spools_thread_reaches_who_gave_the_job_and_stops_nothing():
    worker = Worker()

    def defect():
        raise LookupError("not foreseen")

    worker.do(defect)
    with pytest.raises(LookupError, match="not foreseen"):
        worker.wait()
    done = []
    worker.do(lambda: done.append(1))
    worker.wait()
    worker.stop()
    assert done == [1]
