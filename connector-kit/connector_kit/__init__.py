"""What the plugins share, one subpackage per idea."""
