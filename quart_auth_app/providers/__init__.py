"""OpenID Connect providers, with whose accounts people log in. Imported only if one is configured."""
