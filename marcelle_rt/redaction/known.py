"""The secrets that this process was given, in all the ways that programs write them."""

from __future__ import annotations

import base64
import functools
import html
import json
import os
import re

_VARIABLES = ("MARCELLE_PASSWORD", "MARCELLE_TOKEN", "MARCELLE_WEBHOOK")
MASK = "***"
_SHORT = 6  # letters; a secret of fewer is masked where it stands alone, as it may be a part of any word

_secrets: set[str] = set()


def keep_secret(*secrets: str | None) -> None:
    """Has secrets masked from now on, as long as the process lives.

    Args:
        secrets: Passwords and tokens; those that are `None` or empty are nothing to hide.
    """
    _secrets.update(secret for secret in secrets if secret)


def without_known(text: str) -> str:
    """A text without the secrets that this process knows, however they are written."""
    known = {*_secrets, *(os.environ.get(name, "").strip() for name in _VARIABLES)} - {""}
    for secret in sorted(known, key=len, reverse=True):  # one may be a part of another
        text = text.replace(secret, MASK) if len(secret) >= _SHORT else text
        spelled, encoded = _forms(secret)
        text = spelled.sub(MASK, text) if spelled is not None else text
        for form in encoded:
            text = text.replace(form, MASK)
    return text


@functools.lru_cache(maxsize=64)
def _forms(secret: str) -> tuple[re.Pattern[str] | None, tuple[str, ...]]:
    """A pattern of the ways to write a secret, if there are several, and what Base64 makes of it."""
    if len(secret) < _SHORT:
        return re.compile(rf"(?<!\w){_pattern(secret)}(?!\w)"), ()
    return (None if re.fullmatch(r"[\w.~-]+", secret, re.ASCII) else re.compile(_pattern(secret))), _in_base64(secret)


def _pattern(secret: str) -> str:
    return "".join(map(_character, secret))


def _character(character: str) -> str:
    """A pattern of a character: itself, or as URLs, JSON, `repr`, shells and HTML have it."""
    if re.fullmatch(r"[\w.~-]", character, re.ASCII):
        return re.escape(character)
    octets = character.encode("utf-8", "surrogatepass")
    escapes = {json.dumps(character)[1:-1], repr(character)[1:-1], ascii(character)[1:-1], f"\\{character}"}
    escapes |= {"".join(f"\\x{octet:02x}" for octet in octets)}
    bare = {escape.lstrip("\\") for escape in escapes if escape.startswith("\\")} - {""}
    ways = {
        *(
            re.escape(way)
            for way in (character, html.escape(character), f"&#{ord(character)};", f"&#x{ord(character):x};")
        ),
        *(rf"\\+{re.escape(way)}" for way in bare),  # what is escaped again has more of them
        *([r"\\+"] if character == "\\" else []),
        "(?i:" + "".join(f"%{octet:02x}" for octet in octets) + ")",
        *([r"\+"] if character == " " else []),
    }
    return f"(?:{'|'.join(sorted(ways, key=len, reverse=True))})"


def _in_base64(secret: str) -> tuple[str, ...]:
    """What of Base64 is always the same where a secret is in it, wherever it begins, as in `user:password`."""
    forms = set()
    for encoding in ("utf-8", "latin-1"):
        octets = secret.encode(encoding, "ignore")
        for before in range(3):
            whole = base64.b64encode(bytes(before) + octets).decode()
            own = whole[(before * 8 + 5) // 6 : (before + len(octets)) * 8 // 6]  # what shares no bit with others
            forms |= {own, own.translate(str.maketrans("+/", "-_"))}
    return tuple(sorted((form for form in forms if len(form) >= _SHORT), key=len, reverse=True))
