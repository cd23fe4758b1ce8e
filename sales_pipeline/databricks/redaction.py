"""Hides secrets in all printed, logged and raised text while the gate talks to a workspace."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, quote_plus, unquote

HIDDEN = "***"
_VARIABLES = (
    "DATABRICKS_TOKEN",
    "DATABRICKS_CLIENT_SECRET",
    "DATABRICKS_PASSWORD",
    "DATABRICKS_OIDC_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "ARM_CLIENT_SECRET",
    "GOOGLE_CREDENTIALS",
    "SYSTEM_ACCESSTOKEN",
)
_NO_SECRETS = ("use_ssl", "user_id", "user_agent")
_SHORTEST = 4
_PATTERNS = (
    # Tokens that are fetched on the way, and are not known here, have one of these shapes.
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{4,}"), rf"\1 {HIDDEN}"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+(\.[\w-]*)?"), HIDDEN),
    (re.compile(r"\b(dapi|dose|dkea)[0-9a-f]{16,}(-\d+)?\b"), HIDDEN),
    (re.compile(r"(?s)-----BEGIN [A-Z ]*KEY-----.*?(-----END [A-Z ]*KEY-----|\Z)"), HIDDEN),
    (re.compile(r"://[^/\s@'\"]+@"), f"://{HIDDEN}@"),
)


class Secrets:
    """The known secrets, first those in variables of the environment; hides them in texts."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._known: set[str] = set()
        named = environment.get("DATABRICKS_OIDC_TOKEN_ENV", "")
        for name in (*_VARIABLES, named):
            self.learn(environment.get(name))

    def learn(self, secret: str | None) -> None:
        """Adds a secret, also as it is written within a URL or JSON."""
        text = secret or ""
        if len(text) >= _SHORTEST:
            self._known |= {text, quote(text, safe=""), quote_plus(text), json.dumps(text)[1:-1]}

    def learn_address(self, address: str) -> None:
        """Adds the values that follow the address of a Spark Connect server.

        >>> secrets = Secrets({})
        >>> secrets.learn_address("sc://host:443/;use_ssl=true;token=opensesame")
        >>> secrets.hide("opensesame is refused, use_ssl is true")
        '*** is refused, use_ssl is true'
        """
        for parameter in address.split(";")[1:]:
            name, _, value = parameter.partition("=")
            if name not in _NO_SECRETS:
                self.learn(unquote(value))
                self.learn(value)

    def hide(self, text: str) -> str:
        """Returns a text without the secrets in it.

        >>> Secrets({"DATABRICKS_TOKEN": "open sesame"}).hide("refused: open sesame")
        'refused: ***'
        >>> Secrets({}).hide("header Authorization: Bearer abcdef, at https://me:pw@host/")
        'header Authorization: Bearer ***, at https://***@host/'
        """
        for secret in sorted(self._known, key=len, reverse=True):
            text = text.replace(secret, HIDDEN)
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
        return text

    def hide_within(self, value: Any) -> Any:
        """Returns a decoded JSON value without the secrets in its texts."""
        if isinstance(value, dict):
            return {key: self.hide_within(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.hide_within(item) for item in value]
        return self.hide(value) if isinstance(value, str) else value


class LogRelay(logging.Handler):
    """Sends the log of a library to a logger of ours and nowhere else, without secrets.

    Args:
        library: The name of the library's logger.
        receiver: The logger of ours, which gets everything at the level DEBUG.
        secrets: The secrets to hide.

    Attributes:
        warnings: The warnings so far.
    """

    def __init__(self, library: str, receiver: logging.Logger, secrets: Secrets) -> None:
        super().__init__()
        self.warnings: list[str] = []
        self._receiver = receiver
        self._secrets = secrets
        theirs = logging.getLogger(library)
        theirs.handlers = [self]
        theirs.propagate = False

    def emit(self, record: logging.LogRecord) -> None:
        """Sends one record on."""
        text = self._secrets.hide(record.getMessage())
        self._receiver.debug("%s: %s", record.name, text)
        if record.levelno >= logging.WARNING:
            self.warnings.append(text)
