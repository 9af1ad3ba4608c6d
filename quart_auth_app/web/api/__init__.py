"""The same routes in JSON: bodies read, answers written, and the document that describes both (OpenAPI)."""
