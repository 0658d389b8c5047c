"""Whose certificates are trusted: one answer for the handshake, the socket and HTTP."""

from __future__ import annotations

import ssl

from ..config import CA_BUNDLE, ca_bundle
from ..errors import InvalidData

_WRONG_HOST = (62, 64)  # X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH


def context() -> ssl.SSLContext:
    """What checks a server's certificate and its name, with the authorities that `$MARCELLE_CA_BUNDLE` holds.

    Without that variable it is those that this machine trusts (or OpenSSL's `SSL_CERT_FILE`).

    Raises:
        InvalidData: The variable names no file with certificates.
    """
    bundle = ca_bundle()
    try:
        return ssl.create_default_context(cafile=bundle)
    except ssl.SSLError as error:
        reason = f"holds no certificates in PEM form ({bundle}: {error.reason or error})"
    except OSError as error:
        reason = f"can't be read ({bundle}: {error.strerror})"
    raise InvalidData(CA_BUNDLE, bundle, f"{reason}; set it to the file with your authority's certificates")


def refusal(error: BaseException) -> str | None:
    """What of TLS made a connection fail, in words; `None` if it was something else.

    Args:
        error: The exception, with whatever it wraps.
    """
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLError):
        reason = getattr(cause, "reason", None)
        cause = reason if isinstance(reason, BaseException) else cause.__cause__ or cause.__context__
    if cause is None:
        return None
    if not isinstance(cause, ssl.SSLCertVerificationError):
        return f"TLS fails ({cause.reason or cause})"
    if cause.verify_code in _WRONG_HOST:
        return f"its certificate is for another host ({cause.verify_message})"
    return (
        f"its certificate is not trusted ({cause.verify_message}). If it comes from an authority of your own, set "
        f"{CA_BUNDLE} to the file with that authority's certificate"
    )
