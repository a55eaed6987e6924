"""An ERP in a SQLite file that loses answers, commits late, refuses and dies; and a target that posts into it."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import time
from collections import Counter
from contextlib import closing
from datetime import date
from decimal import Decimal
from typing import ClassVar

from singer_sdk import typing as th

from connector_kit.documents.model import (
    Content,
    Line,
    Listed,
    Message,
    Posted,
    Refused,
    Rules,
    Unknown,
    Unsent,
    together,
)
from connector_kit.documents.settings import properties
from connector_kit.documents.target import Connected, DocumentTarget
from connector_kit.errors import UnavailableError

JOURNAL = Rules(
    name="journal",
    required_header=("company_code",),
    header=("document_type", "header_text"),
    line=("cost_center", "text"),
    max_lines=6,
)
CELLS = Rules(
    name="cells",
    line=("cost_center",),
    balanced=False,
    replaces=True,
    max_lines=10_000,
)
INVOICE = Rules(name="invoice", header=("supplier",), identity=("company_code", "supplier"), balanced=False)


class Crash(BaseException):
    """The process is gone: whoever runs after it in the same process was never there."""


class FakeErp:
    """Documents by reference, in a file, so that several processes share it. `faults` are used up, one per call.

    ok: answers. lost: posts, no answer. dropped: does not post, no answer. late: no answer, posts `late_by` seconds
    later. unsent: did not arrive. crash_before, crash_after: the caller dies before or after posting. half: the first
    document is posted and answered, of the rest nothing is heard and nothing posted. broken: half, with an exception.
    gateway: a gateway says no, and it is posted late.
    """

    def __init__(self, path, clock=time.time):
        self.path = str(path)
        self.clock = clock
        self.faults = []
        self.late_by = 100.0
        self.calls = 0
        self.deaf = False
        self.ahead = None  # seconds by which the clock that its answers show is ahead of the real one; None: they don't
        self.seen = 0
        self.lists = 0
        self.reversed = set()
        self.blurred = False
        self.overlooks = set()
        self.refused_accounts = {"BAD"}
        self.on_crash = lambda: None
        with closing(self._connect()) as db:
            db.execute("CREATE TABLE IF NOT EXISTS posted (number INTEGER PRIMARY KEY, reference, due REAL, document)")

    def _connect(self):
        return sqlite3.connect(self.path, isolation_level=None, timeout=30)

    def _post(self, document, due=0.0):
        content = {
            "company": document.company,
            "key": document.key,
            "scope": document.scope,
            "year": document.year,
            "period": document.period,
            "kind": document.kind,
            "reverses": document.reverses,
            "header": dict(document.header),
            "posting_date": str(document.posting_date),
            "fields": [(line.currency, dict(line.fields)) for line in document.lines],
            "lines": [(line.account, line.get("cost_center"), str(line.amount)) for line in document.lines],
        }
        with closing(self._connect()) as db:
            done = db.execute(
                "INSERT INTO posted (reference, due, document) VALUES (?, ?, ?)",
                (document.reference, due, json.dumps(content)),
            )
            return Posted(f"{done.lastrowid:010d}", document.company, document.year)

    def _answer(self, document):
        lines = document.lines
        wrong = [at for at, line in enumerate(lines) if line.account in self.refused_accounts]
        if wrong:
            return Refused(
                (
                    Message("609(RW)", "Error in document"),
                    *(Message("507(F5)", f"account {lines[at].account} is not defined", at) for at in wrong),
                )
            )
        return self._post(document)

    def post(self, documents):
        self.calls += 1
        self.seen += len(documents)
        fault = self.faults.pop(0) if self.faults else "ok"
        if fault == "crash_before":
            self._crash()
        if fault == "kill_before":
            os.kill(os.getpid(), signal.SIGKILL)
        if fault == "unsent":
            return [Unsent("connection refused")] * len(documents)
        if fault == "dropped":
            return [Unknown("timed out")] * len(documents)
        if fault in {"late", "gateway"}:
            for document in documents:
                if not isinstance(self._dry(document), Refused):
                    self._post(document, self.clock() + self.late_by)
            return [Unknown("timed out", again=fault == "late")] * len(documents)
        if fault in {"half", "broken"}:
            return self._half(documents, broken=fault == "broken")
        answers = [self._answer(document) for document in documents]
        if fault == "crash_after":
            self._crash()
        if fault == "kill_after":
            os.kill(os.getpid(), signal.SIGKILL)
        return [Unknown("connection reset")] * len(documents) if fault == "lost" else answers

    def _crash(self):
        self.on_crash()
        raise Crash

    def _half(self, documents, *, broken):
        yield self._answer(documents[0])
        if broken:
            raise UnavailableError(system="fake ERP", subject="post", got="half an answer")
        yield from [Unknown("half an answer")] * (len(documents) - 1)

    def _dry(self, document):
        return Refused(()) if any(line.account in self.refused_accounts for line in document.lines) else None

    def look_up(self, documents):
        if self.deaf:
            raise UnavailableError(system="fake ERP", subject="look-up", got="no answer")
        found = {}
        for number, reference, _ in self.documents():
            for document in documents:
                if document.reference == reference:
                    one = Posted(f"{number:010d}", document.company, document.year)
                    found.setdefault(reference, []).append(one)
        return {reference: together(standing) for reference, standing in found.items()}

    def listed(self, prefixes, companies):
        if self.deaf:
            raise UnavailableError(system="fake ERP", subject="list", got="no answer")
        self.lists += 1
        found = {}
        for number, reference, one in self.documents():
            if reference.startswith(tuple(prefixes)) and reference not in self.overlooks:
                found.setdefault(reference, []).append(Posted(f"{number:010d}", one["company"], one["year"]))
        dead = self.reversed
        return [
            Listed(
                name, tuple(one for one in some if one.number not in dead), tuple(x for x in some if x.number in dead)
            )
            for name, some in found.items()
        ]

    def contents(self, documents, fields):
        wanted, found = {one.reference for one in documents}, {}
        for _, reference, one in self.documents():
            if reference in wanted and not self.blurred:
                lines = [
                    Line(
                        account.zfill(10) if account.isdecimal() else account.lower(),
                        Decimal(amount),
                        currency,
                        tuple((name, value) for name, value in sorted(values.items()) if name in fields),
                    )
                    for (account, _, amount), (currency, values) in zip(one["lines"], one["fields"], strict=True)
                ]
                found[reference] = Content(date.fromisoformat(one["posting_date"]), (tuple(lines),))
        return found

    def documents(self):
        """Number, reference and content of what is posted by now."""
        with closing(self._connect()) as db:
            found = db.execute(
                "SELECT number, reference, document FROM posted WHERE due <= ? ORDER BY number", (self.clock(),)
            ).fetchall()
        return [(number, reference, json.loads(document)) for number, reference, document in found]

    def remove(self, number):
        with closing(self._connect()) as db:
            db.execute("DELETE FROM posted WHERE number = ?", (number,))

    def double(self):
        """Everything is there once more."""
        with closing(self._connect()) as db:
            db.execute("INSERT INTO posted (reference, due, document) SELECT reference, due, document FROM posted")

    def double_one(self, number):
        """Somebody else posts a document again."""
        with closing(self._connect()) as db:
            db.execute(
                "INSERT INTO posted (reference, due, document) "
                "SELECT reference, due, document FROM posted WHERE number = ?",
                (number,),
            )

    def rename_account(self, old, new):
        """The ERP posts to another account than it was told."""
        with closing(self._connect()) as db:
            db.execute("UPDATE posted SET document = replace(document, ?, ?)", (f'"{old}"', f'"{new}"'))

    def sums(self, without=()):
        """What stands: (company, year, period, account, cost center) -> amount, zeros left out.

        without: references that are left out.
        """
        found = Counter()
        for number, reference, document in self.documents():
            if reference in without:
                continue
            for account, cost_center, amount in document["lines"]:
                place = (document["company"], document["year"], document["period"], account, cost_center)
                found[place] += Decimal(amount) if f"{number:010d}" not in self.reversed else 0
        return {place: amount for place, amount in found.items() if amount}

    def twice(self):
        """References that are there more than once."""
        return [name for name, count in Counter(name for _, name, _ in self.documents()).items() if count > 1]


class FakePoster:
    system = "fake ERP"

    def __init__(self, erp, rules=JOURNAL, per_call=3):
        self.erp = erp
        self.rules = rules
        self.per_call = per_call
        self.validated = 0
        self.books = erp if rules.name == "journal" else None

    def time(self):
        return None if self.erp.ahead is None else self.erp.clock() + self.erp.ahead

    def check(self, document):
        return [
            Message("LEN", f"text of {len(line.get('text'))} characters, 50 are allowed", at)
            for at, line in enumerate(document.lines)
            if len(line.get("text")) > 50
        ]

    def validate(self, documents):
        self.validated += len(documents)
        return [(self.erp._dry(document) and self.erp._answer(document)) or Posted("") for document in documents]

    def post(self, documents):
        return self.erp.post(documents)

    def look_up(self, documents):
        return self.erp.look_up(documents)


class FakeTarget(DocumentTarget):
    """Posts into the fake ERP in the file `erp`."""

    name = "target-fake-erp"
    objects: ClassVar = {rules.name: rules for rules in (JOURNAL, CELLS, INVOICE)}
    config_jsonschema = th.PropertiesList(
        th.Property("erp", th.StringType, required=True),
        th.Property("faults", th.ArrayType(th.StringType)),
        *properties(),
    ).to_dict()
    erp = None

    def connect(self, objects, resources, coordinator):
        erp = type(self).erp or FakeErp(self.config["erp"])
        erp.faults = erp.faults or list(self.config.get("faults") or [])
        return Connected("fake ERP 100", {name: FakePoster(erp, self.objects[name]) for name in objects})
