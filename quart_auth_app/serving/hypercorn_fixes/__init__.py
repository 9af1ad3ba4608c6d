"""Faults of hypercorn that are mended here, one file each, until a release mends them."""
