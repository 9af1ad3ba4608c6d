"""Providers: other sites by whose accounts people log in (OpenID Connect). Loaded only where one is configured."""
