"""The rows that a fresh S/4HANA has: two company codes, their masters and two years of business."""

from __future__ import annotations
