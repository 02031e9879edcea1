"""Staged training: Y first, then colour with Y frozen (section 3.4)."""
