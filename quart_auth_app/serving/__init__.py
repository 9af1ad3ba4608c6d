"""What runs while the application is served."""
