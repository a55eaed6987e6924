"""SYSPRO, SAP S/4HANA and Anaplan as local servers, built from published facts; see FIDELITY.md for each of them."""

from __future__ import annotations
