"""What must not leave this process in words: the secrets that it was given, and logins in URLs.

Errors of other people's code may hold them (a database's URL, a request's headers), and a run's document, an alert or a
job says why it failed to all who can read them.
"""

from __future__ import annotations

import json
import os
import re
from urllib.parse import quote

_VARIABLES = ("MARCELLE_PASSWORD", "MARCELLE_TOKEN", "MARCELLE_WEBHOOK")
_IN_URL = re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^\s/?#@'\"<>]+(?:@[^\s/?#@'\"<>]+)*@", re.IGNORECASE)
_MASK = "***"
_SHORT = 6  # letters; a secret of fewer is masked where it stands alone, as it may be a part of any word

_secrets: set[str] = set()


def keep_secret(*secrets: str | None) -> None:
    """Has secrets masked from now on, as long as the process lives.

    Args:
        secrets: Passwords and tokens; those that are `None` or empty are nothing to hide.
    """
    _secrets.update(secret for secret in secrets if secret)


def redacted(text: str) -> str:
    """A text without the secrets that this process knows, and without logins in URLs."""
    if "://" in text:
        text = _IN_URL.sub(rf"\1{_MASK}@", text)
    known = {*_secrets, *(os.environ.get(name, "").strip() for name in _VARIABLES)} - {""}
    for secret in sorted(known, key=len, reverse=True):  # one may be a part of another
        for form in {secret, quote(secret, safe=""), json.dumps(secret)[1:-1]}:
            if len(form) >= _SHORT:
                text = text.replace(form, _MASK)
            elif form in text:
                text = re.sub(rf"(?<!\w){re.escape(form)}(?!\w)", _MASK, text)
    return text
