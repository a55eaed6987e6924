"""OData V2 (Gateway) and V4 (RAP) over the tables of the local S/4HANA."""
