"""SPF, DKIM and DMARC records, judged: the texts in, problems out. Pure.

What a look-up gave comes in through `Zone`, so that SPF's includes can be followed and counted. Each finding says what
to do and which provider asks for it. `facts` are lines for a person: what is in order.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from newsletter_cli.problems import Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

# RFC 7208 §4.6.4: mechanisms that cost a look-up, and how many are allowed; more is a permanent error.
_COSTLY = ("include", "a", "mx", "ptr", "exists", "redirect")
MAX_LOOKUPS = 10
# RFC 7208 §4.6.4: look-ups that find nothing.
MAX_VOID = 2
_BULK = "Google and Yahoo ask for it from everyone who sends much, Microsoft from 5,000 a day"


class Zone(Protocol):
    """The DNS, as far as records need it. A name that does not exist gives nothing."""

    def txt(self, name: str) -> Sequence[str]:
        """The TXT records of a name, each joined to one text."""


@dataclass(slots=True)
class Findings:
    """What was found: problems, and what is in order."""

    problems: list[Problem] = field(default_factory=list)
    facts: list[str] = field(default_factory=list)

    def wrong(self, text: str, hint: str, *, code: str, severity: Severity = Severity.ERROR) -> None:
        """Add a problem."""
        self.problems.append(Problem(text=text, hint=hint, code=code, severity=severity))


@dataclass(frozen=True, slots=True)
class Spf:
    """What following a policy to its end gave."""

    lookups: int
    void: int
    ends_with: str  # the qualifier of "all": "-", "~", "?", "+", or empty where there is none
    broken: str = ""


def organisational(domain: str) -> str:
    """A domain's last two labels: near enough to tell alignment for a person, where no suffix list is at hand."""
    return ".".join(domain.split(".")[-2:])


def spf(domain: str, zone: Zone, found: Findings) -> None:
    """Judge the SPF record of the envelope sender's domain (RFC 7208)."""
    records = _spf_records(domain, zone)
    if not records:
        found.wrong(
            f"{domain} has no SPF record",
            f'publish a TXT record like "v=spf1 include:YOUR-PROVIDER -all" at {domain}; {_BULK}',
            code="spf-missing",
        )
        return
    if len(records) > 1:
        found.wrong(
            f"{domain} has {len(records)} SPF records, and receivers then use none (RFC 7208 §4.5)",
            "join them into one",
            code="spf-several",
        )
        return
    followed = follow_spf(domain, zone)
    if followed.broken:
        found.wrong(f"the SPF record of {domain} {followed.broken}", "correct it", code="spf-broken")
    elif followed.lookups > MAX_LOOKUPS:
        found.wrong(
            f"the SPF record of {domain} needs {followed.lookups} look-ups, and receivers stop at {MAX_LOOKUPS}",
            "leave out includes of services that you no longer send through",
            code="spf-lookups",
        )
    elif followed.void > MAX_VOID:
        found.wrong(
            f"{followed.void} names in the SPF record of {domain} do not exist; receivers stop at {MAX_VOID}",
            "leave them out",
            code="spf-void",
        )
    elif followed.ends_with == "+":
        found.wrong(f"the SPF record of {domain} lets everyone send (+all)", 'end it with "-all"', code="spf-all")
    else:
        found.facts.append(f"SPF: {domain} has a record, {followed.lookups} of {MAX_LOOKUPS} look-ups")
        if not followed.ends_with:
            found.wrong(
                f"the SPF record of {domain} does not end with an all",
                'end it with "-all" or "~all"',
                code="spf-all",
                severity=Severity.WARNING,
            )


def follow_spf(domain: str, zone: Zone, *, seen: frozenset[str] = frozenset()) -> Spf:
    """Follow includes and redirects to their end and count what they cost."""
    records = _spf_records(domain, zone)
    if domain in seen:
        return Spf(0, 0, "", f"goes round in a circle at {domain}")
    if not records:
        return Spf(0, 1, "")
    lookups = void = 0
    ends_with = ""
    for term in records[0].split()[1:]:
        match = re.fullmatch(r"(?P<sign>[+?~-]?)(?P<name>[A-Za-z][A-Za-z0-9_.-]*)(?P<rest>[:=/].*)?", term)
        if not match:
            return Spf(lookups, void, ends_with, f"holds {term!r}, which is no term of SPF")
        name = match["name"].lower()
        lookups += name in _COSTLY
        if name == "all":
            ends_with = match["sign"] or "+"
            break
        if name in {"include", "redirect"}:
            target = (match["rest"] or "").lstrip(":=")
            if "%{" in target:  # a macro: only a receiver can fill it
                continue
            inner = follow_spf(target.rstrip(".").lower(), zone, seen=seen | {domain})
            lookups, void = lookups + inner.lookups, void + inner.void
            if inner.broken:
                return Spf(lookups, void, ends_with, inner.broken)
            if name == "redirect" and not ends_with:
                ends_with = inner.ends_with
    return Spf(lookups, void, ends_with)


def dkim(name: str, expected: str | None, zone: Zone, found: Findings) -> None:
    """Judge the DKIM record at ``selector._domainkey.domain`` (RFC 6376 §3.6) against the key's own."""
    records = zone.txt(name)
    if not records:
        found.wrong(
            f"there is no DKIM record at {name}",
            f"publish this TXT record there: {expected}" if expected else "publish it",
            code="dkim-missing",
        )
        return
    tags = _tags(records[0])
    if len(records) > 1:
        found.wrong(f"there are {len(records)} records at {name}", "leave one", code="dkim-several")
    elif not tags.get("p"):
        found.wrong(f"the DKIM record at {name} has no key: it is revoked", "publish the key", code="dkim-revoked")
    elif expected is not None and not _same_key(tags["p"], _tags(expected).get("p", "")):
        found.wrong(
            f"the DKIM record at {name} is that of another key: every signature fails",
            f"publish this TXT record there: {expected}",
            code="dkim-other-key",
        )
    else:
        found.facts.append(f"DKIM: the record at {name} fits the key")


def dmarc(domain: str, zone: Zone, found: Findings) -> None:
    """Judge the DMARC record of the From domain (RFC 7489 §6)."""
    for name in dict.fromkeys((domain, organisational(domain))):
        records = [text for text in zone.txt(f"_dmarc.{name}") if text.lower().startswith("v=dmarc1")]
        if not records:
            continue
        policy = _tags(records[0]).get("p", "").lower()
        if len(records) > 1:
            found.wrong(f"there are {len(records)} DMARC records at _dmarc.{name}", "leave one", code="dmarc-several")
        elif policy not in {"none", "quarantine", "reject"}:
            found.wrong(
                f"the DMARC record at _dmarc.{name} has no valid policy",
                'write p=none, p=quarantine or p=reject, as in "v=DMARC1; p=none"',
                code="dmarc-policy",
            )
        else:
            found.facts.append(f"DMARC: _dmarc.{name} says p={policy}")
        return
    found.wrong(
        f"there is no DMARC record at _dmarc.{domain}",
        f'publish a TXT record there, at the least "v=DMARC1; p=none"; {_BULK}',
        code="dmarc-missing",
    )


def alignment(from_domain: str, envelope_domain: str, dkim_domains: Sequence[str], found: Findings) -> None:
    """Judge whether SPF or DKIM speaks for the From domain (RFC 7489 §3.1, relaxed)."""
    wanted = organisational(from_domain)
    aligned = [name for name in (envelope_domain, *dkim_domains) if organisational(name) == wanted]
    if aligned:
        found.facts.append(f"alignment: {', '.join(dict.fromkeys(aligned))} speaks for {from_domain}")
        return
    found.wrong(
        f"neither the return path ({envelope_domain}) nor a DKIM domain is of {wanted}: DMARC fails for every mail",
        f"sign with a key of {from_domain}, or use a return path there",
        code="dmarc-alignment",
    )


def _spf_records(domain: str, zone: Zone) -> list[str]:
    return [text for text in zone.txt(domain) if re.match(r"(?i)v=spf1(?:\s|$)", text)]


def _tags(record: str) -> dict[str, str]:
    """The tag=value list of DKIM and DMARC (RFC 6376 §3.2)."""
    pairs = (part.partition("=") for part in record.split(";"))
    return {name.strip().lower(): "".join(value.split()) for name, equals, value in pairs if equals}


def _same_key(one: str, other: str) -> bool:
    """Whether two p= values are one key, however they are padded."""
    try:
        return base64.b64decode(one + "==") == base64.b64decode(other + "==") and bool(other)
    except (binascii.Error, ValueError):
        return False
