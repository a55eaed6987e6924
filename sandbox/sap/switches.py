"""What an S/4HANA tenant may do differently, or is not known to do: one switch each."""

from __future__ import annotations

from sandbox.core.odata import habits
from sandbox.core.switches import Switch, Switches

AUTH = (
    Switch("oauth_client_credentials", bool, True, "Client credentials are an inbound way to log on."),
    Switch("token_seconds", int, 3600, "Life of an access token."),
    Switch("new_password", str, "", "The communication user's password since it was changed."),
    Switch("client_certificate", bool, True, "A client certificate that the proxy in front hands on is a log-on."),
    Switch("not_arranged", str, "", "Services, comma-separated, that no communication arrangement covers."),
    Switch("not_arranged_status", ("403", "401"), "403", "How a service without an arrangement is refused."),
    Switch("csrf_seconds", float, 1800.0, "Life of a CSRF token and its session."),
    Switch("csrf_head", ("refused", "allowed"), "refused", "Whether HEAD fetches a CSRF token, too."),
)
ODATA = (
    Switch("page_default", int, 1000, "V2: rows of a page when the client sends no $top; 0 all."),
    Switch("page_cap", int, 5000, "V2: rows of a page at most; 0 no limit."),
    Switch("unpaged", str, "", "Services, comma-separated, that return all rows at once."),
    Switch("page_default_v4", int, 100, "V4: rows of a page when the client sends no $top."),
    Switch("page_cap_v4", int, 5000, "V4: rows of a page at most."),
    Switch("maxpagesize", bool, True, "V4: Prefer: odata.maxpagesize is honoured."),
    Switch("next_link_v4", ("relative", "absolute"), "relative", "V4: form of @odata.nextLink."),
    Switch("skiptoken", ("opaque", "numeric"), "opaque", "What a continuation carries: the last key, or an offset."),
    Switch("shuffle", bool, False, "Rows come in any order when there is no $orderby."),
    Switch("aggregation", bool, True, "Sets with aggregate semantics sum over the selected dimensions."),
    Switch("datetimeoffset_form", ("offset", "bare"), "offset", "V2: /Date(n+0000)/ or /Date(n)/."),
    Switch("metadata_id", bool, True, "V2: __metadata has the member id."),
    Switch("filter_upper_case", bool, False, "Literals for upper-case properties are converted as the values are."),
    Switch("alpha_conversion", bool, False, "Numbers without their leading zeros find the keys that have them."),
    Switch("compression", bool, False, "Bodies of reads are gzipped for clients that accept it."),
    Switch("default_format", ("atom", "json"), "atom", "V2: what a client gets that asks for no format."),
)

POSTING = (
    Switch("balance_message", ("FINS/016", "RW/022", "F5/702"), "FINS/016", "Message of an unbalanced entry."),
    Switch("assignment_required", bool, True, "A P&L account wants a cost center, an order or a WBS element."),
    Switch(
        "assignment_groups",
        str,
        "AUFW,PERS",
        "Account groups, comma-separated, that want one; empty: all P&L accounts.",
    ),
    Switch(
        "debit_credit_mismatch",
        ("error", "amount", "negative_posting"),
        "error",
        "A sign against its code: refused (from release 2602 on), or before it the side or the sign is turned.",
    ),
    Switch("negative_posting", ("accepted", "refused"), "accepted", "Lines that carry IsNegativePosting."),
    Switch("message_ids", ("required", "optional"), "required", "Headers of journal entry messages need an ID."),
    Switch("duplicate_ids", ("accepted", "in_request", "ever"), "accepted", "Reused message IDs that are refused."),
    Switch("bulk", ("each", "all_or_none"), "each", "A refused entry of a request: do the others stand."),
    Switch("soap_unknown_element", ("fault", "ignored"), "fault", "What an element out of place does."),
    Switch("soap_later_elements", bool, False, "LedgerGroup, OrderID and IsNegativePosting of later releases."),
    Switch("soap_too_long", ("fault", "cut"), "fault", "What a value does that is too long for its element."),
    Switch("soap_fault_text", ("generic", "detailed"), "generic", "Whether a fault says what was wrong."),
    Switch("soap_prefix", ("soap-env", "env", "soapenv"), "soap-env", "Prefix of SOAP 1.1 envelopes."),
    Switch("confirmation_origin_name", bool, True, "The element that answers have and the WSDL has not."),
    Switch("log_lines", bool, False, "Messages of refused entries name the number of the line."),
    Switch("duplicate_invoice", ("warning", "error", "silent"), "warning", "What an invoice entered twice brings."),
    Switch(
        "credit_memo_items",
        ("credit", "debit"),
        "credit",
        "The side of a credit memo's account items: as they are posted, or as in an invoice, which SAP then turns.",
    ),
    Switch("plan_categories", str, "PLN,BUD,FCST", "Categories that plan data may have; empty: any."),
    Switch("soap_action", ("ignored", "checked"), "ignored", "A foreign SOAPAction is a fault."),
)

BOOKS = (Switch("change_moves", bool, True, "Clearing and reversal move the change time of the lines they touch."),)


def sap_switches() -> Switches:
    """All of them at their defaults."""
    return Switches((*AUTH, *ODATA, *habits.SWITCHES, *POSTING, *BOOKS))
