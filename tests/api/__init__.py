"""Programs: other people's, led by docs/openapi.json."""
