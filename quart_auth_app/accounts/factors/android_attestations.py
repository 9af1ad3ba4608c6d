"""webauthn without what verifies an attestation of Android's, until a browser sends one.

We ask for no attestation, but webauthn 3 loads all that it may need for one. Of that, pyasn1 and its modules are 3 MB
in each worker where a passkey was used, and nearly half of the time that the first such user waits for webauthn. An
attestation that is sent nevertheless is verified as before.
"""

import importlib
import sys
import threading
from types import ModuleType
from typing import Any

from quart_auth_app.third_party import is_for

NAME = "webauthn.registration.formats.android_key"

_loading = threading.Lock()


def _verify(**arguments: Any) -> Any:
    with _loading:
        if sys.modules.get(NAME) is _stand_in:
            del sys.modules[NAME]
        own = importlib.import_module(NAME)
    return own.verify_android_key(**arguments)


_stand_in = ModuleType(NAME)
vars(_stand_in)["verify_android_key"] = _verify


def load_webauthn() -> None:
    """Import webauthn. Its part for these attestations follows with the first of them."""
    if "webauthn" not in sys.modules and is_for("webauthn", "loading pyasn1 late", ("3.0.1",)):
        sys.modules[NAME] = _stand_in
    importlib.import_module("webauthn")
