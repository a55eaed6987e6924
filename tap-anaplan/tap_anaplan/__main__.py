"""`python -m tap_anaplan`."""

from tap_anaplan.tap import main

main()
