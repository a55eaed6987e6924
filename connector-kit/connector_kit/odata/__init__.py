"""OData V2 and V4 as a source of Singer streams: metadata, literals, filters, pages, rows."""
