"""Do both sides hold the same? Worked out with plain Python, without the plugins' mapping."""
