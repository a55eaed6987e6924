"""Singer tap for SYSPRO (OData service, or e.net COMFND where OData is not licensed)."""
