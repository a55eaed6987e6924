"""A logon session with SYSPRO's e.net REST service.

Facts: recorded traffic of SYSPRO 7.0.0.6 (syspro-ruby), a client in production on SYSPRO 8 (rectella-shopify-service),
and help.syspro.com for the rule that a second logon of an operator ends the first.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal, TypeVar
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from typing_extensions import Self

from connector_kit.errors import ConnectorError
from connector_kit.http import Retry
from connector_kit.redaction import register_secret
from connector_kit.syspro.answers import document, document_with_faults, user_id
from connector_kit.syspro.failures import SessionGoneError
from connector_kit.syspro.wire import Wire
from connector_kit.syspro.writing import large_post
from connector_kit.syspro.xml import text_of

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

    from connector_kit.coordination import Coordinator, Lease

T = TypeVar("T")
log = logging.getLogger(__name__)

Method = Literal["add", "update", "delete"]


class EnetSession:
    """One operator's session, alone on its operator over all processes that share the coordinator.

    Logs on with the first call that needs it, once more when the session was ended from outside, and off at the end.
    Calls follow each other, also from several threads: e.net does not promise more.

    Args:
        base_url: e.g. `http://server:31002/SYSPROWCFService/Rest`; a URL without a path gets this one.
        operator: the operator code; give the connectors one of their own.
        operator_password: may be empty.
        company: the company code.
        company_password: may be empty.
        coordinator: shares the operator among processes; without one the user has to see to it.
        wait_seconds: how long to wait for another job to be done with the operator.
        per_minute: requests a minute over all processes, where the site wants a limit.
        timeout: seconds to connect, seconds between bytes.
        url_limit: characters a URL may have: queries travel in it, and Windows' HTTP stack refuses long ones with an
            unclear answer. The exact limit is not documented.
        longest_get: characters from which on a transaction travels in a body instead.
        url_encoding: encoding of text in the URL. WCF reads UTF-8; not confirmed for SYSPRO.
        logon_options: further parameters for Logon, e.g. `LanguageCode`. Their names in REST are not documented.
    """

    def __init__(
        self,
        base_url: str,
        operator: str,
        operator_password: str,
        company: str,
        company_password: str = "",
        *,
        coordinator: Coordinator | None = None,
        wait_seconds: float = 900.0,
        per_minute: int | None = None,
        timeout: tuple[float, float] = (15.0, 300.0),
        retry: Retry | None = None,
        verify: Literal[True] | str = True,
        url_limit: int = 15_000,
        longest_get: int = 2_000,
        url_encoding: str = "utf-8",
        logon_options: Mapping[str, str] | None = None,
    ) -> None:
        self.operator = operator
        self.company = company
        for secret in (operator_password, company_password):
            register_secret(secret)
        self._passwords = (operator_password, company_password)
        self._coordinator = coordinator
        self._wait_seconds = wait_seconds
        self._longest_get = longest_get
        self._logon_options = dict(logon_options or {})
        host = urlsplit(base_url.strip()).netloc.rpartition("@")[2].lower()
        self._lock_name = f"syspro:{host}:{operator.upper()}"
        limiter = coordinator.limiter(f"syspro:{host}", per_minute=per_minute) if coordinator and per_minute else None
        self._wire = Wire(
            base_url,
            limiter=limiter,
            retry=retry,
            timeout=timeout,
            verify=verify,
            url_limit=url_limit,
            url_encoding=url_encoding,
        )
        self._one_at_a_time = threading.RLock()
        self._held = contextlib.ExitStack()
        self._lease: Lease | None = None
        self._user_id: str | None = None

    @property
    def base_url(self) -> str:
        """The service's address."""
        return self._wire.base_url

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Log off and let other jobs have the operator. An error while logging off is logged, not raised."""
        with self._one_at_a_time:
            try:
                self._log_off()
            finally:
                self._lease = self._wire.may_change = None
                self._held.close()
                self._wire.close()

    def switch_company(self, company: str, company_password: str | None = None) -> None:
        """Work in another company from now on: a session belongs to one. None: the password is the same as before."""
        with self._one_at_a_time:
            if company == self.company:
                return
            self._log_off()
            self.company = company
            if company_password is not None:
                register_secret(company_password)
                self._passwords = (self._passwords[0], company_password)

    def query(self, business_object: str, xml_in: str) -> Element:
        """The answer of a query business object.

        Raises:
            NotFoundError: the business object is not there or not licensed.
            RefusedError: SYSPRO's numbers and texts of what it does not like.
        """
        what = f"query {business_object}"
        parameters = {"BusinessObject": business_object, "XmlIn": xml_in}
        return self._call("Query/Query", parameters, what, lambda text: document(text, what))

    def fits(self, business_object: str, xml_in: str, xml_parameters: str | None = None) -> bool:
        """Whether a query, or with parameters a setup document, is short enough for an address."""
        path, sent = "Query/Query", {"UserId": "0" * 34, "BusinessObject": business_object, "XmlIn": xml_in}
        if xml_parameters is not None:
            path, sent = "Setup/Update", {**sent, "XmlParameters": xml_parameters}
        return self._wire.length(path, sent) <= self._wire.url_limit

    def setup(self, method: Method, business_object: str, parameters: str, xml_in: str) -> Element:
        """The answer of a setup business object, with the faults of single items in it (`results.read`).

        Setup objects have no way for long documents: one that does not fit into an address is refused here.

        Raises:
            NotFoundError: the business object is not there or not licensed.
            RefusedError: the whole call is refused.
            UnavailableError: the answer was lost. Only updates, which may be done twice, are repeated before that.
        """
        what = f"setup {method} {business_object}"
        sent = {"BusinessObject": business_object, "XmlParameters": parameters, "XmlIn": xml_in}
        return self._call(
            f"Setup/{method.capitalize()}",
            sent,
            what,
            lambda text: document_with_faults(text, what),
            repeatable=method == "update",
            changes=True,
        )

    def post(self, business_object: str, parameters: str, xml_in: str) -> Element:
        """Send a transaction once, and give back its answer with the faults of single items in it (`results.read`).

        Short ones travel in the address, others in a body (PostLD).

        Raises:
            SessionGoneError: SYSPRO does not know the session; the next call logs on again. Nothing is repeated here.
            NotFoundError: the business object is not there or not licensed.
            RefusedError: the whole call is refused; without a `status` by SYSPRO itself.
            UnavailableError: the answer was lost; it may have been posted.
        """
        what = f"post {business_object}"
        with self._one_at_a_time:
            sent = {
                "UserId": self._session(),
                "BusinessObject": business_object,
                "XmlParameters": parameters,
                "XmlIn": xml_in,
            }

            def read(text: str) -> Element:
                return document_with_faults(text, what)

            try:
                if self._wire.length("Transaction/Post", sent) <= min(self._longest_get, self._wire.url_limit):
                    return self._wire.get("Transaction/Post", sent, what, read, repeatable=False, changes=True)
                return self._wire.post("Transaction/PostLD", large_post(sent), what, read)
            except SessionGoneError:
                self._user_id = None
                raise

    def reserve(self) -> None:
        """Have the operator to ourselves from now on, without logging on yet.

        Raises:
            BusyError: another job did not let go of it in time.
        """
        with self._one_at_a_time:
            self._reserve()

    def log_on(self) -> None:
        """Log on, unless that is done.

        Raises:
            ConnectorError: it is not possible.
        """
        with self._one_at_a_time:
            self._session()

    def fetch(self, table: str, key: str, *more_keys: str) -> dict[str, str]:
        """One row by its whole key (business object COMFCH), as text by column, as SYSPRO pads it.

        Raises:
            RefusedError: SYSPRO's words when there is no such row.
        """
        optional = "".join(
            f"<OptionalKey{place}>{escape(value)}</OptionalKey{place}>" for place, value in enumerate(more_keys, 1)
        )
        xml_in = (
            f"<Fetch><TableName>{escape(table)}</TableName><Key>{escape(key)}</Key>{optional}"
            "<FullKeyProvided>Y</FullKeyProvided><DefaultType/><EspressoFetch>N</EspressoFetch></Fetch>"
        )
        what = f"fetch {table} {'/'.join((key, *more_keys))}"
        root = self._call("Query/Fetch", {"XmlIn": xml_in}, what, lambda text: document(text, what))
        return {str(column.tag): column.text or "" for column in root}

    def logon_profile(self) -> dict[str, str]:
        """What SYSPRO knows of the session: CompanyName, OperatorCode, SysproVersion and more."""
        what = "logon profile"
        root = self._call("GetLogonProfile", {}, what, lambda text: document(text, what))
        return {str(element.tag): text_of(element) for element in root}

    def time(self) -> float | None:
        """Seconds since 1970 on the service's clock now, by its last answer; None when that does not tell."""
        return self._wire.time()

    def version(self) -> str:
        """The version of the e.net service; needs no logon."""
        with self._one_at_a_time:
            return self._wire.get("GetVersion", {}, "version", str.strip)

    def _call(
        self,
        path: str,
        parameters: Mapping[str, str],
        what: str,
        read: Callable[[str], T],
        *,
        repeatable: bool = True,
        changes: bool = False,
    ) -> T:
        """A call within the session; once again in a new one when SYSPRO says that this one is gone."""
        options = {"repeatable": repeatable, "changes": changes}
        with self._one_at_a_time:
            try:
                return self._wire.get(path, {"UserId": self._session(), **parameters}, what, read, **options)
            except SessionGoneError as gone:
                log.warning("%s; logging on again", gone)
                self._user_id = None
            return self._wire.get(path, {"UserId": self._session(), **parameters}, what, read, **options)

    def _reserve(self) -> None:
        if self._coordinator is not None and self._lease is None:
            purpose = f"SYSPRO session of operator {self.operator}"
            self._lease = self._held.enter_context(
                self._coordinator.lock(self._lock_name, purpose=purpose, wait_seconds=self._wait_seconds)
            )
            self._wire.may_change = self._lease.assert_held

    def _session(self) -> str:
        self._reserve()
        if self._user_id is None:
            self._user_id = self._log_on()
        return self._user_id

    def _log_on(self) -> str:
        what = f"logon of operator {self.operator} to company {self.company}"
        # Missing parameters are refused, empty ones are not.
        parameters = {
            "Operator": self.operator,
            "OperatorPassword": self._passwords[0],
            "CompanyId": self.company,
            "CompanyPassword": self._passwords[1],
            **self._logon_options,
        }
        # It ends the operator's session of whoever holds the lock now, if that is not us.
        found = self._wire.get("Logon", parameters, what, user_id, logging_on=True, changes=True)
        register_secret(found)
        log.info("Logged on to SYSPRO company %s as %s", self.company, self.operator)
        return found

    def _log_off(self) -> None:
        ended, self._user_id = self._user_id, None
        if ended is None:
            return
        try:
            self._wire.get("Logoff", {"UserId": ended}, "logoff", str.strip)
        except ConnectorError as error:
            log.warning("%s", error)
