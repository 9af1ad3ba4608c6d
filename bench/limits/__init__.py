"""The limits: what the things that the application stands on can do by themselves."""
