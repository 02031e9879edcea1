"""From pixels to picture files with their metadata."""
