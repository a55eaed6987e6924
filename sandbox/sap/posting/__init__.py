"""What posts into the books from outside: the checks of entries, supplier invoices, plan data."""
