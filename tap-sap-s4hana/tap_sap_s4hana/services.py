"""The paths of the shipped streams' services (SAP Business Accelerator Hub).

Communication scenarios differ by release and contract: the arrangement of a communication user lists the services that
it brings.
"""

from __future__ import annotations

_V2 = "/sap/opu/odata/sap/"
_V4 = "/sap/opu/odata4/sap/"

BUSINESS_PARTNER = _V2 + "API_BUSINESS_PARTNER"
COMPANY_CODE = _V2 + "API_COMPANYCODE_SRV"
COST_CENTER = _V2 + "API_COSTCENTER_SRV"
COST_CENTER_V4 = _V4 + "api_cost_center/srvd_a2x/sap/costcenter/0001"
GL_ACCOUNT = _V2 + "API_GLACCOUNTINCHARTOFACCOUNTS_SRV"
GL_LINE_ITEM = _V2 + "API_GLACCOUNTLINEITEM"
LEDGER = _V2 + "API_LEDGER_SRV"
OPERATIONAL_ITEM = _V2 + "API_OPLACCTGDOCITEMCUBE_SRV"
PURCHASE_ORDER = _V2 + "API_PURCHASEORDER_PROCESS_SRV"
PURCHASE_ORDER_V4 = _V4 + "api_purchaseorder_2/srvd_a2x/sap/purchaseorder/0001"
SUPPLIER_INVOICE = _V2 + "API_SUPPLIERINVOICE_PROCESS_SRV"
