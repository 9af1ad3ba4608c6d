"""Faults that are put into a copy of the code on purpose, to see that the tests notice them."""
