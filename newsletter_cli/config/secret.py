"""A value that no message, log or traceback may show."""

from __future__ import annotations

from dataclasses import dataclass

STARS = "****"


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A password or key. Its repr and str are stars; `reveal` gives it."""

    _value: str

    def reveal(self) -> str:
        """The value itself, to be handed on and never shown."""
        return self._value

    def get_secret_value(self) -> str:
        """The same by pydantic's name for it, which delivery's protocol uses."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({STARS})"

    def __str__(self) -> str:
        return STARS

    def __bool__(self) -> bool:
        return bool(self._value)
