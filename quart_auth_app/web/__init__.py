"""The edge between HTTP and the domain."""
