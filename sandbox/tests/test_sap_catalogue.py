"""The catalogue of the local S/4HANA: its grammar, and whether it says what SAP's own metadata say.

The comparison wants SAP's files (``<service>.edmx``) in the folder that the environment variable SAP_METADATA_DIR
names; they are not ours to carry, so it is skipped without them.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from lxml import etree

from sandbox.sap.catalogue import SERVICES, grammar
from sandbox.sap.catalogue.tables import initial, merged

SAP = "{http://www.sap.com/Protocols/SAPData}"
FOLDER = os.environ.get("SAP_METADATA_DIR", "")
COMPARED = [
    pytest.param(service, each, id=f"{service.name}/{each.name}")
    for service in SERVICES
    for each in service.sets
    if FOLDER and (Path(FOLDER) / f"{service.name}.edmx").exists()
] or [pytest.param(None, None, marks=pytest.mark.skip("SAP_METADATA_DIR names no folder with SAP's files"))]
KINDS = {
    "string": "String", "decimal": "Decimal", "boolean": "Boolean", "guid": "Guid", "datetimeoffset": "DateTimeOffset",
}  # fmt: skip
DATES = {"2.0": {"date": "DateTime", "time": "Time"}, "4.0": {"date": "Date", "time": "TimeOfDay"}}
LEFT_OUT = {"SAP__Messages", "FactorForConditionBasisValue"}
"""Messages are the protocol's, a double is nothing that a ledger needs."""


def saps_type(service, entity_set):
    tree = etree.parse(str(Path(FOLDER) / f"{service.name}.edmx"), etree.XMLParser(resolve_entities=False))
    name = next(each.get("EntityType") for each in tree.iter("{*}EntitySet") if each.get("Name") == entity_set.name)
    return next(each for each in tree.iter("{*}EntityType") if name.endswith(f".{each.get('Name')}"))


@pytest.mark.parametrize(("service", "entity_set"), COMPARED)
def test_the_catalogue_says_what_saps_metadata_say(service, entity_set):
    theirs = saps_type(service, entity_set)
    assert theirs.get("Name") == entity_set.type_name
    assert tuple(each.get("Name") for each in theirs.iter("{*}PropertyRef")) == entity_set.key
    properties = {each.get("Name"): each for each in theirs.iter("{*}Property")}
    own = {each.name: each for each in entity_set.properties}
    assert set(properties) - set(own) <= LEFT_OUT
    for name in own.keys() & properties.keys():
        ours, real = own[name], properties[name]
        assert real.get("Type") == f"Edm.{ {**KINDS, **DATES[service.version]}[ours.kind] }", name
        assert (real.get("Nullable") != "false") == ours.nullable, name
        if ours.kind == "string":
            assert int(real.get("MaxLength") or 0) <= ours.length, name
        if ours.kind == "decimal":
            scale = "variable" if ours.variable else str(ours.scale)
            assert (real.get("Precision"), real.get("Scale", "0")) == (str(ours.precision), scale), name
        if service.version == "2.0":
            flags = (real.get(f"{SAP}filterable") != "false", real.get(f"{SAP}sortable") != "false")
            assert flags == (ours.filterable, ours.sortable), name
            assert (real.get(f"{SAP}aggregation-role") == "measure") == ours.measure, name


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Name s10 !^", ("string", 10, 0, 0, False)),
        ("Year n4", ("string", 4, 0, 0, True)),
        ("Amount d13.3 FM @Currency", ("decimal", 0, 13, 3, True)),
        ("Price d11.v !", ("decimal", 0, 11, 3, False)),
        ("Changed at7", ("datetimeoffset", 0, 7, 0, True)),
    ],
)
def test_a_line_is_a_property(line, expected):
    made = grammar.property_of(line)
    assert (made.kind, made.length, made.precision, made.scale, made.nullable) == expected


def test_flags_unit_and_column_of_a_property():
    made = grammar.property_of("Amount d13.3 CFSM @Currency =Value")
    assert (made.creatable, made.filterable, made.sortable, made.measure) == (False, False, False, True)
    assert (made.unit, made.stored_as) == ("Currency", "Value")


@pytest.mark.parametrize(("line", "reason"), [("Name s10 Q", "unknown flags Q"), ("Name x10", "unknown type x10")])
def test_a_line_that_is_no_property_is_refused(line, reason):
    with pytest.raises(ValueError, match=reason):
        grammar.property_of(line)


def test_a_table_holds_what_is_finest_among_its_readers():
    def read(*lines):
        return [grammar.property_of(line) for line in lines]

    table = merged("T", ("A",), [read("A s4 !", "Flag s1", "Rate s12"), read("A n5", "Flag bool", "Rate d9.5")])
    assert (table.columns["A"].length, table.columns["A"].numc) == (5, True)
    assert (table.columns["Flag"].kind, table.columns["Rate"].kind) == ("boolean", "decimal")
    with pytest.raises(ValueError, match="one set has date, another boolean"):
        merged("T", ("A",), [read("A date"), read("A bool")])


@pytest.mark.parametrize(
    ("line", "expected"),
    [("X s4", ""), ("X n6", "000000"), ("X d9.2", 0), ("X bool", 0), ("X date", None), ("X time", None),
     ("X time !", "00:00:00"), ("X guid", "00000000-0000-0000-0000-000000000000")],
)  # fmt: skip
def test_initial_values_are_saps(line, expected):
    assert initial(grammar.property_of(line)) == expected
