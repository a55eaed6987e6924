"""A local SAP S/4HANA: OData V2 and V4 services and the SOAP service for journal entries, over one set of books."""
