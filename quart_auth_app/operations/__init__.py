"""What operators do: finding faults, finding people, pruning. Called by commands and admin pages."""
