"""Whole numbers in texts of others: what is none is none, and no digit of another script ends a run."""

from __future__ import annotations

import pytest

from connector_kit.documents.periods import FiscalYear
from connector_kit.mapping.filters import FilterError, make
from connector_kit.mapping.values import Unmappable, month
from connector_kit.numerals import whole
from connector_kit.odata.metadata import parse_metadata
from connector_kit.syspro import results
from connector_kit.syspro.comfnd import rows_of
from connector_kit.syspro.find import same
from connector_kit.syspro.xml import parse

STRANGE = ("\u00b2", "\u0663", "9" * 5000, "-1", "1.0", "", " ", "1_0")


@pytest.mark.parametrize("text", STRANGE)
def test_what_is_no_whole_number_is_none_and_no_error(text):
    assert whole(text) is None
    assert (whole("0"), whole("007"), whole("12")) == (0, 7, 12)


@pytest.mark.parametrize("text", ["\u00b2", "9" * 5000])
def test_systems_may_write_any_digits(text):
    facet = f'<Property Name="A" Type="Edm.String" MaxLength="{text}"/>'
    schema = f'<Schema Namespace="S"><EntityType Name="T">{facet}</EntityType><EntityContainer Name="C">'
    edmx = f'<Edmx Version="4.0">{schema}<EntitySet Name="Ts" EntityType="S.T"/></EntityContainer></Schema></Edmx>'
    [field] = parse_metadata(edmx.encode()).entity_sets["Ts"].properties
    assert field.max_length is None
    answer = results.read(
        parse(f"<a><item><Journal>{text}</Journal></item><StatusOfItems><X>{text}</X></StatusOfItems></a>")
    )
    assert (answer.number("journal"), answer.counts) == ("", {})
    assert rows_of(parse(f"<a><RowsReturned>{text}</RowsReturned></a>"), ["A"]) == []
    assert same(text, text)


@pytest.mark.parametrize("text", ["\u00b2", "9" * 5000])
def test_settings_and_records_with_such_digits_are_refused_in_words(text):
    for words in (("truncate", [text]), ("part", ["-", text])):
        with pytest.raises(FilterError):
            make(*words)
    with pytest.raises(Unmappable):
        FiscalYear().month_of(text, "1")
    with pytest.raises(Unmappable):
        month("%b %y", start_month=1, named_by="end")(["2026"], [text])
