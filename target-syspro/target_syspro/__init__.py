"""Singer target for SYSPRO: journals and invoices, each posted once; suppliers and customers, kept as configured."""
