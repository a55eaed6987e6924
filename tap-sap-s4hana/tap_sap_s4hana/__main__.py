"""`python -m tap_sap_s4hana`."""

from tap_sap_s4hana.tap import main

main()
