"""What an S/4HANA tenant may do differently, or is not known to do: one switch each."""

from __future__ import annotations

from sandbox.core.switches import Switch, Switches

AUTH = (
    Switch("oauth_client_credentials", bool, True, "Client credentials are an inbound way to log on."),
    Switch("token_seconds", int, 3600, "Life of an access token."),
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
    Switch("alpha_conversion", bool, False, "Numbers without their leading zeros find the keys that have them."),
    Switch("transition_format", ("atom", "json"), "atom", "V2: what a client gets that asks for no format."),
)


def sap_switches() -> Switches:
    """All of them at their defaults."""
    return Switches((*AUTH, *ODATA))
