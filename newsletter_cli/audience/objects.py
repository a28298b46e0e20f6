"""A list as JSON: an array of objects, an object that holds one (``{"subscribers": […]}``), or an object a line.

Gives the same rows as a CSV would: a header of all keys, cells as text, and for each row the physical line on which its
object starts. The text is held in memory: such lists come out of an API a page at a time and are small.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from newsletter_cli.problems import Problem, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

# A page of an API is some kilobytes; a whole export of a hundred thousand people is some tens of megabytes.
LIMIT_CHARACTERS = 100_000_000
# Lists of objects inside an object (memberships) are looked into this far; more would be no list of people.
_MOST_INSIDE = 100
_SPACE = re.compile(r"[\s,]*")


def looks_like_json(head: str) -> bool:
    """Whether a text begins as JSON that can hold a list."""
    return re.match(r'\s*(?:\[\s*[{\]]|\{\s*["}])', head) is not None


def records(text: str, *, file: str) -> list[tuple[int, dict[str, str]]]:
    """Every object of the list with the line on which it starts. Raises Refused."""
    if len(text) > LIMIT_CHARACTERS:
        raise Refused(Problem(text="is JSON of more than 100 MB", file=file, hint="export it as CSV", code="list-kind"))
    try:
        return list(_rows(text))
    except json.JSONDecodeError as error:
        raise Refused(
            Problem(text=f"is JSON that cannot be read: {error.msg}", file=file, line=error.lineno, code="list-json")
        ) from error
    except ValueError as error:  # a number of thousands of digits
        raise Refused(Problem(text="is JSON with a number that is none", file=file, code="list-json")) from error
    except RecursionError as error:
        raise Refused(Problem(text="is JSON nested too deeply", file=file, code="list-json")) from error


def _rows(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    line, seen = 1, 0
    for position, value in _objects(text):
        line += text.count("\n", seen, position)
        seen = position
        yield line, dict(flat(value))


def flat(value: dict[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """Key and cell of everything inside, ``{"a": {"b": 1}}`` as ``a.b``: an opt-out may stand at any depth."""
    for key, item in value.items():
        name = before + _text(key)
        if isinstance(item, list) and item and all(isinstance(one, dict) for one in item):
            for number, one in enumerate(item[:_MOST_INSIDE]):
                yield from flat(one, f"{name}.{number}.")
        elif isinstance(item, dict) and item:
            yield from flat(item, f"{name}.")
        else:
            yield name, _cell(item)


def _objects(text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Position and value of each object: of the first array of them, or of those that stand one after another."""
    decoder = json.JSONDecoder()
    position = _skip(text, 0)
    if text[position : position + 1] == "{":
        whole, end = decoder.raw_decode(text, position)
        inner = _array_inside(whole)
        if inner is None:
            yield position, whole
            position = _skip(text, end)
        else:
            # The array is met again in the text, for the sake of line numbers.
            key = json.dumps(inner)
            start = re.compile(re.escape(key) + r"\s*:\s*\[").search(text)
            if start is None:  # the key is written with escapes; the values are right, the lines are the list's
                yield from ((position, item) for item in whole[inner] if isinstance(item, dict))
                return
            position = _skip(text, start.end())
    elif text[position : position + 1] == "[":
        position = _skip(text, position + 1)
    while position < len(text) and text[position] not in "]}":
        value, end = decoder.raw_decode(text, position)
        if isinstance(value, dict):
            yield position, value
        position = _skip(text, end)


def _array_inside(whole: dict[str, Any]) -> str | None:
    """The key under which an object holds its list of objects."""
    return next(
        (key for key, value in whole.items() if isinstance(value, list) and value and isinstance(value[0], dict)), None
    )


def _skip(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        value = ", ".join(value)
    return _text(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _text(text: str) -> str:
    # A lone surrogate, which JSON can spell and no encoding can write (RFC 8259 §8.2).
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
