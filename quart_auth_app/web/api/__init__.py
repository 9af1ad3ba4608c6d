"""The routes in JSON: reading bodies, writing answers, and the OpenAPI document that describes both."""
