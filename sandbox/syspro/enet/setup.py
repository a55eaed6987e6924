"""Setup objects that keep a master: APSSSP suppliers and ARSSCS customers, added, updated and deleted.

An update changes the columns whose elements are sent and no other. Elements are named as columns; balances and what
else SYSPRO keeps by itself are elements that the objects do not know, so they are ignored as every unknown one is.
Source of the suppliers' elements and defaults: a class generated from APSSSP's schema (Codewell.SysproIntegration).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sandbox.syspro.books import company_day
from sandbox.syspro.enet.faults import EXISTS, IN_USE, MISSING, NOT_ALLOWED, NOT_FOUND, UNUSUAL
from sandbox.syspro.enet.fields import Fields, stored_key
from sandbox.syspro.enet.process import Checked, process
from sandbox.syspro.enet.replies import setup_reply
from sandbox.syspro.seed import names
from sandbox.syspro.seed.chart import BRANCHES
from sandbox.syspro.seed.payables import RATES, TERMS
from sandbox.syspro.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lxml import etree

    from sandbox.syspro.enet.calls import BusinessObject, Call, Registry
    from sandbox.syspro.enet.process import Pairs
    from sandbox.syspro.store import Row


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


@dataclass(frozen=True, slots=True)
class Master:
    """What sets one kind of master apart.

    ``writable`` are columns by table, the main table first; rows of ``companions`` come and go with it. ``flags`` take
    Y or N. ``blockers`` are tables whose rows forbid deleting it.
    """

    root: str
    key: str
    noun: str
    name: str
    short_name: str
    added: str
    writable: Mapping[str, tuple[str, ...]]
    companions: tuple[str, ...]
    blockers: tuple[str, ...]
    flags: frozenset[str]
    defaults: Mapping[str, str]
    accounts: tuple[str, ...] = ()

    @property
    def table(self) -> str:
        """The main table."""
        return next(iter(self.writable))


_SUPPLIER = _words(
    "SupplierName SupShortName SupplierChName Telephone Fax Contact Branch TermsCode Bank Currency WithTaxId "
    "WithTaxCode SupplierClass LineDiscCode InvDiscCode Area UserField1 UserField2 DefTaxCode TaxRegnNum "
    "DefaultChequeDay PoDefaultDoc OnHold FaxRemitFlag SupplierType NumMthsBeforDel MerchGlCode FreightGlCode PayByEft "
    "BankBranch BankAccount EftBankAccType ChLanguage Required1099 PurchOrdAllowed MinPoVal MinPoMass MinPoVolume "
    "Contracts GrnMatchReqd LctRequired EdiTypeFlag EdiReceiverCode Email Nationality DateSuppAdded"
)
_SUPPLIER_ADDRESS = _words(
    "SupAddr1 SupAddr2 SupAddr3 SupAddr3Loc SupAddr4 SupAddr5 SupPostalCode RemitName RemitAddr1 RemitAddr2 RemitAddr3 "
    "RemitAddr3Loc RemitAddr4 RemitAddr5 RemitPostalCode"
)
_KEPT_OF_CUSTOMERS = _words(
    "Customer InvoiceCount DateLastSale DateLastPay OutstOrdVal NumOutstOrd HighestBalance HighInvDays HighInv "
    "RelOrdOsValue PaymentStatus TimeStamp"
)
SUPPLIERS = Master(
    root="SetupApSupplier",
    key="Supplier",
    noun="Supplier",
    name="SupplierName",
    short_name="SupShortName",
    added="DateSuppAdded",
    writable={"ApSupplier": _SUPPLIER, "ApSupplierAddr": _SUPPLIER_ADDRESS},
    companions=("ApSupplierAddr", "ApSupplierExt"),
    blockers=("ApInvoice", "PorMasterHdr", "InvMaster"),
    flags=frozenset({"OnHold", "PayByEft", "Required1099", "PurchOrdAllowed", "GrnMatchReqd", "LctRequired"}),
    defaults={
        "OnHold": "N",
        "SupplierType": "P",
        "PayByEft": "N",
        "ChLanguage": "05",
        "Required1099": "N",
        "PurchOrdAllowed": "Y",
        "GrnMatchReqd": "Y",
        "LctRequired": "N",
    },
    accounts=("MerchGlCode", "FreightGlCode"),
)
CUSTOMERS = Master(
    root="SetupArCustomer",
    key="Customer",
    noun="Customer",
    name="Name",
    short_name="ShortName",
    added="DateCustAdded",
    writable={
        "ArCustomer": tuple(name for name in TABLES["ArCustomer"].columns if name not in _KEPT_OF_CUSTOMERS),
    },
    companions=("ArCustomerBal",),
    blockers=("ArInvoice", "SorMaster"),
    flags=frozenset({"CustomerOnHold", "SalesAllowed", "PaymentsAllowed"}),
    defaults={"CustomerOnHold": "N", "BalanceType": "I", "TaxStatus": "N", "LanguageCode": "EN"},
)


def register(registry: Registry) -> None:
    """Add the objects."""
    for code, master in (("APSSSP", SUPPLIERS), ("ARSSCS", CUSTOMERS)):
        registry.add(code, "add", "update", "delete")(_handler(master))


def _handler(master: Master) -> BusinessObject:
    def handle(call: Call) -> str:
        return setup_reply(master.root, process(call, master.root, MasterSetup(call, master)), call.switches)

    return handle


@dataclass(slots=True)
class MasterSetup:
    """One document for one kind of master."""

    call: Call
    master: Master
    _codes: dict[str, frozenset[str]] = field(default_factory=dict)

    def check(self, item: etree._Element) -> Checked:
        """Read one item; whether it may be done with this method."""
        master = self.master
        fields = Fields(item, self.call.switches)
        key = self._key(item, fields)
        there = self.call.store.get(master.table, (key,))
        if self.call.method == "add" and there is not None:
            fields.fault(master.key, key, EXISTS, f"{master.noun} '{key}' already exists")
        if self.call.method != "add" and there is None and key:
            fields.fault(master.key, key, NOT_FOUND, f"{master.noun} '{key}' not found")
        pairs: Pairs = ((master.key, key),)
        if self.call.method == "delete":
            self._check_unused(key, fields)
            return Checked(pairs, fields.faults, lambda: self._delete(key))
        given = {table: self._values(table, fields) for table in master.writable}
        self._check_values(given, fields, there)
        if self.call.method == "add":
            return Checked(pairs, fields.faults, lambda: self._add(key, given))
        return Checked(pairs, fields.faults, lambda: self._update(key, given))

    def _key(self, item: etree._Element, fields: Fields) -> str:
        element = item.find("Key")
        inner = Fields(element if element is not None else item, self.call.switches, fields.faults)
        return stored_key(inner.text(self.master.key, TABLES[self.master.table].columns[self.master.key].size,
                                     required=True))  # fmt: skip

    def _values(self, table: str, fields: Fields) -> Row:
        columns = TABLES[table].columns
        read = {name: fields.column(columns[name]) for name in self.master.writable[table]}
        return {name: value for name, (value, given) in read.items() if given}

    def _check_values(self, given: Mapping[str, Row], fields: Fields, there: Row | None) -> None:
        master = self.master
        values = {name: value for row in given.values() for name, value in row.items()}
        name = str(values.get(master.name, "" if there is None else there[master.name]))
        if not name:
            fields.fault(master.name, "", MISSING, f"{master.noun} name may not be blank")
        for flag in master.flags & values.keys():
            if values[flag] not in {"Y", "N"}:
                fields.fault(flag, str(values[flag]), NOT_ALLOWED, f"{flag} '{values[flag]}' must be Y or N")
        for element, known in self._tables().items():
            code = str(values.get(element, ""))
            if code and code not in known:
                fields.fault(element, code, NOT_FOUND, f"{element} '{code}' not found")
        if master.name in values and (there is None or there[master.name] != name) and self._taken(name):
            fields.fault(master.name, name, UNUSUAL, f"{master.noun} name '{name}' is already used", warning=True)

    def _tables(self) -> dict[str, frozenset[str]]:
        """Codes that other set-up programs keep, by the element that names one."""
        if not self._codes:
            ledger = frozenset(
                code for (code,) in self.call.store.connection.execute('SELECT "GlCode" FROM "GenMaster"')
            )
            self._codes = {
                "Branch": frozenset(code for code, _ in BRANCHES),
                "TermsCode": frozenset(TERMS),
                "Currency": frozenset(RATES),
                "Bank": frozenset({"MAIN"}),
                **dict.fromkeys(self.master.accounts, ledger),
            }
        return self._codes

    def _taken(self, name: str) -> bool:
        sql = f'SELECT 1 FROM "{self.master.table}" WHERE "{self.master.name}" = ?'
        return self.call.store.connection.execute(sql, (name,)).fetchone() is not None

    def _check_unused(self, key: str, fields: Fields) -> None:
        for table in self.master.blockers:
            sql = f'SELECT 1 FROM "{table}" WHERE "{self.master.key}" = ? LIMIT 1'
            if self.call.store.connection.execute(sql, (key,)).fetchone():
                text = f"{self.master.noun} '{key}' cannot be deleted, it is used in {table}"
                fields.fault(self.master.key, key, IN_USE, text)
                return

    def _add(self, key: str, given: Mapping[str, Row]) -> Pairs:
        master, store = self.master, self.call.store
        first = given[master.table]
        added: Row = {master.key: key, master.added: company_day(store).text}
        added[master.short_name] = names.short_name(str(first[master.name]))
        added["Currency"] = self.call.session.company.currency
        store.insert(master.table, {**added, **master.defaults, **{name: each for name, each in first.items() if each}})
        for table in master.companions:
            store.insert(table, {master.key: key, **given.get(table, {})})
        return ()

    def _update(self, key: str, given: Mapping[str, Row]) -> Pairs:
        for table, values in given.items():
            if values:
                self.call.store.update(table, {self.master.key: key}, values)
        return ()

    def _delete(self, key: str) -> Pairs:
        master, store = self.master, self.call.store
        for table in (master.table, *master.companions, f"{master.table}+"):
            if store.get(table, (key,)) is not None:
                store.delete(table, {master.key: key})
        return ()

    def finish(self) -> Pairs:
        """Nothing is done for the document as a whole."""
        return ()
