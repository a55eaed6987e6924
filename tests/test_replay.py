"""What a model refused goes there again through `meltano run replay-to-anaplan`, once the reason is gone."""

from __future__ import annotations

import json
import time

import pytest

from demo.job import meltano
from tests.conftest import FromSyspro

pytestmark = [pytest.mark.meltano, pytest.mark.slow, pytest.mark.timeout(600)]

SUPPLIERS = "Suppliers from suppliers.csv"


def audit(from_syspro: FromSyspro, *arguments: str) -> str:
    """`meltano invoke audit ...`: what the command wrote."""
    done = meltano(["--log-level", "error", "invoke", "audit", *arguments], from_syspro.environment, from_syspro.log())
    assert done.code == 0, done.output
    return done.output


def test_a_replay_repairs_without_reading_the_source_and_then_there_is_nothing_to_do(from_syspro: FromSyspro) -> None:
    control = from_syspro.control
    invoice = control.rows("EDU1", "ApInvoice")[0]
    code = f"EDU1-{invoice['Supplier'].lstrip('0')}"
    control.refuse(SUPPLIERS, rf"{code}\b", "Invalid name")
    lenient = {"TARGET_ANAPLAN_ON_REJECT": "continue", "TARGET_ANAPLAN_MAX_REJECT_SHARE": "1"}
    from_syspro.run_well(**lenient)
    found = json.loads(audit(from_syspro, "failures", "--json"))["failures"]
    refused = {group["stream"]: group["records"] for group in found}
    assert refused["suppliers"] == 1
    assert refused["ap_invoices"] > 0

    # The supplier is entered in Anaplan by hand; what refers to it can arrive now.
    control.fill([{"code": code, "name": code}], list_name="Suppliers")
    audit(from_syspro, "dismiss", "--stream", "suppliers")
    since = time.time()
    replayed = from_syspro.run_well("replay-to-anaplan", **lenient)
    assert "records written" in replayed.output
    assert control.requests("syspro", since) == []
    assert json.loads(audit(from_syspro, "failures", "--json"))["failures"] == []
    # All is there but the supplier itself, whose failure was dismissed.
    assert {one.name for one in from_syspro.compare() if one.differences} == {"Suppliers"}

    since = time.time()
    idle = from_syspro.run_well("replay-to-anaplan")
    assert idle.output.count("nothing to replay") == 3
    assert from_syspro.writes_since(since) == []
