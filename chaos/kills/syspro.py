"""target-syspro: plans as GL journals, AP invoices, suppliers and customers."""

from __future__ import annotations

from collections import Counter, defaultdict
from decimal import Decimal
from random import Random
from typing import Any, ClassVar, Literal

from typing_extensions import override

from chaos.kills.plans import compared, revised, stream, undone
from chaos.kills.subject import Subject

_COMPANY = "EDU1"
_OFFSET = "00-2110"
_PERIODS = {"Oct 26": 10, "Nov 26": 11, "Dec 26": 12}
_ACCOUNTS = ("00-4010", "00-4020", "00-1010")
_JOURNAL = {
    "stream": "plan",
    "object": "gl_journal",
    "scope": ["Version"],
    "document": ["Period"],
    "header": {"notation": {"template": "{Version} {Period}"}},
    "lines": {"account": "Account", "amount": "Amount"},
    "period": {"field": "Period", "format": "%b %y"},
    "offset": {"account": _OFFSET},
}
_INVOICE = {
    "stream": "invoices",
    "object": "ap_invoice",
    "document": ["Supplier", "Invoice"],
    "header": {"supplier": "Supplier", "invoice": "Invoice"},
    "lines": {"account": "Account", "amount": "Amount"},
    "document_date": "InvoiceDate",
    "on_change": "refuse",
}
_SUPPLIER = {
    "stream": "suppliers",
    "object": "supplier",
    "key": {"Supplier": "Code"},
    "columns": {
        "SupplierName": "Name",
        "MinPoVal": {"field": "Amount", "decimals": 2},
        "TermsCode": {"constant": "14"},
        "Branch": {"constant": "00"},
        "Bank": {"constant": "MAIN"},
        "Currency": {"constant": "USD"},
    },
    "owns": ["SupplierName", "MinPoVal"],
}


class _Syspro(Subject):
    system: ClassVar[Literal["syspro"]] = "syspro"
    command = "target-syspro"
    posts = ("", "Transaction/Post")

    @override
    def config(self, settings: dict[str, Any]) -> dict[str, Any]:
        info = self.sandbox.info["syspro"]
        return {
            **self.shared_settings(),
            **{name: info[name] for name in ("enet_url", "operator", "operator_password")},
            "company": _COMPANY,
            "max_vanished_share": 1,
            **settings,
        }

    def rows(self, table: str) -> list[dict[str, Any]]:
        """A table of the company."""
        return self.sandbox.control.rows(_COMPANY, table)


class Journals(_Syspro):
    """A plan that is approved again and again, as journals."""

    name = "syspro/gl_journal"

    def __init__(self, *arguments: Any) -> None:  # noqa: ANN401 - as the base takes them
        super().__init__(*arguments)
        self._others = {row["Reference"] for row in self.rows("GenJournalCtl")}

    @override
    def revise(self, rng: Random) -> None:
        self.amounts = revised(rng, self.amounts, (_ACCOUNTS, tuple(_PERIODS)))

    @override
    def draw_settings(self, rng: Random) -> dict[str, Any]:
        recipe = {**_JOURNAL, "on_change": rng.choice(["difference", "reverse"])}
        return {"documents": [recipe], "longest_get": rng.choice([100, 2000])}

    @override
    def messages(self, version: int) -> str:
        key = ("Version", "Account", "Period")
        rows = [dict(zip(key, ("V1", *place), strict=True), Amount=amount) for place, amount in self.amounts.items()]
        return stream("plan", key, key, rows, plan=self.plan, version=version)

    @override
    def differences(self) -> list[str]:
        ours = {one["Reference"] for one in self._headers()}
        landed: defaultdict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
        for line in self.rows("GenTransaction"):
            if line["Reference"] in ours and line["GlCode"] != _OFFSET:
                landed[line["GlCode"], line["GlPeriod"]] += Decimal(line["EntryValue"])
        planned = {(account, _PERIODS[month]): amount for (account, month), amount in self.amounts.items()}
        twice = Counter(one["Reference"] for one in self._headers())
        waiting = [f"{one['Reference']} is not posted" for one in self._headers() if not one["PostDate"]]
        found = compared(landed, planned) + waiting
        return found + [f"{reference} stands {times} times" for reference, times in twice.items() if times > 1]

    @override
    def standing(self) -> dict[str, str]:
        return {one["Reference"]: str(one["GlJournal"]) for one in self._headers()}

    @override
    def undone(self) -> set[str]:
        ours = self.standing().keys()
        lines = [line for line in self.rows("GenTransaction") if line["Reference"] in ours]
        return undone((line["Reference"], line["GlCode"], Decimal(line["EntryValue"])) for line in lines)

    def _headers(self) -> list[dict[str, Any]]:
        return [one for one in self.rows("GenJournalCtl") if one["Reference"] not in self._others]


class Invoices(_Syspro):
    """Invoices that come once, and again."""

    name = "syspro/ap_invoice"

    def __init__(self, *arguments: Any) -> None:  # noqa: ANN401 - as the base takes them
        super().__init__(*arguments)
        self.lines: list[dict[str, Any]] = []
        home = self.rows("GenJournalDetail")[0]["PostCurrency"]
        free = [row for row in self.rows("ApSupplier") if row["OnHold"] != "Y" and row["Currency"] in {home, ""}]
        self._supplier = free[0]["Supplier"]

    @override
    def revise(self, rng: Random) -> None:
        for at in range(rng.randint(1, 3)):
            head = {"Supplier": self._supplier, "Invoice": f"K-{self.plan}-{at}", "InvoiceDate": "2026-11-18"}
            for account in rng.sample(_ACCOUNTS[:2], rng.randint(1, 2)):
                self.lines.append({**head, "Account": account, "Amount": Decimal(rng.randint(1, 99999)) / 100})

    @override
    def draw_settings(self, rng: Random) -> dict[str, Any]:
        return {"documents": [_INVOICE], "longest_get": rng.choice([100, 2000])}

    @override
    def messages(self, version: int) -> str:
        texts = ("Supplier", "Invoice", "InvoiceDate", "Account")
        key = ("Supplier", "Invoice", "Account")
        return stream("invoices", texts, key, self.lines, plan=self.plan, version=version)

    @override
    def differences(self) -> list[str]:
        planned: defaultdict[tuple[str, ...], Decimal] = defaultdict(Decimal)
        for line in self.lines:
            planned[(line["Invoice"],)] += line["Amount"]
        found = []
        landed: dict[tuple[str, ...], Decimal] = {}
        for row in self._invoices():
            place = (row["Invoice"],)
            found += [f"{place} stands twice"] if place in landed else []
            landed[place] = Decimal(row["OrigInvValue"])
        return found + compared(landed, planned)

    @override
    def standing(self) -> dict[str, str]:
        return {row["Reference"]: str(row["Journal"]) for row in self._invoices()}

    def _invoices(self) -> list[dict[str, Any]]:
        return [row for row in self.rows("ApInvoice") if row["Invoice"].startswith("K-")]


class Suppliers(_Syspro):
    """Suppliers that are added and changed, several in a call."""

    name = "syspro/supplier"
    posts = ("", "Setup/(Add|Update)")

    def __init__(self, *arguments: Any) -> None:  # noqa: ANN401 - as the base takes them
        super().__init__(*arguments)
        self.records: dict[str, dict[str, Any]] = {}

    @override
    def revise(self, rng: Random) -> None:
        for _ in range(rng.randint(2, 5)):
            code = f"K{rng.randint(1, 12)}"
            amount = Decimal(rng.randint(0, 99999)) / 100
            self.records[code] = {"Code": code, "Name": f"Nüßli & <Sons> {code} {self.plan}", "Amount": amount}

    @override
    def draw_settings(self, rng: Random) -> dict[str, Any]:
        return {"objects": [_SUPPLIER], "items_per_call": rng.choice([1, 2, 10])}

    @override
    def messages(self, version: int) -> str:
        rows = list(self.records.values())
        return stream("suppliers", ("Code", "Name"), ("Code",), rows, plan=self.plan, version=version)

    @override
    def differences(self) -> list[str]:
        held = {row["Supplier"]: row for row in self.rows("ApSupplier") if row["Supplier"].startswith("K")}
        found = [f"{code} is there, and was never sent" for code in held.keys() - self.records.keys()]
        for code, record in self.records.items():
            row = held.get(code, {})
            stands = (row.get("SupplierName"), Decimal(row.get("MinPoVal", -1)))
            if stands != (record["Name"], record["Amount"]):
                found.append(f"{code}: {stands} stands, {(record['Name'], record['Amount'])} was planned")
        return found
