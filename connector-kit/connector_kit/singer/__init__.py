"""What goes beyond the Singer SDK's public hooks, each in one place, with a test that fails when the SDK changes."""
