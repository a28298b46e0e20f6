"""A list as JSON: an array of objects, an object that holds one (``{"subscribers": […]}``), or an object a line.

Gives the same rows as a CSV would: a header of all keys, cells as text, and for each row the physical line on which its
object starts. The text is held in memory: such lists come out of an API a page at a time and are small.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from newsletter_cli.audience import headers
from newsletter_cli.problems import Problem, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

# A page of an API is some kilobytes; a whole export of a hundred thousand people is some tens of megabytes.
LIMIT_CHARACTERS = 100_000_000
# Lists of objects inside an object (memberships) are looked into this far; more would be no list of people.
_MOST_INSIDE = 100
# How deep inside the answer of an API its list may stand.
_MOST_LEVELS = 4
_ADDRESS = re.compile(r"[^\s@]@[^\s@]+\.[^\s@]")
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
        yield line, dict(_row(value))


def _row(value: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Header and cell of one person: as `flat`, but that lists of objects stay JSON in one cell, read by `inside`.

    Of such lists (memberships, newsletters) each person has their own number; as columns, those who have few would
    seem to say nothing where others say they may be mailed.
    """
    for key, item in value.items():
        if isinstance(item, list) and item and all(isinstance(one, dict) for one in item) and not _holds_address(item):
            yield _text(key), _text(json.dumps(item[:_MOST_INSIDE], ensure_ascii=False))
        else:
            yield from flat({key: item})


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
        path, people = _array_inside(whole)
        if people is None:
            yield position, whole
            position = _skip(text, end)
        else:
            # The array is met again in the text, for the sake of line numbers.
            start = _start_of(path, people, text)
            if start is None:  # a key is written with escapes; the values are right, the lines are the list's
                yield from ((position, item) for item in people if isinstance(item, dict))
                return
            position = _skip(text, start)
    elif text[position : position + 1] == "[":
        position = _skip(text, position + 1)
    while position < len(text) and text[position] not in "]}":
        value, end = decoder.raw_decode(text, position)
        if isinstance(value, dict):
            yield position, value
        position = _skip(text, end)


def _array_inside(whole: dict[str, Any]) -> tuple[tuple[str, ...], list[Any] | None]:
    """The keys that lead to an object's list of people, and the list (None: it has none).

    The answer of an API may hold other lists beside, and the one of people some levels down: ``{"data": {"results":
    […]}}``. Of several the first with an address in it is taken, else the first.
    """
    if any(headers.is_email(key) and _holds_address(value) for key, value in whole.items()):
        return (), None  # a person, with lists of something else
    level: list[tuple[tuple[str, ...], dict[str, Any]]] = [((), whole)]
    found: list[tuple[tuple[str, ...], list[Any]]] = []
    for _ in range(_MOST_LEVELS):
        inner = [((*path, key), value) for path, one in level for key, value in one.items()]
        found += [
            (path, value) for path, value in inner if isinstance(value, list) and value and isinstance(value[0], dict)
        ]
        level = [(path, value) for path, value in inner if isinstance(value, dict)]
    with_people = (entry for entry in found if any(map(_holds_address, entry[1][:_MOST_INSIDE])))
    return next(with_people, found[0] if found else ((), None))


def _holds_address(value: Any) -> bool:
    """Whether an address stands somewhere inside."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return any(map(_holds_address, value[:_MOST_INSIDE]))
    return isinstance(value, str) and _ADDRESS.search(value) is not None


def _start_of(path: tuple[str, ...], people: list[Any], text: str) -> int | None:
    """Where the array to which the keys lead begins in the text, behind its bracket; None where it is not found."""
    position = 0
    for key in path[:-1]:
        match = re.compile(re.escape(json.dumps(key)) + r"\s*:\s*\{").search(text, position)
        position = match.end() if match else position
    for match in re.compile(re.escape(json.dumps(path[-1])) + r"\s*:\s*\[").finditer(text, position):
        if json.JSONDecoder().raw_decode(text, match.end() - 1)[0] == people:
            return match.end()
    return None


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
