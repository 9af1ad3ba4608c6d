"""`make bench`: the application beside others of its kind, and beside what the machine could do at most."""
