"""Fields of the front matter to a checked `Meta`, or every problem at once.

Pure. Keys are known in any letter case; what decides who gets a mail, or whether, must be said clearly or the post is
refused. A key that is nearly one of ours is a warning with the one probably meant.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from newsletter_cli import times
from newsletter_cli.post import dates
from newsletter_cli.post.head import SENT, STARTED
from newsletter_cli.post.model import Audience, Due, Meta, PostType, Visibility
from newsletter_cli.problems import Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from newsletter_cli.post.fields import Field

_Choice = TypeVar("_Choice", bound=StrEnum)

_TEXTS = ("title", "subtitle", "subject", "preview_text", "segment", "post_id", "slug", "url", "language")
_CHOICES = ("type", "audience", "visibility")
_TRUTHS = ("draft", "published", "email", "merge")
KNOWN = (*_TEXTS, *_CHOICES, *_TRUTHS, "date", "newsletter", STARTED, SENT)
# Other programs' words for keys of ours.
_ALIASES = {"lang": "language"}
# Keys of other programs that are near to ours and mean something else.
_FOREIGN = frozenset({"dates", "data", "languages", "update", "updated", "types", "titles", "link_title", "linktitle"})
_STATUSES = frozenset({"draft", "hidden", "skip"})  # Pelican's words for what is not published
# Two values of one of these are two opinions on who gets a mail, or whether: nobody can tell which was meant.
_DECISIVE = frozenset({*_CHOICES, *_TRUTHS, "segment", "post_id", "status", "newsletter"})
_NEAR = 0.8
# A slip in one of these would mail a paid post to everyone, or a draft: no warning is enough.
_DECIDES_WHO = frozenset({"audience", "segment", "draft"})
_GAPS = re.compile(r"[ \t\r\n\v\f\x85\u2028\u2029]+")


class Reading:
    """Collects the problems of one front matter while its values are read."""

    def __init__(self, fields: Sequence[Field], *, file: str, timezone: str) -> None:
        self.file = file
        self.timezone = timezone
        self.problems: list[Problem] = []
        self.fields: dict[str, Field] = {}
        for field in fields:
            self._take(field)

    def meta(self) -> Meta:
        """The front matter, typed; `problems` holds what is wrong with it."""
        texts = {key: self._text(key) for key in _TEXTS}
        extra = {field.name: field.value for key, field in self.fields.items() if key not in KNOWN}
        self._near_misses()
        return Meta(
            **texts,
            due=self._due(),
            type=self._choice("type", PostType, PostType.NEWSLETTER),
            audience=self._choice("audience", Audience, Audience.EVERYONE),
            visibility=self._choice("visibility", Visibility, Visibility.PUBLIC),
            held_back=self._held_back(),
            merge=self._truth("merge") or False,
            email_started_at=self._mark(STARTED),
            email_sent_at=self._mark(SENT),
            newsletter=self._map("newsletter"),
            extra=extra,
            lines={key: field.line for key, field in self.fields.items()},
        )

    def _take(self, field: Field) -> None:
        key = _ALIASES.get(field.key, field.key)
        before = self.fields.get(key)
        if before is None:
            self.fields[key] = field
            return
        if key in {STARTED, SENT}:
            self.fields[key] = before if before.text else field
            return
        same = before.text == field.text and before.value == field.value
        if key in _DECISIVE and not same:
            self._wrong(
                field, f"{key!r} stands here and on line {before.line} with another value", "delete one of them"
            )
            return
        if key == "date":
            self.fields[key] = self._later(before, field)
        else:
            self.fields[key] = field
        counts = self.fields[key].line
        if not same:
            self._warn(
                field, f"{key!r} stands here and on line {before.line}; line {counts} counts", "delete the other"
            )

    def _later(self, before: Field, field: Field) -> Field:
        """Of two dates the later: a mail that went out too early cannot be called back."""
        try:
            first, second = (dates.parse(one.text or "", timezone=self.timezone) for one in (before, field))
        except dates.DateError:
            return field
        starts = (due.instant or times.start_of_day(due.day, times.zone(due.zone)) for due in (first, second))
        return before if next(starts) > next(starts) else field

    def _text(self, key: str) -> str:
        field = self.fields.get(key)
        if field is None:
            return ""
        if field.text is None:
            self._wrong(field, f"{key!r} must be text, not a list or a map", "write it as one line")
            return ""
        text = _GAPS.sub(" ", field.text).strip()
        if any(unicodedata.category(char) == "Cc" for char in text):
            self._wrong(field, f"a control character in {key!r}", "delete it")
        return text

    def _choice(self, key: str, kind: type[_Choice], default: _Choice) -> _Choice:
        field = self.fields.get(key)
        if field is None:
            return default
        word = (field.text or "").strip().lower().replace("-", "_")
        try:
            return kind(word)
        except ValueError:
            words = [choice.value for choice in kind]
            near = difflib.get_close_matches(word, words, n=1, cutoff=_NEAR)
            hint = f"did you mean {near[0]}?" if near else f"write {', '.join(words[:-1])} or {words[-1]}"
            said = repr(field.text) if field.text is not None else "a list or a map"
            self._wrong(field, f"{said} is no {key}" if word else f"{key!r} is empty", hint)
            return default

    def _truth(self, key: str) -> bool | None:
        field = self.fields.get(key)
        if field is None:
            return None
        if field.truth is None:
            said = repr(field.text) if field.text is not None else "a list or a map"
            self._wrong(field, f"{key!r} is {said if field.text != '' else 'empty'}", "write true or false")
        return field.truth

    def _held_back(self) -> str:
        if self._truth("draft"):
            return "draft: true"
        if self._published() is False:
            return "published: false"
        email = self.fields.get("email")
        # Some sites keep their author's address there.
        if (email is None or "@" not in (email.text or "")) and self._truth("email") is False:
            return "email: false"
        status = self.fields.get("status")
        word = (status.text or "").strip().lower() if status else ""
        return f"status: {word}" if word in _STATUSES else ""

    def _published(self) -> bool | None:
        """Some programs write there when; that says that it is, and holds nothing back."""
        field = self.fields.get("published")
        if field is not None and field.truth is None and field.text:
            try:
                dates.parse(field.text, timezone=self.timezone)
            except dates.DateError:
                return self._truth("published")
            self._warn(field, "'published' is a date, and means true here", "write 'date' for when it is due")
            return True
        return self._truth("published")

    def _due(self) -> Due | None:
        field = self.fields.get("date")
        if field is None or field.text == "":
            return None
        if field.text is None:
            self._wrong(field, "'date' must be a date, not a list or a map", "write it as 2026-12-01")
            return None
        try:
            due = dates.parse(field.text or "", timezone=self.timezone)
        except dates.DateError as error:
            self._wrong(field, *str(error).rsplit("; ", 1))
            return None
        if not dates.exists(due):
            self._warn(
                field, f"there is no {field.text} in {due.zone}: the clocks are put forward", "an hour later counts"
            )
        return due

    def _mark(self, key: str) -> str:
        field = self.fields.get(key)
        if field is None or (field.value is None and field.text is not None) or field.truth is False:
            return ""
        return str(field.value) if field.text is None else field.text.strip()

    def _map(self, key: str) -> dict[str, Any]:
        field = self.fields.get(key)
        if field is None or field.text == "":
            return {}
        if not isinstance(field.value, dict):
            self._wrong(field, f"{key!r} must be a map of settings", "write each as 'key: value', indented below it")
            return {}
        return field.value

    def _near_misses(self) -> None:
        for key, field in self.fields.items():
            if key in KNOWN or key in _FOREIGN:
                continue
            near = difflib.get_close_matches(key, KNOWN, n=1, cutoff=_NEAR)
            if not near or near[0] in self.fields:
                continue
            if near[0] in _DECIDES_WHO:
                hint = f"did you mean {near[0]}? It decides who gets the post"
                self._wrong(field, f"{field.name!r} is no key of ours", hint)
            else:
                self._warn(field, f"{field.name!r} is no key of ours", f"did you mean {near[0]}?")

    def _wrong(self, field: Field, text: str, hint: str = "") -> None:
        self.problems.append(Problem(text=text, file=self.file, line=field.line, hint=hint, code="front-matter"))

    def _warn(self, field: Field, text: str, hint: str) -> None:
        self.problems.append(
            Problem(
                text=text,
                file=self.file,
                line=field.line,
                hint=hint,
                severity=Severity.WARNING,
                code="front-matter-key",
            )
        )
