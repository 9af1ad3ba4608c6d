"""Refusals where a provider is asked who somebody is."""

from quart_auth_app.accounts.errors import AccountError, TryLater


class ProviderRefused(AccountError):
    """The provider's answer doesn't prove who the person is; `reason`, for the log, says why."""


class ProviderDenied(ProviderRefused):
    """The person or the provider refused: the answer was an error."""


class AttemptTooLate(ProviderRefused):
    """The provider's answer belongs to no attempt of this browser, or to one that has expired or was used."""


class ProviderAway(TryLater):
    """The provider with this label doesn't answer, or answers wrongly."""

    def __init__(self, label: str, retry_after: int) -> None:
        super().__init__(retry_after)
        self.values["label"] = label
