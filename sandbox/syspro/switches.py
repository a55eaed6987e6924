"""What a SYSPRO site may do differently, or is not known to do: one switch each."""

from __future__ import annotations

from sandbox.core.odata import habits
from sandbox.core.switches import Switch, Switches

ODATA = (
    Switch("page_cap", int, 5000, "Rows that one request returns at most."),
    Switch("beyond_cap", ("truncate", "nextlink", "error"), "truncate", "What a request for more rows gets."),
    Switch("maxpagesize", bool, False, "Prefer: odata.maxpagesize is honoured, with a next link."),
    Switch("metadata_place", ("company", "root", "none"), "company", "Where $metadata is."),
    Switch("date_literal", ("offset", "date", "quoted", "any"), "offset", "Which date literals $filter accepts."),
    Switch("datetime_format", ("utc", "naive", "offset", "date"), "utc", "How datetime columns are written."),
    Switch("null_dates", ("null", "1900"), "null", "How a date that was never entered is written."),
    Switch("decimal_format", ("number", "string"), "number", "How decimals are written."),
    Switch("ieee754", bool, True, "Accept: IEEE754Compatible=true turns decimals into strings."),
    Switch("timestamp_exposed", bool, True, "The TimeStamp row version is a property of every entity."),
    Switch("shuffle", bool, False, "Rows come in any order when there is no $orderby."),
    Switch("trailing_blanks", bool, False, "Text comes with blanks behind it."),
    Switch("plus_tables", ("absent", "verbatim", "underscore"), "absent", "Custom-form tables such as ApSupplier+."),
    Switch("filter_functions", bool, True, "contains, startswith, year and the like work in $filter."),
    Switch("odata_password", ("separate", "enet"), "separate", "Which password Basic authentication checks."),
    Switch("new_odata_password", str, "", "The password generated for OData since it was changed."),
    Switch("compression", bool, False, "Bodies are gzipped for clients that accept it."),
    Switch("operator_known", bool, True, "The OData service was started since the operator was made."),
    Switch(
        "activity_queries",
        ("absent", "keyless", "keyed"),
        "absent",
        "Business Activity Queries: views of the company database that are entity sets, without a key or with one.",
    ),
    Switch("hidden_tables", str, "", "Tables, comma-separated, that the operator's SQL login may not see."),
)
ENET = (
    Switch("unlicensed", str, "", "Business objects, comma-separated, that the site has no licence for."),
    Switch("new_operator_password", str, "", "The operator's password since it was changed."),
    Switch("element_case", ("pascal", "lower"), "pascal", "Case of the elements in replies of query objects."),
    Switch("idle_seconds", float, 900.0, "A session dies after so many idle seconds; 0 never."),
    Switch("single_session", bool, True, "A second logon of an operator ends the first session."),
    Switch("licences", int, 0, "Sessions that may live at once; 0 any number."),
    Switch("company_password_required", bool, False, "Logon without the CompanyPassword parameter is refused."),
    Switch("session_error", ("prefixed", "bare"), "prefixed", "Session errors begin with ERROR: or not."),
    Switch("json_quoted_session", bool, False, "Logon returns the session id as a JSON string."),
    Switch("longest_url", int, 16384, "Characters of path and query that the HTTP stack accepts."),
    Switch("long_url_status", ("414", "400", "404"), "414", "How a longer URL is refused."),
    Switch("rest_path", str, "", "Path of e.net REST behind a load balancer, instead of the WCF service's."),
    Switch("utilities_path", bool, False, "/Utilities/Logon is an alias of /Logon, and so for its siblings."),
    Switch("null_date_text", ("0000-00-00", "empty"), "0000-00-00", "How a date that was never entered is written."),
    Switch("find_cap", int, 0, "Rows that one COMFND returns at most; 0 as many as asked."),
    Switch("echo_case", ("lower", "pascal"), "lower", "Case of what setup and transaction objects send back."),
    Switch("posting_reply", ("mixed", "key", "item", "status"), "mixed", "Where a reply has the journal's number."),
    Switch("journal_element", ("Journal", "JournalNumber"), "Journal", "What GENTJL's reply calls the journal."),
    Switch("posting_status", ("counted", "absent"), "counted", "StatusOfItems of transaction objects."),
    Switch("journal_period", ("named", "swapped"), "named", "PostingYear holds the year, or the period does."),
    Switch("gl_open_back", int, 12, "Periods before the present one that are open in the general ledger."),
    Switch("gl_open_ahead", int, 14, "Periods after the present one that are open in the general ledger."),
    Switch("ap_open_periods", str, "C,P,B", "Periods of the AP ledger, comma-separated, that are open."),
    Switch("closed_periods", str, "", "Periods, comma-separated as 2026-10, that are closed."),
    Switch("supplier_on_hold", ("error", "warning"), "error", "An invoice of a supplier that is on hold."),
    Switch("numeric_invoices", ("padded", "as_entered"), "padded", "Numeric invoice numbers are filled with zeros."),
    Switch("blank_element", ("clear", "keep"), "clear", "A blank element of a setup document empties the column."),
    Switch("outside_1252", ("question_mark", "error"), "question_mark", "Characters that Windows-1252 does not have."),
    Switch("version", str, "8.0.0.0", "What GetVersion answers."),
)


def syspro_switches() -> Switches:
    """All of them at their defaults."""
    return Switches((*ODATA, *habits.SWITCHES, *ENET))
