"""How large a picture may be, and how much work a file may ask for, before anything is allocated or decoded."""

MAX_PIXELS = 200_000_000
"""The largest picture that is accepted where nothing else is asked for."""

MAX_SCANS = 500
"""Files of pictures have about ten."""

MAX_BLOCKS_PER_BYTE = 40
"""More blocks than this for each byte of the file cannot be: even a single-coloured picture stays below 10."""

MAX_VISITS_PER_BYTE = 400
"""The same for the blocks of all scans together, so that no small file keeps the decoder busy for minutes."""
