"""Pictures to train and to measure on."""
