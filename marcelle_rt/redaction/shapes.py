"""What has the shape of a secret, whoever's it is: logins in URLs, headers, tokens, and what is called a password.

What may as well be anything else stays: a number of tokens, a sentence about a password, a name in a line of code.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from functools import partial

from .known import MASK

_WORDS = r"[^\s/?#@'\"<>]+"
_LOGIN = rf"{_WORDS}(?:@{_WORDS})*@"
_PAIR = r"[^\s/?#@:'\"<>]*:[^\s/?#@'\"<>]+(?:@[^\s/?#@'\"<>]+)*@"
_UNTIDY = r"[^\s/?#@:'\"<>\[]*:(?!\d+(?:[/?#]|\b))[^\s@'\"<>]+@"  # a password with a slash in it
_QUOTE = r"(?:\\*[\"'])"

_PASSWORD = r"pass(?:word|wd|phrase|code)|pwd|secret"
_KEY = r"(?:secret|access|api|private|secret[_-]access|account|encryption|signing)[_-]?key"
_TOKEN = (
    r"(?:access|auth|authentication|api|refresh|session|id|bearer|hf|bot|security|csrf|secret|personal|user)[_-]?token"
)
_NAME = rf"{_PASSWORD}|{_KEY}|{_TOKEN}"
_SIGNED = r"x-(?:amz|goog)-(?:signature|credential|security-token)|sig(?:nature)?"

_NOT_ONE = re.compile(
    r"none|null|nil|true|false|undefined|nan|missing|required|empty|\*+|\.+|%\w|%\(\w+\)s?|x{3,}|"
    r"[\[({<$].*|[a-z_][\w.]*[\[(]|",
    re.IGNORECASE,
)
_NOT_AN_ARGUMENT = re.compile(
    r"(?:is|are|was|and|or|to|must|for|with|in|not|as|from|on|if|when|can|can't|has|should|instead|only|without|than|"
    r"option|options|argument|arguments|flag|flags|needs?|requires?|expects?|given|set|at|of|by|but|that|which|[A-Z_]+|"
    r"-.*)[.,:;]?"
)
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)*(?:e[+-]?\d+)?")


def _looks_so(value: str, least: int = 8) -> bool:
    """Whether a word looks like a password or a token: letters and digits together, and not few."""
    return len(value) >= least and re.search(r"\d", value) is not None and re.search(r"[A-Za-z]", value) is not None


def _always(value: str, name: str) -> bool:
    """Whether it is a value at all: not a word for nothing, and not code, as `password=self.password`."""
    if _NOT_ONE.fullmatch(value) is not None or (name and value.lower().endswith(name.lower())):
        return False
    if value.isupper() and value.lower() in name.lower():  # `--api-key=KEY`, as a program's help has it
        return False
    return name.lower() != "pwd" or not value.startswith(("/", "~", "."))  # a working directory


def _said(value: str, name: str) -> bool:
    return _always(value, name) and _looks_so(value)


def _unless_a_number(value: str, name: str) -> bool:
    return _always(value, name) and _NUMBER.fullmatch(value) is None


def _as_a_token(value: str, name: str) -> bool:
    return _always(value, name) and _looks_so(value, 16)


def _argument(value: str, name: str) -> bool:
    return _always(value, name) and _NOT_AN_ARGUMENT.fullmatch(value) is None


def _basic(value: str, name: str) -> bool:
    """Whether it is the Base64 of `user:password`."""
    try:
        said = base64.b64decode(value, validate=True).decode("latin-1")
    except (binascii.Error, ValueError):
        return False
    return ":" in said and said.isprintable()


Judge = Callable[[str, str], bool]
"""Whether a value, after a name, is a secret."""

_UNQUOTED = r"(?![bru]{1,2}[\"'])[^\s\"'&,;)}\]<>\\]+"
_IN_QUOTES = rf"(?P<quote>{_QUOTE})(?P<quoted>(?:(?!(?P=quote)).)+)(?:(?P=quote)|\Z)"


def _shape(before: str, value: str) -> re.Pattern[str]:
    return re.compile(rf"(?P<before>{before})(?:{value})", re.IGNORECASE)


_LOGINS = (
    re.compile(rf"(://)(?:{_LOGIN}|{_UNTIDY})"),
    re.compile(rf"((?:https?|ftps?|sftp|ssh|git|wss?):/)(?!/){_LOGIN}", re.IGNORECASE),  # as `Path` writes it
    re.compile(rf"((?<=[A-Za-z0-9+.-]{{2}}):/)(?!/){_PAIR}"),
    re.compile(rf"((?<![\w:/])//){_PAIR}"),
)

_WHOLE = re.compile(
    r"\beyJ[\w-]{8,}\.[\w-]{4,}\.[\w-]*"  # a JSON web token
    r"|\b(?:gh[opusr]_|github_pat_|glpat-|hf_|sk-(?:[a-z]+-)*|xox[abeoprs]-|AIza|npm_|pypi-)(?=[\w-]*\d)[\w-]{16,}"
    r"|(?<=hooks\.slack\.com/services/)[\w/]+"
    r"|(?<=discord\.com/api/webhooks/)[\w/-]+"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    re.DOTALL,
)

_SHAPES: tuple[tuple[re.Pattern[str], Judge], ...] = (
    (
        _shape(rf"authorization{_QUOTE}?\s*[:=,]\s*b?{_QUOTE}?[a-z][\w-]+\s+", rf"(?P<plain>(?!\w+ ){_UNQUOTED})"),
        _always,
    ),
    (_shape(rf"authorization{_QUOTE}?\s*[:=]\s*b?{_QUOTE}?", rf"(?P<plain>{_UNQUOTED})"), _said),
    (_shape(r"\bbearer\s+", r"(?P<plain>[\w.~+/=-]{8,})"), _said),
    (_shape(r"\bbasic\s+", r"(?P<plain>[A-Za-z0-9+/]{6,}={0,2})"), _basic),
    (_shape(rf"\bcookie{_QUOTE}?\s*:\s*{_QUOTE}?", r"(?P<plain>[^\s=;\"']+=[^\n\"']*)"), _always),
    (_shape(r"\bcurl\b[^\n]{0,200}?\s(?:-u|--user)[\s=]*[\"']?[^\s:\"']+:", r"(?P<plain>[^\s\"']+)"), _always),
    # --password value, and as a list of arguments: '--password', 'value'
    (
        _shape(rf"(?<![\w-])--[\w-]{{0,40}}?(?P<name>{_NAME}){_QUOTE}?,?\s+", rf"{_IN_QUOTES}|(?P<plain>{_UNQUOTED})"),
        _argument,
    ),
    (
        _shape(rf"(?<![\w-])--[\w-]{{0,40}}?(?P<name>token){_QUOTE}?,?\s+", rf"{_IN_QUOTES}|(?P<plain>{_UNQUOTED})"),
        _as_a_token,
    ),
    # password=value, password%3Dvalue, 'password': 'value'
    (_shape(rf"(?P<name>{_NAME}){_QUOTE}?\s*(?:=|:|%3d)\s*[bru]?", _IN_QUOTES), _always),
    (_shape(rf"(?P<name>{_PASSWORD}|{_KEY})(?:=|%3d)", rf"(?P<plain>{_UNQUOTED})"), _always),
    (_shape(rf"(?P<name>{_TOKEN})(?:=|%3d)", rf"(?P<plain>{_UNQUOTED})"), _unless_a_number),
    (_shape(rf"(?P<name>{_NAME}){_QUOTE}?\s*(?:=|:|=>)\s*", rf"(?P<plain>{_UNQUOTED})"), _said),
    (_shape(rf"[?&](?:{_SIGNED})=", rf"(?P<plain>{_UNQUOTED})"), _always),
    (_shape(r"[?&](?P<name>token|key|code)=", rf"(?P<plain>{_UNQUOTED})"), _said),
    (_shape(rf"\b(?P<name>token){_QUOTE}?\s*(?:=|:)\s*[bru]?", rf"{_IN_QUOTES}|(?P<plain>{_UNQUOTED})"), _as_a_token),
)


def without_shapes(text: str) -> str:
    """A text without what has the shape of a secret."""
    if "/" in text and "@" in text:
        for pattern in _LOGINS:
            text = pattern.sub(rf"\1{MASK}@", text)
    text = _WHOLE.sub(MASK, text)
    for pattern, is_one in _SHAPES:
        text = pattern.sub(partial(_masked, is_one), text)
    return text


def _masked(is_one: Judge, match: re.Match[str]) -> str:
    found = match.groupdict()
    name = found.get("name") or ""
    if quoted := found.get("quoted"):
        quote = found["quote"]
        return f"{found['before']}{quote}{MASK}{quote}" if is_one(quoted, name) else match[0]
    return f"{found['before']}{MASK}" if is_one(found.get("plain") or "", name) else match[0]
