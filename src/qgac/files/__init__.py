"""Whether a file may be written, and writing it whole."""
