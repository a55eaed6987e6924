"""`python -m tap_syspro`."""

from tap_syspro.tap import main

main()
