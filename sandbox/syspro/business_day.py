"""One more day of business: new, back-dated, edited and deleted rows, with the books in balance afterwards."""

from __future__ import annotations

from collections import defaultdict
from random import Random
from typing import TYPE_CHECKING

from sandbox.syspro.books import Books
from sandbox.syspro.seed import names
from sandbox.syspro.seed.calendar import TODAY, Day, cents, day_number, later, money, stored
from sandbox.syspro.seed.chart import BANK, CREDITORS, DEBTORS, SALES_TAX
from sandbox.syspro.seed.payables import INVOICE_JOURNALS, PAYMENT_JOURNALS, TERMS
from sandbox.syspro.seed.receivables import REGISTERS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from sandbox.syspro.store import CompanyStore, Row

Counts = dict[str, dict[str, int]]
_KINDS = ("new", "edited", "back_dated", "deleted")
_BACK_DAYS = 21
_INVOICES = 3


def date_of(day: int) -> date:
    """The ``day``-th business day after the seeded last one."""
    when = TODAY
    for _ in range(day):
        when = later(when, 1)
        while when.weekday() > 4:
            when = later(when, 1)
    return when


def business_day(stores: Mapping[str, CompanyStore], seed: int, day: int) -> Counts:
    """Do business in every company; per kind of change and table, how many rows. StoreError when done before."""
    total: dict[str, dict[str, int]] = {kind: defaultdict(int) for kind in _KINDS}
    for company, store in stores.items():
        store.connection.execute("BEGIN")
        try:
            _Business(store, Random(f"{seed}/{company}/day {day}"), day, total).run()
            store.changed()
        except BaseException:
            store.connection.execute("ROLLBACK")
            raise
        store.connection.execute("COMMIT")
    return {kind: dict(sorted(tables.items())) for kind, tables in total.items()}


class _Business:
    def __init__(self, store: CompanyStore, rng: Random, number: int, counts: Counts) -> None:
        self._store = store
        self._rng = rng
        self._number = number
        self._counts = counts
        self._day: Day = day_number(-1, date_of(number))
        self._books = Books(store, self._day, self._count)
        self._entry = 0

    def run(self) -> None:
        """The day, in the order in which things happen."""
        self._delete_idle()
        supplier = self._new_supplier(100_000_000 + self._number)
        self._new_supplier(200_000_000 + self._number)  # stays idle, to be deleted another day
        self._new_invoice(supplier, self._day.date, "new")
        for _ in range(_INVOICES - 1):
            self._new_invoice(self._some_supplier(), self._day.date, "new")
        self._new_invoice(self._some_supplier(), later(self._day.date, -_BACK_DAYS), "back_dated")
        self._new_sale()
        self._new_purchase_order(supplier)
        self._pay_open_invoice()
        self._rename_supplier()
        self._move_account()
        self._move_stock()
        self._new_idle_masters()
        self._books.post_waiting_journal()
        self._books.close()

    def _count(self, kind: str, table: str) -> None:
        self._counts[kind][table] = self._counts[kind].get(table, 0) + 1

    def _insert(self, kind: str, table: str, values: Row) -> None:
        self._store.insert(table, values)
        self._count(kind, table)

    def _update(self, table: str, key: Row, values: Row) -> None:
        self._store.update(table, key, values)
        self._count("edited", table)

    def _delete(self, table: str, key: Row) -> None:
        self._store.delete(table, key)
        self._count("deleted", table)

    def _one(self, sql: str, *parameters: object) -> tuple[str, ...] | None:
        """A row drawn from the query's result, always the same for the same day."""
        rows = self._store.connection.execute(f"{sql} LIMIT 500", parameters).fetchall()
        return self._rng.choice(rows) if rows else None

    def _some_supplier(self) -> str:
        row = self._one('SELECT "Supplier" FROM "ApInvoice" GROUP BY "Supplier" ORDER BY "Supplier"')
        return row[0] if row else self._new_supplier(300_000_000 + self._number)

    def _new_supplier(self, number: int) -> str:
        code, name = names.padded(number), f"{names.company_name(self._rng)} (new)"
        # The least data has a head office alone.
        branch = "10" if self._store.get("GenMaster", (self._store.company, "10-6220")) else "00"
        self._insert("new", "ApSupplier", {
            "Supplier": code, "SupplierName": name, "SupShortName": names.short_name(name), "SupplierType": "P",
            "SupplierClass": "MATERIAL", "Branch": branch, "Bank": "MAIN", "Currency": self._books.currency,
            "TermsCode": "30", "DateSuppAdded": self._day.text, "MerchGlCode": f"{branch}-6220", "OnHold": "N",
            "PurchOrdAllowed": "Y",
        })  # fmt: skip
        street, city, postal_code = names.address(self._rng)
        self._insert("new", "ApSupplierAddr", {
            "Supplier": code, "SupAddr1": street, "SupAddr3": city, "SupPostalCode": postal_code, "RemitName": name,
        })  # fmt: skip
        self._insert("new", "ApSupplierExt", {"Supplier": code, "CreditLimit": 5000})
        return code

    def _new_invoice(self, supplier: str, invoice_date: date, kind: str) -> None:
        rng, day = self._rng, self._day
        master = self._store.get("ApSupplier", (supplier,)) or {}
        self._entry += 1
        journal, entry = INVOICE_JOURNALS + 5000 + self._number, self._entry
        number = names.padded(700_000_000 + self._number * 100 + entry)
        value = rng.randint(5_000, 900_000)
        due = later(invoice_date, TERMS[str(master["TermsCode"])])
        branch = str(master["Branch"])
        reference = f"Day {self._number}, {entry}"
        first = value * rng.randint(30, 90) // 100
        for line, amount in enumerate((first, value - first), start=1):
            account = self._expense_account(branch)
            self._insert(kind, "ApJnlDistrib", {
                "TrnYear": day.year, "TrnMonth": day.month, "Journal": journal, "EntryNumber": entry, "SubEntry": line,
                "ExpenseGlCode": account, "ExpenseType": "M", "DistrValue": money(amount), "Reference": reference,
            })  # fmt: skip
            self._books.post("AP", journal, account, amount, reference, supplier=supplier, ap_invoice=number)
        self._books.post("AP", journal, CREDITORS, -value, reference, supplier=supplier, ap_invoice=number)
        common: Row = {"Supplier": supplier, "Invoice": number, "Branch": branch, "Reference": reference,
                       "Currency": master["Currency"], "InvoiceDate": stored(invoice_date), "DueDate": stored(due),
                       "EntryNumber": entry, "Journal": journal, "MulDiv": "M"}  # fmt: skip
        self._insert(kind, "ApJnlSummary", {
            **common, "TrnYear": day.year, "TrnMonth": day.month, "TransactionCode": "I", "TrnDate": day.text,
            "InvoiceValue": money(value), "SupplierGlCode": CREDITORS, "ExchangeRate": "1.000000",
            "GlYear": day.year, "GlPeriod": day.month, "Operator": "INTEG",
        })  # fmt: skip
        self._insert(kind, "ApInvoice", {
            **common, "NextPaymEntry": 1, "JournalDate": day.text, "OrigInvValue": money(value),
            "MthInvBal1": money(value), "InvoiceYear": day.year, "InvoiceMonth": day.month, "Bank": "MAIN",
            "ExchangeRate": "1.000000", "ConvRate": "1.000000", "OrigInvRate": "1.000000", "DiscActiveFlag": "N",
            "CurrencyValue": money(value), "PostCurrency": master["Currency"],
        })  # fmt: skip
        balance = cents(str(master["CurrentBalance"])) + value
        self._update("ApSupplier", {"Supplier": supplier}, {
            "CurrentBalance": money(balance), "LastPurchDate": stored(invoice_date),
            "FirstPurchDate": master["FirstPurchDate"] or stored(invoice_date),
        })  # fmt: skip

    def _expense_account(self, branch: str) -> str:
        sql = """SELECT "GlCode" FROM "GenMaster" WHERE "AccountType" = 'E' AND substr("GlCode", 1, 3) = ? ORDER BY 1"""
        found = self._one(sql, f"{branch}-")
        return found[0] if found else f"{branch}-5000"

    def _pay_open_invoice(self) -> None:
        sql = """SELECT "Supplier", "Invoice" FROM "ApInvoice" WHERE "MthInvBal1" <> '0.00' AND "JournalDate" < ?
                 ORDER BY "Supplier", "Invoice\""""
        chosen = self._one(sql, self._day.text)
        invoice = self._store.get("ApInvoice", chosen) if chosen else None
        if not chosen or invoice is None:
            return
        supplier, number = chosen
        amount, day = cents(str(invoice["MthInvBal1"])), self._day
        journal, entry = PAYMENT_JOURNALS + 5000 + self._number, int(invoice["NextPaymEntry"] or 1)
        self._insert("new", "ApInvoicePay", {
            "Supplier": supplier, "Invoice": number, "EntryNumber": entry, "TrnType": "P", "JournalDate": day.text,
            "Journal": journal, "PaymentReference": f"EFT {day.date:%Y%m%d}", "TrnValue": money(amount),
            "TrnYear": day.year, "TrnMonth": day.month, "PostValue": money(amount),
            "PostCurrency": invoice["PostCurrency"], "PostConvRate": invoice["ConvRate"], "PostMulDiv": "M",
        })  # fmt: skip
        self._update("ApInvoice", {"Supplier": supplier, "Invoice": number}, {
            "MthInvBal1": "0.00", "NextPaymEntry": entry + 1, "YearInvBalZero": day.year, "MonthInvBalZero": day.month,
        })  # fmt: skip
        master = self._store.get("ApSupplier", (supplier,)) or {}
        balance = cents(str(master["CurrentBalance"])) - amount
        self._update(
            "ApSupplier", {"Supplier": supplier}, {"CurrentBalance": money(balance), "LastChequeDate": day.text}
        )
        self._books.post("AP", journal, CREDITORS, amount, "Payment", supplier=supplier, ap_invoice=number)
        self._books.post("AP", journal, BANK, -amount, "Payment", supplier=supplier, ap_invoice=number)

    def _new_sale(self) -> None:
        day, rng = self._day, self._rng
        chosen = self._one('SELECT "Customer" FROM "ArCustomer" ORDER BY "Customer"')
        item = self._one("""SELECT "StockCode", "Warehouse" FROM "InvWarehouse" WHERE "DateLastStockMove" IS NOT NULL
                            ORDER BY "StockCode", "Warehouse\"""")
        if chosen is None or item is None:
            return
        customer = self._store.get("ArCustomer", (chosen[0],)) or {}
        code, branch = chosen[0], str(customer["Branch"])
        register, invoice = REGISTERS + 5000 + self._number, names.padded(800_000_000 + self._number)
        net, cost = rng.randint(10_000, 500_000), rng.randint(4_000, 9_000)
        value, tax = net + net // 10, net // 10
        order = names.padded(810_000_000 + self._number)
        common: Row = {"Customer": code, "Invoice": invoice, "DocumentType": "I", "InvoiceDate": day.text,
                       "Branch": branch, "Salesperson": customer["Salesperson"], "SalesOrder": order,
                       "CustomerPoNumber": f"PO day {self._number}"}  # fmt: skip
        line: Row = {"TrnYear": day.year, "TrnMonth": day.month, "Register": register, "SummaryLine": 1}
        self._insert("new", "ArInvoice", {
            **common, "NextPaymEntry": 1, "TermsCode": customer["TermsCode"], "InvoiceBal1": money(value),
            "InvoiceYear": day.year, "InvoiceMonth": day.month, "CurrencyValue": money(value), "TaxPortion": money(tax),
            "PostCurrency": self._books.currency, "ConvRate": "1.000000", "MulDiv": "M", "OrigInvRate": "1.000000",
        })  # fmt: skip
        self._insert("new", "ArTrnSummary", {
            **common, **line, "MerchandiseValue": money(net), "TaxValue": money(tax), "ExchangeRate": "1.000000",
            "MulDiv": "M", "Currency": self._books.currency, "MerchandiseCost": money(cost),
            "TermsCode": customer["TermsCode"], "Operator": "INTEG",
        })  # fmt: skip
        self._insert("new", "ArTrnDetail", {
            **common, **line, "DetailLine": 1, "StockCode": item[0], "Warehouse": item[1], "QtyInvoiced": "1.000000",
            "NetSalesValue": money(net), "TaxValue": money(tax), "CostValue": money(cost), "LineType": "1",
            "CustomerClass": customer["CustomerClass"], "GlYear": day.year, "GlPeriod": day.month,
            "TransactionGlCode": f"{branch}-4000", "CostGlCode": f"{branch}-5000",
        })  # fmt: skip
        balance = self._store.get("ArCustomerBal", (code,)) or {}
        self._update("ArCustomerBal", {"Customer": code}, {
            "CurrentBalance1": money(cents(str(balance["CurrentBalance1"])) + value),
            "MtdSales1": money(cents(str(balance["MtdSales1"])) + net),
            "YtdSales": money(cents(str(balance["YtdSales"])) + net),
        })  # fmt: skip
        self._update("ArCustomer", {"Customer": code}, {"DateLastSale": day.text})
        for account, amount in ((DEBTORS, value), (SALES_TAX, -tax), (f"{branch}-4000", -net),
                                (f"{branch}-5000", cost), (f"{branch}-1200", -cost)):  # fmt: skip
            self._books.post("AR", register, account, amount, "AR invoices", customer=code, ar_invoice=invoice)

    def _new_purchase_order(self, supplier: str) -> None:
        order, day = names.padded(820_000_000 + self._number), self._day
        due = stored(later(day.date, 14))
        item = self._one('SELECT "StockCode", "Description" FROM "InvMaster" ORDER BY "StockCode"')
        self._insert("new", "PorMasterHdr", {
            "PurchaseOrder": order, "NextDetailLine": 2, "OrderStatus": "1", "ActiveFlag": "Y", "CancelledFlag": "N",
            "Supplier": supplier, "OrderEntryDate": day.text, "OrderDueDate": due, "OrderType": "L", "Warehouse": "FG",
            "Currency": self._books.currency, "ExchangeRate": "1.000000", "MulDiv": "M", "TermsCode": "30",
        })  # fmt: skip
        self._insert("new", "PorMasterDetail", {
            "PurchaseOrder": order, "Line": 1, "LineType": "1", "MStockCode": item[0] if item else "",
            "MStockDes": item[1] if item else "", "MWarehouse": "FG", "MOrderUom": "EA", "MStockingUom": "EA",
            "MOrderQty": "25.000000", "MLatestDueDate": due, "MOrigDueDate": due, "MPrice": "12.34500",
            "MCompleteFlag": "N",
        })  # fmt: skip

    def _rename_supplier(self) -> None:
        chosen = self._one('SELECT "Supplier", "SupplierName" FROM "ApSupplier" ORDER BY "Supplier"')
        if chosen:
            name = f"{chosen[1][:36]}, renamed {self._number}"
            changed: Row = {"SupplierName": name, "SupShortName": names.short_name(name)}
            self._update("ApSupplier", {"Supplier": chosen[0]}, changed)

    def _move_account(self) -> None:
        account = self._one("""SELECT "Company", "GlCode", "GlGroup", "AccountType" FROM "GenMaster"
                               WHERE "AccountType" IN ('A', 'E') ORDER BY "GlCode\"""")
        if account is None:
            return
        group = self._one(
            """SELECT DISTINCT "GlGroup" FROM "GenMaster" WHERE "AccountType" = ? AND "GlGroup" <> ?
                             ORDER BY "GlGroup\"""",
            account[3],
            account[2],
        )
        if group is not None:
            self._update("GenMaster", {"Company": account[0], "GlCode": account[1]}, {"GlGroup": group[0]})

    def _move_stock(self) -> None:
        day = self._day
        for entry in range(1, 4):
            place = self._one("""SELECT "StockCode", "Warehouse" FROM "InvWarehouse"
                                 WHERE "DateLastStockMove" IS NOT NULL ORDER BY "StockCode", "Warehouse\"""")
            if place is None:
                return
            warehouse = self._store.get("InvWarehouse", place) or {}
            quantity = self._rng.randint(1, 30) * 1_000_000
            on_hand = cents(str(warehouse["QtyOnHand"])) + quantity
            self._insert("new", "InvMovements", {
                "StockCode": place[0], "Warehouse": place[1], "TrnYear": day.year, "TrnMonth": day.month,
                "EntryDate": day.text, "TrnTime": 9_000_000 + entry * 10_000, "MovementType": "I", "TrnType": "R",
                "TrnQty": f"{quantity // 1_000_000}.000000", "UnitCost": warehouse["UnitCost"], "Source": "I",
                "Journal": 75_000 + self._number, "JournalEntry": entry, "Reference": f"Receipt day {self._number}",
            })  # fmt: skip
            self._update("InvWarehouse", {"StockCode": place[0], "Warehouse": place[1]}, {
                "QtyOnHand": f"{on_hand // 1_000_000}.{on_hand % 1_000_000:06d}", "DateLastStockMove": day.text,
            })  # fmt: skip

    def _new_idle_masters(self) -> None:
        """An item and an account that nothing refers to yet."""
        code = f"NEW-{self._number:05d}"
        self._insert("new", "InvMaster", {"StockCode": code, "Description": "New, not yet stocked", "StockUom": "EA",
                                          "ProductClass": "TOOLS", "DateStkAdded": self._day.text})  # fmt: skip
        self._insert("new", "InvWarehouse", {"StockCode": code, "Warehouse": "FG"})
        self._insert("new", "GenMaster", {
            "Company": self._store.company, "GlCode": f"00-8{self._number % 1000:03d}", "AccountType": "E",
            "Description": f"Project {self._number}", "GlGroup": "ADMIN", "Currency": self._books.currency,
        })  # fmt: skip

    def _delete_idle(self) -> None:
        """A supplier without documents, a stock item without movements, an account without history."""
        supplier = self._one("""SELECT "Supplier" FROM "ApSupplier" s
            WHERE NOT EXISTS (SELECT 1 FROM "ApInvoice" i WHERE i."Supplier" = s."Supplier")
              AND "Supplier" NOT IN (SELECT "Supplier" FROM "PorMasterHdr")
              AND "Supplier" NOT IN (SELECT "Supplier" FROM "InvMaster") ORDER BY 1""")
        if supplier:
            for table in ("ApSupplier", "ApSupplierAddr", "ApSupplierExt"):
                self._delete(table, {"Supplier": supplier[0]})
            if self._store.get("ApSupplier+", supplier):
                self._delete("ApSupplier+", {"Supplier": supplier[0]})
        item = self._one("""SELECT "StockCode" FROM "InvMaster" m
            WHERE NOT EXISTS (SELECT 1 FROM "InvMovements" v WHERE v."StockCode" = m."StockCode")
              AND "StockCode" NOT IN (SELECT "MStockCode" FROM "PorMasterDetail")
              AND "StockCode" NOT IN (SELECT "MStockCode" FROM "SorDetail")
              AND "StockCode" NOT IN (SELECT "StockCode" FROM "ArTrnDetail") ORDER BY 1""")
        if item:
            self._delete_all("InvWarehouse", item[0])
            self._delete_all("InvPrice", item[0])
            self._delete_all("InvMaster+", item[0])
            self._delete("InvMaster", {"StockCode": item[0]})
        account = self._one("""SELECT "GlCode" FROM "GenMaster" m WHERE "AccountType" IN ('E', 'R')
              AND NOT EXISTS (SELECT 1 FROM "GenTransaction" t
                              WHERE t."Company" = m."Company" AND t."GlCode" = m."GlCode")
              AND substr("GlCode", 4) NOT IN ('4000', '5000')
              AND "GlCode" NOT IN (SELECT "MerchGlCode" FROM "ApSupplier")
              AND "GlCode" NOT IN (SELECT "GlCode" FROM "GenJournalDetail") ORDER BY 1""")
        if account:
            company = self._store.company
            for row in list(self._store.select("GenHistory", '"Company" = ? AND "GlCode" = ?', (company, account[0]))):
                self._delete("GenHistory", {"Company": company, "GlCode": account[0], "GlYear": row["GlYear"]})
            self._delete("GenMaster", {"Company": company, "GlCode": account[0]})

    def _delete_all(self, table: str, stock_code: str) -> None:
        for row in list(self._store.select(table, '"StockCode" = ?', (stock_code,))):
            keys = {"InvWarehouse": ("StockCode", "Warehouse"), "InvPrice": ("StockCode", "PriceCode")}
            self._delete(table, {name: row[name] for name in keys.get(table, ("StockCode",))})
