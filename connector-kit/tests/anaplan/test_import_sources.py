from __future__ import annotations

import pytest

from connector_kit.anaplan.import_source import python_codec
from connector_kit.errors import ConfigurationError

SOURCE = {
    "textEncoding": "ISO-8859-1",
    "columnSeparator": ";",
    "textDelimiter": '"',
    "headerRow": 1,
    "firstDataRow": 2,
    "decimalSeparator": ",",
    "headerNames": ["Code", None, "Name"],
    "columnCount": 3,
}


@pytest.fixture
def serve(fake, root):
    def serving(metadata, data_source="113000000001", files=({"id": "113000000001", "name": "suppliers.csv"},)):
        row = {"id": "112000000001", "name": "Suppliers", "importType": "HIERARCHY_DATA"}
        fake.on("GET", f"{root}/imports", {"imports": [{**row, "importDataSourceId": data_source}]})
        fake.on("GET", f"{root}/files", {"files": list(files)})
        fake.on("GET", f"{root}/imports/112000000001", {"importMetadata": metadata})

    return serving


def test_the_source_of_an_import_tells_how_its_file_is_written(serve, model):
    serve({"name": "Suppliers", "type": "FILE", "source": SOURCE})
    source = model.import_source("Suppliers")
    assert (source.file_id, source.file_name) == ("113000000001", "suppliers.csv")
    assert (source.separator, source.delimiter, source.encoding) == (";", '"', "iso8859-1")
    assert (source.header_row, source.first_data_row, source.decimal_separator) == (1, 2, ",")
    assert source.header_names == ("Code", "", "Name")


def test_no_delimiter_and_no_header_are_kept_as_they_are(serve, model):
    serve({"type": "FILE", "source": {**SOURCE, "textDelimiter": "", "headerRow": -1, "firstDataRow": 0}})
    source = model.import_source("112000000001")
    assert (source.delimiter, source.header_row, source.first_data_row) == ("", -1, 0)


def test_what_the_import_does_not_tell_is_taken_from_its_file(serve, model):
    file = {"id": "113000000001", "name": "s.csv", "separator": "\t", "delimiter": "'", "encoding": "UTF-16LE"}
    serve({"type": "FILE", "source": {"headerNames": ["Code"]}}, files=[{**file, "headerRow": 1, "firstDataRow": 2}])
    source = model.import_source("Suppliers")
    assert (source.separator, source.delimiter, source.encoding) == ("\t", "'", "utf-16-le")
    assert (source.header_row, source.first_data_row, source.decimal_separator) == (1, 2, ".")


@pytest.mark.parametrize(
    ("metadata", "data_source", "words"),
    [
        ({"type": "MODEL"}, "", "one that reads a model"),
        ({"type": "MODULE"}, "102000000001", "one that reads a module"),
        ({"type": "FILE", "source": SOURCE}, "", "one without a file"),
        ({"type": "FILE", "source": SOURCE}, "113000000999", "no such file that this user sees"),
        ({"type": "FILE", "source": {**SOURCE, "textEncoding": "X-KLINGON"}}, "113000000001", "X-KLINGON"),
    ],
)
def test_an_import_that_can_not_be_fed_is_refused_with_the_reason(serve, model, metadata, data_source, words):
    serve(metadata, data_source)
    with pytest.raises(ConfigurationError, match=words) as error:
        model.import_source("Suppliers")
    assert "model Finance Hub, import Suppliers" in str(error.value)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("UTF-8", "utf-8"),
        ("", "utf-8"),
        ("UTF-16LE", "utf-16-le"),
        ("UTF-16BE", "utf-16-be"),
        ("windows-1252", "cp1252"),
        ("Cp1252", "cp1252"),
        ("US-ASCII", "ascii"),
        ("x-MacRoman", "mac-roman"),
        ("Shift_JIS", "shift_jis"),
    ],
)
def test_encodings_have_pythons_names(theirs, ours):
    assert python_codec(theirs, "import") == ours


def test_the_steps_of_a_process_come_in_order(fake, model, root):
    fake.on("GET", f"{root}/processes", {"processes": [{"id": "118000000001", "name": "Load AP Invoices"}]})
    steps = [
        {"id": 112000000007, "name": "List", "actionType": "IMPORT", "importDataSourceId": "113000000001"},
        {"id": "117000000001", "name": "Delete", "actionType": "DELETE_BY_SELECTION"},
    ]
    fake.on("GET", f"{root}/processes/118000000001", {"processMetadata": {"name": "x", "actions": steps}})
    found = model.process_steps("load ap invoices")
    assert [(step.id, step.action_type, step.import_data_source_id) for step in found] == [
        ("112000000007", "IMPORT", "113000000001"),
        ("117000000001", "DELETE_BY_SELECTION", ""),
    ]
