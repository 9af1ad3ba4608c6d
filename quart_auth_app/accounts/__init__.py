"""The domain: what an account can do. Knows nothing of HTTP and never imports quart."""
