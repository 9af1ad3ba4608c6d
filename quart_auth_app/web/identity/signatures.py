"""Signatures with a timestamp, checked with leeway: the server that signed may have another clock."""

from datetime import datetime
from typing import Any

from itsdangerous import SignatureExpired, TimestampSigner, URLSafeTimedSerializer

from quart_auth_app.clock import LEEWAY


class PatientSigner(TimestampSigner):
    """itsdangerous' signer with LEEWAY at both ends; the original refuses a signature from one second in the future."""

    def unsign(self, signed_value: str | bytes, max_age: int | None = None, return_timestamp: bool = False) -> Any:
        """Return the value. Raises BadSignature, or its child SignatureExpired."""
        value, signed_at = super().unsign(signed_value, return_timestamp=True)
        if max_age is not None:
            self._insist_on_age(signed_at, max_age)
        return (value, signed_at) if return_timestamp else value

    def _insist_on_age(self, signed_at: datetime, max_age: int) -> None:
        age, leeway = self.get_timestamp() - signed_at.timestamp(), LEEWAY.total_seconds()
        if not -leeway <= age <= max_age + leeway:
            raise SignatureExpired(f"Signature age {age} is not within 0 and {max_age} seconds", date_signed=signed_at)


class PatientSerializer(URLSafeTimedSerializer):
    """itsdangerous' serializer with PatientSigner."""

    default_signer = PatientSigner
