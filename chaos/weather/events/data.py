"""Rows of the ERP systems: new, edited, back-dated, reversed, deleted, at once or between two pages of a read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos.weather.events.base import Event, NothingToActOnError, System
from chaos.weather.tables import EDITS, FOREVER, NEW_ROWS, Operation, edit_operations, nth_row, zulu

if TYPE_CHECKING:
    from chaos.weather.scene import Scene


class BusinessDay(Event, frozen=True):
    """The next day of business: dozens of rows, the books in balance behind it."""

    system: System

    def apply(self, scene: Scene) -> None:
        """The sandbox counts days from 1; a day that was done can't be done again."""
        scene.days[self.system] += 1
        done = scene.control.business_day if self.system == "syspro" else scene.control.sap_business_day
        done(scene.days[self.system])


class EditRow(Event, frozen=True):
    """A column of a row gets another value. ``what`` names it in `tables.EDITS`; ``nth`` chooses the row.

    ``after_pages``: when so many more pages of its table were served, 0 for at once.
    """

    what: str
    nth: int
    value: int
    company: int = 0
    after_pages: int = 0

    def apply(self, scene: Scene) -> None:
        """Hidden edits, which no date shows, are found by a full sweep only."""
        edit = EDITS[self.what]
        company = scene.company(edit.system, self.company)
        rows = scene.rows(edit.system, edit.table, company)
        row = nth_row([row for row in rows if edit.fits(row)], self.nth)
        operations = edit_operations(edit, row, self.value, company, scene.now())
        scene.change(edit.system, operations, edit.page_table or edit.table, self.after_pages)
        scene.hidden |= edit.hidden


class NewRow(Event, frozen=True):
    """A copy of a row under a number that nobody has. ``days_back`` dates it back."""

    what: str
    number: int
    nth: int = 0
    days_back: int = 0
    company: int = 0
    after_pages: int = 0

    def apply(self, scene: Scene) -> None:
        """A number that was used already is not used again."""
        new, company = NEW_ROWS[self.what], scene.company("syspro", self.company)
        place = (self.what, company, self.number)
        if place in scene.added:
            raise NothingToActOnError
        operations = new.inserts(scene.control, company, self.number, self.nth, scene.today(self.days_back))
        scene.change("syspro", operations, new.parts[0].table, self.after_pages)
        scene.added[place] = operations


class DeletedRow(Event, frozen=True):
    """What `NewRow` made is deleted again; rows of the seeded data stay, for others refer to them."""

    what: str
    number: int
    company: int = 0
    after_pages: int = 0

    def apply(self, scene: Scene) -> None:
        """Only a sweep finds what is gone from a table that is read by date."""
        new, place = NEW_ROWS[self.what], (self.what, scene.company("syspro", self.company), self.number)
        deletes = new.deletes(scene.added.get(place, ()))
        if not deletes or not all(_is_there(scene, operation) for operation in deletes):
            raise NothingToActOnError  # never made, or armed and still to come
        scene.change("syspro", deletes, new.parts[0].table, self.after_pages)
        scene.added[place] = []
        scene.hidden = True


def _is_there(scene: Scene, operation: Operation) -> bool:
    key = operation["key"]
    rows = scene.rows("syspro", str(operation["table"]), str(operation["company"]))
    return isinstance(key, dict) and any(all(row[name] == value for name, value in key.items()) for row in rows)


class JournalEntry(Event, frozen=True):
    """A user of SAP posts costs against accruals, today or back-dated."""

    cents: int
    nth: int = 0
    months_back: int = 0
    company: int = 0

    def apply(self, scene: Scene) -> None:
        """Stamped with the time at which it is entered, whatever its posting date."""
        company = scene.company("sap", self.company)
        centers = scene.rows("sap", "CostCenter", company)
        own = [row for row in centers if row["CompanyCode"] == company and row["ValidityEndDate"] == FOREVER]
        center, amount = nth_row(own, self.nth)["CostCenter"], f"{self.cents // 100}.{self.cents % 100:02d}"
        lines = [
            {"account": "0063000000", "amount": amount, "cost_center": str(center), "text": "Weather"},
            {"account": "0021500000", "amount": f"-{amount}", "text": "Weather"},
        ]
        scene.control.sap_entry(company, str(scene.today(31 * self.months_back)), lines, created=zulu(scene.now()))


class Reversal(Event, frozen=True):
    """A user of SAP reverses an entry that no plan made."""

    nth: int

    def apply(self, scene: Scene) -> None:
        """The ``nth`` of those that may be reversed."""
        ours = scene.info["sap"]["username"]
        rows = [
            row
            for row in scene.rows("sap", "JournalHeader", "")
            if row["AccountingDocumentType"] == "SA" and row["AccountingDocCreatedByUser"] != ours
            if not row["IsReversed"] and not row["IsReversal"]
        ]
        row = nth_row(rows, self.nth)
        scene.control.sap_reverse(row["CompanyCode"], row["AccountingDocument"], row["FiscalYear"], str(scene.today()))


DataEvent = BusinessDay | EditRow | NewRow | DeletedRow | JournalEntry | Reversal
