"""Singer target for SAP S/4HANA: journal entries, plan data and supplier invoices, each posted once."""
