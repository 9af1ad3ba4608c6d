"""Signing up by mail or with an account at a provider."""
