"""qgac."""
