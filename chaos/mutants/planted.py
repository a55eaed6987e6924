"""The bugs. Each is one that people make; where the product has two defences, a mutant takes both away."""

from __future__ import annotations

from chaos.mutants.planting import Edit, Mutant

_KIT = "connector-kit/connector_kit"
_TO_ANAPLAN = "target-anaplan/target_anaplan"
_POSTING = f"{_KIT}/documents/posting.py"

MUTANTS = (
    Mutant(
        "state-written-early",
        "STATE leaves a target when it comes, not when all before it is delivered.",
        (
            Edit(
                f"{_KIT}/delivery/target.py",
                "    def is_known(self, stream: str) -> bool:\n",
                "    def _process_state_message(self, message_dict):\n"
                "        super()._process_state_message(message_dict)\n"
                '        self._write_state_message(message_dict["value"])\n\n'
                "    def is_known(self, stream: str) -> bool:\n",
            ),
        ),
    ),
    Mutant(
        "lease-not-asserted",
        "Nobody asks whether the lease is still held before a request that changes something.",
        (
            Edit(f"{_KIT}/lease_check.py", "        check()\n", "        pass\n"),
            Edit(_POSTING, "        self.lease.assert_held()\n        self.book.sending", "        self.book.sending"),
        ),
    ),
    Mutant(
        "model-not-locked",
        "Imports run without the lock of the model.",
        (
            Edit(
                f"{_TO_ANAPLAN}/delivery.py",
                "with carrier.lock.held(what) if sending else nullcontext():",
                "with nullcontext():",
            ),
        ),
        flow="sap-to-anaplan",
    ),
    Mutant(
        "lost-retry",
        "A document whose request was lost, and which is not there, is taken as done and not sent again.",
        (
            Edit(
                _POSTING,
                "            self._queue.append((job, ready))\n",
                '            yield from self._end(Done(job, ready, POSTED, Posted("0")))\n',
            ),
        ),
        flow="plan-to-sap",
    ),
    Mutant(
        "look-up-skipped",
        "After a lost answer the document is sent again without looking whether it is there.",
        (
            Edit(
                _POSTING,
                "            yield from self._claim(self._look_up(doubtful))\n",
                "            for one in doubtful:\n"
                "                self._queue.append(self._unknown.pop(one.reference)[:2])\n",
            ),
        ),
        flow="plan-to-sap",
    ),
    Mutant(
        "settle-wait-skipped",
        "What is not there is sent again at once, though the lost request may still be carried out.",
        (Edit(_POSTING, "end = self.clock.elapsed() + seconds", "end = self.clock.elapsed()"),),
        flow="plan-to-sap",
    ),
    Mutant(
        "intent-after-request",
        "The trail is told of a document when it was sent, and the ERP is not asked for what the trail does not know.",
        (
            Edit(
                _POSTING,
                "        self.book.intend(batch_no, [ready.entry for _, ready in some], self.clock.now())\n"
                "        there = self._look_up([ready.document for _, ready in fresh]) "
                "if self.look_up_first and fresh else {}\n",
                "        there = {}\n",
            ),
            Edit(
                _POSTING,
                "        self.book.sending(batch_no, [ready.entry.reference for _, ready in going], self._latest())\n"
                "        outcomes, error = self._ask([ready.document for _, ready in going])\n",
                "        outcomes, error = self._ask([ready.document for _, ready in going])\n"
                "        self.book.intend(batch_no, [ready.entry for _, ready in some], self.clock.now())\n"
                "        self.book.sending(batch_no, [ready.entry.reference for _, ready in going], self._latest())\n",
            ),
            Edit(
                f"{_KIT}/documents/delivery.py",
                "if self._reconciliation is None or not self._compare_first:",
                "if True:",
            ),
        ),
        flow="plan-to-sap",
    ),
    Mutant(
        "gateway-believed",
        "Whatever status comes back, the document counts as not posted, and is sent again without a wait.",
        (
            Edit(f"{_KIT}/documents/doubt.py", "left = error.status != 429 and not error.own", "left = False"),
            Edit(_POSTING, "if self.look_up_first and fresh else {}", "if False else {}"),
            Edit(
                f"{_KIT}/documents/delivery.py",
                "if self._reconciliation is None or not self._compare_first:",
                "if True:",
            ),
        ),
        flow="plan-to-sap",
    ),
    Mutant(
        "withdrawal-forgotten",
        "What left a plan stays posted.",
        (
            Edit(
                f"{_KIT}/documents/delivery.py",
                "        for unit, name in left:\n            yield from self._left(unit, name)\n",
                "",
            ),
        ),
        flow="plan-to-syspro",
    ),
    Mutant(
        "approval-not-asked",
        "The cells that approve are read, and not looked at.",
        (
            Edit(
                "tap-anaplan/tap_anaplan/gate.py",
                "frozenset(name for name, cell in found.items() if cell)",
                "frozenset(found)",
            ),
        ),
        flow="plan-to-sap",
    ),
    Mutant(
        "order-not-kept",
        "Mappings are delivered in the opposite order: modules before the lists that they need.",
        (
            Edit(
                f"{_TO_ANAPLAN}/delivery.py",
                "            for outbox, shipment in waiting:\n                done += 1\n",
                "            for outbox, shipment in reversed(waiting):\n                done += 1\n",
            ),
        ),
        flow="syspro-to-anaplan",
    ),
    Mutant(
        "bookmark-exclusive",
        "A read goes on behind the day of its bookmark, not with it and the days before.",
        (Edit(f"{_KIT}/odata/capture.py", "days=self.lookback_days).date()", "days=-1).date()"),),
        flow="syspro-to-anaplan",
    ),
    Mutant(
        "change-date-forgotten",
        "Of several columns that tell of a change only the first is asked: a reversal of an old entry is not seen.",
        (
            Edit(
                f"{_KIT}/odata/capture.py",
                '*(Compare(name, "ge", first) for name in self.others)',
                '*(Compare(name, "ge", first) for name in ())',
            ),
        ),
        flow="sap-to-anaplan",
    ),
    Mutant(
        "short-page-ends",
        "A page shorter than the one before is taken for the last one.",
        (
            Edit(
                f"{_KIT}/odata/pages.py",
                "            self._check(reader, following)\n            page = following\n",
                "            self._check(reader, following)\n"
                "            if len(following.rows) < len(page.rows):\n"
                "                if following.rows:\n"
                "                    yield following\n"
                "                return\n"
                "            page = following\n",
            ),
        ),
        flow="syspro-to-anaplan",
    ),
    Mutant(
        "count-believed",
        "Where the server counts no more rows than came, nothing else is asked.",
        (
            Edit(
                f"{_KIT}/odata/pages.py",
                "                if not page.rows or proof.nothing_behind(len(page.rows), page):\n",
                "                if True:\n",
            ),
            Edit(
                f"{_KIT}/odata/proof.py",
                "        if rows >= self._total and self._page_count:\n            return None\n",
                "",
            ),
        ),
        flow="syspro-to-anaplan",
    ),
    Mutant(
        "last-page-lost",
        "A last page of one row is counted, and not handed on.",
        (
            Edit(
                f"{_KIT}/odata/pages.py",
                "            self.tally.add(page.rows, page.keys)\n            yield page\n",
                "            self.tally.add(page.rows, page.keys)\n"
                "            if len(page.rows) != 1 or self.tally.rows == 1:\n"
                "                yield page\n",
            ),
        ),
        flow="sap-to-anaplan",
    ),
    Mutant(
        "deletion-without-proof",
        "What did not come is deleted, whether its version came whole or not.",
        (Edit(f"{_KIT}/delivery/target.py", "        return found.proven\n", "        return found.current\n"),),
        flow="syspro-to-anaplan",
    ),
    Mutant(
        "ignored-rows-delivered",
        "Rows that Anaplan ignores count as delivered.",
        (Edit(f"{_TO_ANAPLAN}/dumps.py", "if own.ignored and not self._accept_ignored:", "if False:"),),
        flow="syspro-to-anaplan",
    ),
    Mutant(
        "dump-not-read",
        "Rows that Anaplan rejects are not asked for, and count as delivered.",
        (Edit(f"{_TO_ANAPLAN}/dumps.py", "if action.dump_available or own.refused:", "if False:"),),
        flow="syspro-to-anaplan",
    ),
    Mutant(
        "failed-task-believed",
        "An import that failed as a whole counts as delivered.",
        (
            Edit(
                f"{_TO_ANAPLAN}/delivery.py",
                "        if result.problem and not result.only_rejected:\n",
                "        if False:\n",
            ),
            Edit(f"{_TO_ANAPLAN}/delivery.py", "        accounts.check(outbox.policy.check_counts)\n", ""),
        ),
        flow="syspro-to-anaplan",
    ),
    Mutant(
        "rate-not-counted",
        "Requests go out without a slot of the tenant's rate.",
        (
            Edit(
                f"{_KIT}/http/session.py",
                "        if self._limiter is not None:\n            self._limiter.acquire()\n",
                "",
            ),
        ),
        flow="syspro-to-anaplan",
    ),
    Mutant(
        "redaction-off",
        "Nothing is masked in what is logged and told.",
        (
            Edit(
                f"{_KIT}/redaction.py",
                "    if _secrets:\n        text = _pattern().sub(MASK, text)\n",
                "    return text\n",
            ),
        ),
        flow="plan-to-syspro",
    ),
    Mutant(
        "temporary-files-left",
        "The folder of a run stays when the run has ended, and when the next one begins.",
        (
            Edit(
                f"{_KIT}/private_files.py",
                "        lock.release()\n        shutil.rmtree(folder, ignore_errors=True)\n",
                "        lock.release()\n",
            ),
            Edit(f"{_KIT}/private_files.py", "    _remove_left_behind(place, name)\n", ""),
        ),
        flow="sap-to-anaplan",
    ),
    Mutant(
        "zeros-of-keys-lost",
        "Keys in templates lose their leading zeros.",
        (
            Edit(
                f"{_KIT}/mapping/template.py",
                "            return texts(block, self.field)\n",
                '            return [one.lstrip("0") or one for one in texts(block, self.field)]\n',
            ),
        ),
        flow="sap-to-anaplan",
    ),
    Mutant(
        "decimals-through-float",
        "Numbers with a fraction are read as floats.",
        (
            Edit(f"{_KIT}/singer/records.py", "    number = Decimal(text)\n", "    number = Decimal(float(text))\n"),
            Edit(
                f"{_KIT}/singer/records.py",
                'None if text == b"null" else Decimal(text.decode())',
                'None if text == b"null" else Decimal(float(text.decode()))',
            ),
        ),
        flow="plan-to-syspro",
    ),
    Mutant(
        "replay-overwrites",
        "A replay sends everything that was ever refused, also what was delivered again since.",
        (
            Edit(f"{_KIT}/audit/failures.py", '    "WHERE f.closed IS NULL"\n', '    "WHERE true"\n'),
            Edit(
                f"{_KIT}/audit/overtaken.py",
                "    return stored_json(found, set[int]) if found else set()\n",
                "    return set()\n",
            ),
        ),
        flow="syspro-to-anaplan",
    ),
    Mutant(
        "failure-unsaid",
        "A run that failed ends with exit code 0.",
        (
            Edit(
                f"{_KIT}/singer/plugin.py",
                '        sys.stderr.write(message + "\\n")\n    sys.exit(1)\n',
                '        sys.stderr.write(message + "\\n")\n    sys.exit(0)\n',
            ),
        ),
    ),
    Mutant(
        "start-not-looked-for",
        "When the answer to a task's start is lost, nobody looks whether it runs, and the lock is let go.",
        (
            Edit(
                f"{_KIT}/anaplan/tasks.py",
                "                found = self._look_after_start(known)\n                if found:\n"
                "                    log.warning(",
                '                found = ""\n                if found:\n                    log.warning(',
            ),
        ),
        flow="sap-to-anaplan",
    ),
)
"""In the order of the issue's examples, as far as it names them."""
