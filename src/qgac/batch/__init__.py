"""Many pictures: which ones, in which order, by whom, and what became of each."""
