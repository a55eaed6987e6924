"""GetLogonProfile: who is logged on to what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.syspro.enet.xml import document, element

if TYPE_CHECKING:
    from sandbox.syspro.enet.sessions import Session

_CONSTANT = {
    "OperatorGroup": "ADMIN", "OperatorEmailAddress": "", "OperatorLocation": "", "OperatorLanguageCode": "05",
    "SystemLanguage": "ENGLISH", "DefaultArBranch": "10", "DefaultApBranch": "10", "DefaultBank": "MAIN",
    "DefaultWarehouse": "FG", "DefaultCustomer": "", "SystemSiteId": "SANDBOX", "SystemNationalityCode": "USA",
    "DefaultRequisitionUser": "", "XMLToHTMLTransform": "IE", "CssStyle": "", "CssSuffix": "", "DecimalFormat": "1",
    "DateFormat": "01", "FunctionalRole": "01", "DatabaseType": "SQL",
}  # fmt: skip


def logon_profile(session: Session, version: str, today: str) -> str:
    """The UserInfo document; ``today`` is the company's date."""
    company = session.company
    values = {
        "CompanyName": company.name,
        "OperatorCode": session.operator.code,
        **_CONSTANT,
        "AccountingDate": today,
        "CompanyDate": today,
        "LocalCurrencyCode": company.currency,
        "CurrencyDescription": company.currency,
        "SysproVersion": version,
        "EnetVersion": version,
        "SysproServerBitWidth": "64",
    }
    return document("UserInfo", "\n".join(element(name, value) for name, value in values.items()))
