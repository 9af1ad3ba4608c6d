"""Mutation tests: faults are put into a copy of the code, to check that the tests notice them."""
