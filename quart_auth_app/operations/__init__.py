"""What an operator does: looking for faults, finding people, cleaning up. Called by the commands."""
