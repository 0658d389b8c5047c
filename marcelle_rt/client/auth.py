"""Sign-in: what is sent to log in, and how long the answer's token lasts. No I/O."""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from .. import values
from ..config import Login
from ..errors import InvalidData, NotAuthenticated
from ..redaction import keep_secret

_RENEW_AT = 0.8  # of a token's life
_WARN_AT = 0.9
_SOONEST = 1.0  # seconds to the next renewal, however soon a token says that it ends
_TIMES = range(0, 253402300800)  # seconds since 1970 that are a time: up to the year 9999
_TRY_AGAIN = 30.0  # seconds after a renewal that failed


def check(login: Login) -> Login:
    """Returns a login that can be used.

    Raises:
        InvalidData: An email without a password, or the other way round. The password is not shown.
    """
    if (login.email is None) != (login.password is None):
        given = "email" if login.password is None else "password"
        raise InvalidData("login", f"{given} alone", "is not enough to sign in; give email and password, or a token")
    keep_secret(login.password, login.token)
    return login


def refused(location: str, login: Login, reason: str) -> NotAuthenticated:
    """The error of a login that a server does not take."""
    who = f"the login of {login.email}" if login.email is not None else "the token"
    return NotAuthenticated(
        f"{location} does not accept {who}: {reason}. Check `email` and `password` (or `token`), or MARCELLE_EMAIL, "
        "MARCELLE_PASSWORD and MARCELLE_TOKEN where they come from there; give none if the backend needs none."
    )


def request(login: Login) -> dict[str, Any] | None:
    """What to `create` in the service `authentication`; `None` where nobody signs in."""
    if login.email is not None:
        return {"strategy": "local", "email": login.email, "password": login.password}
    if login.token is not None:
        return {"strategy": "jwt", "accessToken": login.token}
    return None


@dataclass(frozen=True)
class Grant:
    """A login that the server has accepted.

    Attributes:
        token: The access token, good for the socket, for REST and for uploads.
        renewable: Whether signing in again gives a later end; a token alone gives itself back.
        due: When to renew it (or, where it can't be, to warn), by the clock that was given; `None` if never.
        ends: When it ends, in seconds since 1970 by this machine's time; `None` if never.
    """

    token: str = field(repr=False)
    renewable: bool
    due: float | None
    ends: float | None

    @classmethod
    def accepted(
        cls, login: Login, answer: Any, clock: Callable[[], float], now: Callable[[], float] = time.time
    ) -> Grant:
        """Makes one of the server's answer to `request`.

        Args:
            login: Who signed in.
            answer: What `create` gave back.
            clock: The monotonic clock that `due` is on.
            now: Seconds since 1970.

        Raises:
            NotAuthenticated: The answer has no token.
        """
        token = answer.get("accessToken") if isinstance(answer, dict) else None
        if not isinstance(token, str):
            raise NotAuthenticated("the server's answer to the login has no accessToken")
        keep_secret(token)
        renewable = login.email is not None
        issued, ends = _lifetime(token)
        if ends is None:
            return cls(token, renewable, None, None)
        if renewable:
            # Just issued: its own two times tell how long it lasts, even where our clock is wrong.
            # They are whole seconds, the first one rounded down, so up to one of them is gone already.
            left = ends - (now() if issued is None else issued) - 1
            return cls(token, True, clock() + max(_RENEW_AT * left, _SOONEST), now() + left)
        begun = now() if issued is None else issued
        return cls(token, False, clock() + begun + _WARN_AT * (ends - begun) - now(), ends)

    def is_due(self, clock: Callable[[], float], now: Callable[[], float] = time.time) -> bool:
        """Whether it should be renewed by now, or has ended while the monotonic clock stood still."""
        return self.due is not None and (clock() >= self.due or self.has_ended(now))

    def has_ended(self, now: Callable[[], float] = time.time) -> bool:
        """Whether it ended before it was renewed: from then on the server sent no events."""
        return self.ends is not None and now() >= self.ends

    def due_now(self, clock: Callable[[], float], now: Callable[[], float] = time.time) -> Grant:
        """After the server refused the token: it has ended, and is to be renewed at once."""
        return replace(self, due=clock(), ends=now())

    def postponed(self, clock: Callable[[], float]) -> Grant:
        """After a renewal that failed: the same, due again soon."""
        return replace(self, due=clock() + _TRY_AGAIN)

    def warned(self) -> Grant:
        """After the warning: the same, never due again."""
        return replace(self, due=None)


def user_of(token: str | None) -> str | None:
    """The `_id` of the user whose JSON Web Token it is (its subject, RFC 7519); `None` where it does not say."""
    subject = _claims(token).get("sub") if token is not None else None
    return subject if isinstance(subject, str) else None


def _lifetime(token: str) -> tuple[float | None, float | None]:
    """When a JSON Web Token was issued and when it ends, as far as it says (RFC 7519)."""
    claims = _claims(token)
    return _time(claims.get("iat")), _time(claims.get("exp"))


def _claims(token: str) -> dict[str, Any]:
    try:
        payload = token.split(".")[1]
        claims = values.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError, binascii.Error):
        return {}  # a token of another kind, which the server alone can read
    return claims if isinstance(claims, dict) else {}


def _time(claim: Any) -> float | None:
    if not isinstance(claim, (int, float)) or not _TIMES.start <= claim < _TIMES.stop:
        return None
    return float(claim)
