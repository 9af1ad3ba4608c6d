"""Mutation tests: puts faults into a copy of the code, and checks that the tests notice them."""
