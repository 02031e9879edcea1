"""What decoded pixels still tell of the JPEG they came from: its grid, its tables, its levels."""
