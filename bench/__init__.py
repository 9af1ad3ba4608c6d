"""`make bench`: compares the application with others of its kind, and with the most that the machine can do."""
