"""What the tests of several plugins do alike: run a plugin, kill it, read its trail, hold its README to its code."""
