"""Singer target for SYSPRO through e.net business objects."""
