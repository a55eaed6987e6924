"""A client that none of us wrote reads the local S/4HANA: pyodata, with the policy that forgives nothing."""

from __future__ import annotations

from datetime import datetime, timezone

import pyodata
import pytest
import requests
from pyodata.exceptions import HttpError
from pyodata.v2.model import Config
from pyodata.vendor import SAP

from sandbox.sap.catalogue import SERVICES
from sandbox.tests.sap_services import desk, invoice


@pytest.fixture(scope="module")
def sap():
    with desk() as running:
        running.store.insert("Invoice", *(invoice(n) for n in range(30)))
        items = ((n, place) for n in range(30) for place in (1, 2))
        key = {"FiscalYear": "2026", "GLAccount": "1"}
        running.store.insert(
            "Item", *({**key, "Invoice": f"{5105600000 + n}", "Item": f"{p:06d}", "Amount": n} for n, p in items)
        )
        running.switches.set("page_default", 12)
        yield running


@pytest.fixture(scope="module")
def client(sap):
    return pyodata.Client(f"{sap.two}/", sap.http, config=Config(retain_null=True))


def test_it_reads_the_metadata(client):
    assert {each.name for each in client.schema.entity_sets} == {"A_Invoice", "A_InvoiceItem", "A_Supplier", "A_Line"}
    invoice_type = client.schema.entity_type("A_InvoiceType")
    assert [each.name for each in invoice_type.key_proprties] == ["Invoice", "FiscalYear"]
    assert {each.name for each in invoice_type.nav_proprties} == {"to_Item", "to_Supplier"}
    assert invoice_type.proprty("HeaderText").label == "Text & <more>"


def test_it_reads_an_entity_with_its_types(client):
    found = client.entity_sets.A_Invoice.get_entity(Invoice="5105600003", FiscalYear="2026").execute()
    assert found.PostingDate == datetime(2026, 4, 4, tzinfo=timezone.utc)
    assert found.ChangedAt == datetime(2026, 11, 4, 10, 20, 30, 123_000, tzinfo=timezone.utc)
    assert (found.GrossAmount, found.IsReversed, found.Ticks) == ("3.050", True, 2**53 + 3)
    assert [each.Amount for each in found.nav("to_Item").get_entities().execute()] == ["0.003"] * 2


def test_it_follows_pages_to_their_end(client):
    request = client.entity_sets.A_Invoice.get_entities().select("Invoice").count(inline=True)
    page = request.execute()
    assert page.total_count == 30
    found = [each.Invoice for each in page]
    while page.next_url is not None:
        page = client.entity_sets.A_Invoice.get_entities().next_url(page.next_url).execute()
        found += [each.Invoice for each in page]
    assert found == [f"{5105600000 + number}" for number in range(30)]


def test_it_filters_sorts_expands_and_counts(client):
    request = client.entity_sets.A_Invoice.get_entities()
    found = (
        request.filter(HeaderText__startswith="M", Days__gte=5).order_by("Days desc").top(3).expand("to_Item").execute()
    )
    assert [each.Days for each in found] == [29, 28, 27]
    assert len(found[0].to_Item) == 2
    assert client.entity_sets.A_Invoice.get_entities().count().execute() == 30


def test_it_creates_with_a_token_and_sees_what_the_application_says(sap, client):
    sap.http.headers["X-CSRF-Token"] = sap.token()
    created = client.entity_sets.A_Invoice.create_entity().set(HeaderText="from pyodata", GrossAmount="1.00")
    assert created.execute().HeaderText == "from pyodata"
    HttpError.VendorType = SAP.BusinessGatewayError
    refused = client.entity_sets.A_Invoice.create_entity().set(HeaderText="refuse")
    with pytest.raises(SAP.BusinessGatewayError, match="Balance not zero") as error:
        refused.execute()
    HttpError.VendorType = None
    assert error.value.errordetails[:2] == ["Balance not zero: 1", "ä?"]


def test_it_calls_a_function(sap, client):
    sap.http.headers["X-CSRF-Token"] = sap.token()
    call = client.functions.Post.parameter("Invoice", "5105600001").parameter("FiscalYear", "2026")
    assert call.execute() == {"Post": {"__metadata": {"type": "API_TEST_SRV.PostExportParameters"}, "Success": True}}


def test_it_reads_a_batch(sap, client):
    sap.http.headers["X-CSRF-Token"] = sap.token()
    batch = client.create_batch()
    batch.add_request(client.entity_sets.A_Invoice.get_entity(Invoice="5105600003", FiscalYear="2026"))
    changes = client.create_changeset("changes")
    changes.add_request(client.entity_sets.A_Invoice.create_entity().set(HeaderText="batch"))
    batch.add_request(changes)
    read, (created,) = batch.execute()
    assert (read.Days, created.HeaderText) == (3, "batch")


def test_it_reads_the_metadata_and_rows_of_every_service(sap_sandbox):
    info = sap_sandbox.info["sap"]
    session = requests.Session()
    session.auth = (info["username"], info["password"])
    read = 0
    for service in (each for each in SERVICES if each.version == "2.0"):
        client = pyodata.Client(f"{info['url']}{service.path}/", session, config=Config(retain_null=True))
        for entity_set in service.sets:
            page = getattr(client.entity_sets, entity_set.name).get_entities().top(3).execute()
            read += len(list(page))
    assert read > 60
