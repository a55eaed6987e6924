"""Two small services over a small database, for tests of the protocol alone."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time

import requests
import uvicorn

from sandbox.core.certificate import make
from sandbox.core.clock import Clock
from sandbox.core.serve import bind, url_of
from sandbox.sap.auth import TOKEN_PATHS, Auth, CommunicationUser
from sandbox.sap.odata.app import ODataApp
from sandbox.sap.odata.writes import BusinessError, Called, Created, Message
from sandbox.sap.schema import ComplexType, EntitySet, FunctionImport, Navigation, Property, Service
from sandbox.sap.switches import sap_switches

INVOICE = (
    Property("Invoice", length=10, nullable=False, upper=True, creatable=False),
    Property("FiscalYear", length=4, nullable=False, numc=True, creatable=False),
    Property("PostingDate", "date"),
    Property("ChangedAt", "datetimeoffset", precision=7),
    Property("CreatedAt", "time"),
    Property("GrossAmount", "decimal", precision=14, scale=3, unit="Currency", variable=True),
    Property("Currency", length=5),
    Property("Rate", "decimal", precision=9, scale=0),
    Property("IsReversed", "boolean", filterable=False),
    Property("Supplier", length=10),
    Property("HeaderText", length=25, label="Text & <more>"),
    Property("Reference", "guid"),
    Property("Days", "int32"),
    Property("Ticks", "int64"),
    Property("YY1_Region_HDR", length=20),
)
ITEM = (
    Property("Invoice", length=10, nullable=False),
    Property("FiscalYear", length=4, nullable=False, numc=True),
    Property("Item", length=6, nullable=False, numc=True),
    Property("Amount", "decimal", precision=14, scale=3),
    Property("GLAccount", length=10),
)
SUPPLIER = (Property("Supplier", length=10, nullable=False), Property("Name", length=80), Property("ValidTo", "date"))
LINE = (
    Property("ID", nullable=False, filterable=False, sortable=False),
    Property("Ledger", length=2),
    Property("Document", length=10),
    Property("Line", length=6, numc=True),
    Property("GLAccount", length=10),
    Property("CostCenter", length=10),
    Property("Amount", "decimal", precision=23, scale=3, measure=True, filterable=False),
)
_ON = (("Invoice", "Invoice"), ("FiscalYear", "FiscalYear"))


def sets(prefix, suffix, nav):
    def the(name):
        return prefix + name

    return (
        EntitySet(
            the("Invoice"), the("Invoice") + suffix, "Invoice", ("Invoice", "FiscalYear"), INVOICE,
            (
                Navigation(nav + "Item", the("InvoiceItem"), _ON),
                Navigation(nav + "Supplier", the("Supplier"), (("Supplier", "Supplier"),), many=False),
            ),
            creatable=True, label="Invoice",
        ),
        EntitySet(
            the("InvoiceItem"), the("InvoiceItem") + suffix, "Item", ("Invoice", "FiscalYear", "Item"), ITEM,
            (Navigation(nav + "Invoice", the("Invoice"), _ON, many=False),),
        ),
        EntitySet(the("Supplier"), the("Supplier") + suffix, "Supplier", ("Supplier",), SUPPLIER),
        EntitySet(
            the("Line"), the("Line") + suffix, "Line", ("ID",), LINE,
            aggregate=True, grain=("Ledger", "Document", "Line"),
        ),
    )  # fmt: skip


POST = FunctionImport("Post", (INVOICE[0], INVOICE[1], Property("PostingDate", "date")), "PostExportParameters")
FETCH = FunctionImport("Touch", (INVOICE[0], INVOICE[1]), "A_Invoice")
TWO = Service(
    "API_TEST_SRV", "/sap/opu/odata/sap/API_TEST_SRV", "2.0", "API_TEST_SRV", sets("A_", "Type", "to_"), (POST, FETCH),
    complex_types=(ComplexType("PostExportParameters", (Property("Success", "boolean", nullable=False),)),),
)  # fmt: skip
FOUR = Service(
    "API_TEST_2", "/sap/opu/odata4/sap/api_test_2/srvd_a2x/sap/test/0001", "4.0",
    "com.sap.gateway.srvd_a2x.api_test_2.v0001", sets("", "_Type", "_"),
)  # fmt: skip


class _Closing(sqlite3.Connection):
    """Closed with its last user: Python 3.13 warns of those that nobody closed, in whatever test is running then."""

    def __del__(self):
        self.close()


class Store:
    """What the services want of a store, and nothing else."""

    def __init__(self):
        self.connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False, factory=_Closing)
        for name, properties, key in (
            ("Invoice", INVOICE, "Invoice, FiscalYear"),
            ("Item", ITEM, "Invoice, FiscalYear, Item"),
            ("Supplier", SUPPLIER, "Supplier"),
            ("Line", LINE[1:], "Ledger, Document, Line"),
        ):
            text = {"string", "guid", "date", "datetimeoffset", "time"}
            columns = ", ".join(f'"{each.name}" {"TEXT" if each.kind in text else "INTEGER"}' for each in properties)
            self.connection.execute(f"CREATE TABLE {name} ({columns}, PRIMARY KEY ({key})) WITHOUT ROWID")
        self.connection.execute("CREATE INDEX changed ON Invoice (ChangedAt)")

    def insert(self, table, *rows):
        for row in rows:
            marks = ", ".join("?" * len(row))
            self.connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))

    @contextlib.contextmanager
    def transaction(self):
        self.connection.execute("SAVEPOINT level")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK TO level")
            self.connection.execute("RELEASE level")
            raise
        self.connection.execute("RELEASE level")


def invoice(number, **values):
    """A row with values that are all different, changed by ``values``."""
    row = {
        "Invoice": f"{5105600000 + number}",
        "FiscalYear": "2026",
        "PostingDate": f"2026-{number % 12 + 1:02d}-{number % 28 + 1:02d}",
        "ChangedAt": f"2026-11-{number % 28 + 1:02d}T10:20:30.1234567Z",
        "CreatedAt": "08:05:09",
        "GrossAmount": number * 1000 + 50,
        "Currency": "EUR",
        "Rate": number,
        "IsReversed": number % 2,
        "Supplier": f"00103000{number % 3:02d}",
        "HeaderText": f'Müller & "Söhne" {number}',
        "Reference": f"00000000-0000-0000-0000-{number:012x}",
        "Days": number,
        "Ticks": 2**53 + number,
        "YY1_Region_HDR": "",
    }
    return row | values


class Application:
    """What creates and functions do in these tests: keep, refuse, warn."""

    def __init__(self, store):
        self.store = store
        self.bodies = []

    def create(self, body):
        self.bodies.append(body)
        number = self.store.connection.execute("SELECT count(*) FROM Invoice").fetchone()[0] + 100
        row = invoice(number, HeaderText=body.get("HeaderText", ""), Supplier=body.get("Supplier", ""))
        self.store.insert("Invoice", row)
        for place, item in enumerate(body.get("to_Item", body.get("_Item", ())), 1):
            key = {"Invoice": row["Invoice"], "FiscalYear": "2026", "Item": f"{place:06d}"}
            self.store.insert("Item", key | {"Amount": int(item["Amount"] * 1000), "GLAccount": item["GLAccount"]})
        if body.get("HeaderText") == "refuse":
            details = (
                Message("M8/534", "Balance not zero: 1", target="GrossAmount"),
                Message("F5/117", "ä?", "warning"),
            )
            raise BusinessError("M8/534", "Balance not zero: 1", details)
        warnings = (Message("M8/108", "Prüfen", "warning"),) if body.get("HeaderText") == "warn" else ()
        return Created({"Invoice": row["Invoice"], "FiscalYear": "2026"}, warnings)

    def post(self, parameters):
        self.bodies.append(parameters)
        if parameters["Invoice"] == "0":
            raise BusinessError("M8/255", "Document 0 already posted")
        return Called({"Success": True})

    def touch(self, parameters):
        return Called(key=parameters)


class Desk:
    """The running services and a client of them."""

    def __init__(self, url, app, store, switches, clock, auth, application, pages):
        self.url, self.app, self.store, self.switches = url, app, store, switches
        self.clock, self.auth, self.application, self.pages = clock, auth, application, pages
        self.two, self.four = url + TWO.path, url + FOUR.path
        self.http = self.client()

    def client(self, **headers):
        session = requests.Session()
        session.auth = (USER.username, USER.password)
        session.headers.update({"Accept": "application/json", **headers})
        return session

    def get(self, path, version=2, status=200, **options):
        """The JSON of a read; options without their dollar."""
        base = self.two if version == 2 else self.four
        query = {f"${name}": str(value) for name, value in options.items()}
        answer = self.http.get(f"{base}/{path}", params=query)
        assert answer.status_code == status, answer.text
        return answer.json()

    def rows(self, path, **options):
        return self.get(path, **options)["d"]["results"]

    def values(self, path, **options):
        return self.get(path, version=4, **options)["value"]

    def token(self, session=None, base=None):
        session = session or self.http
        answer = session.get((base or self.two) + "/", headers={"X-CSRF-Token": "Fetch"})
        return answer.headers["x-csrf-token"]

    def post(self, path, body, version=2, **headers):
        base = self.two if version == 2 else self.four
        return self.http.post(f"{base}/{path}", json=body, headers={"X-CSRF-Token": self.token(), **headers})


_CERTIFICATE, PEM, _KEY = make("COMM_USER")
USER = CommunicationUser("COMM_USER", "Pass:wörd1", "client", "secret", _CERTIFICATE)


@contextlib.contextmanager
def desk():
    """Both services on a port of their own."""
    store, switches, clock, pages = Store(), sap_switches(), Clock(), []
    application = Application(store)
    auth = Auth(USER, switches, clock)
    app = ODataApp(
        (TWO, FOUR), store, switches, clock, auth, pages.append,
        {"A_Invoice": application.create, "Invoice": application.create},
        {"Post": application.post, "Touch": application.touch},
    )  # fmt: skip

    async def dispatch(scope, receive, send):
        target = auth.token if scope["path"] in TOKEN_PATHS else app
        await target(scope, receive, send)

    bound = bind("127.0.0.1", 0)
    config = uvicorn.Config(dispatch, http="httptools", ws="none", lifespan="off", log_config=None, access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
    thread.start()
    while not server.started:
        time.sleep(0.005)
    try:
        yield Desk(url_of(bound), app, store, switches, clock, auth, application, pages)
    finally:
        server.should_exit = True
        thread.join()
        bound.close()
