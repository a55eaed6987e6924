"""SAP S/4HANA as both plugins know it: how to connect, how to log on, and what its errors say."""
