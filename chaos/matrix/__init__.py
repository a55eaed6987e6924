"""Every endpoint that a plugin uses, with every fault: recovered, or failed clearly and made good by the next run."""
