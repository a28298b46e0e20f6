"""The texts of mail servers that know no RFC 3464: whom they mean, and what they say. Pure but for flufl.bounce's log.

Whom: the server's own field, flufl.bounce, the addresses beside a failure, the addressee of the mail that came back,
the first of these that names anybody. What: our table of codes and phrases, the words nearest to the address first.
"""

from __future__ import annotations

import email
import logging
from typing import TYPE_CHECKING

from newsletter_cli.feedback import letters, notes
from newsletter_cli.feedback.model import Feedback, Kind, Traces, Verdict, one_line
from newsletter_cli.feedback.phrases import FAILURE
from newsletter_cli.feedback.status import judge

if TYPE_CHECKING:
    from newsletter_cli.feedback.pieces import Pieces

_FLUFL = "flufl.bounce"
_MAX_RECIPIENTS = 50
_MAX_OCTETS = 200_000  # of what flufl.bounce is given: its patterns go over every line


def read(pieces: Pieces, traces: Traces) -> list[Feedback]:
    """What a text says of each recipient; one NONE where it is no bounce."""
    sign = letters.mailer(pieces.head)
    if not sign and not letters.no_return_path(pieces.head):
        return [_nothing("a mail like any other")]
    by, addresses = recipients(pieces)
    if not sign and by != _FLUFL:  # people's mail may lose its return path too
        return [_nothing("nothing shows a mail server")]
    said = f"{pieces.head.subject}\n{pieces.notes}"
    if not FAILURE.search(said) and not judge(said).clear:
        return [_nothing("it tells of no failure")]
    if not addresses and not traces.tokens and not traces.message_ids:
        return [_nothing("it names nobody")]
    alone = len(addresses) < 2
    return [_feedback(pieces, traces, by, address, alone=alone) for address in addresses[:_MAX_RECIPIENTS] or [""]]


def _nothing(why: str) -> Feedback:
    return Feedback(kind=Kind.NONE, rule=f"no report: {why}")


def _feedback(pieces: Pieces, traces: Traces, by: str, address: str, *, alone: bool) -> Feedback:
    verdict, said = _verdict(pieces, address, alone=alone)
    return Feedback(
        kind=verdict.kind,
        rule=f"text ({by}), {verdict.rule}",
        address=notes.as_mailed(pieces, address),
        status=verdict.status,
        reason=verdict.reason,
        said=one_line(said),
        traces=traces,
    )


def recipients(pieces: Pieces) -> tuple[str, list[str]]:
    """Whom a report means, and how that was found."""
    named = notes.addresses_in(" ".join(pieces.head.every("x-failed-recipients")))
    if named:
        return "X-Failed-Recipients", named
    known = _by_flufl(pieces)
    if known:
        return _FLUFL, known
    failed, returned = notes.failed(pieces), notes.returned_to(pieces)
    folded = {address.casefold() for address in returned}
    both = [address for address in failed if address.casefold() in folded]
    if both or failed:
        return "an address in it", both or failed
    return "the mail that came back", returned if len(returned) == 1 else []


def _verdict(pieces: Pieces, address: str, *, alone: bool) -> tuple[Verdict, str]:
    first: tuple[Verdict, str] | None = None
    for text in notes.about(pieces, address, alone=alone):
        verdict = judge(text)
        if verdict.clear:
            return verdict, text
        first = first or (verdict, text)
    return first or (judge(""), "")


def _by_flufl(pieces: Pieces) -> list[str]:
    """The recipients that flufl.bounce finds, without ourselves and the server."""
    from flufl.bounce import all_failures

    logging.getLogger("flufl.bounce").disabled = True  # it logs each error it raises; nothing here prints
    try:
        message = email.message_from_bytes(pieces.head.source[:_MAX_OCTETS])
        temporary, permanent = all_failures(message)
    except Exception:  # noqa: BLE001 - whatever bytes make it fail: then our own rules read them
        return []
    not_meant = notes.not_meant(pieces)
    found = (
        address.decode("utf-8", "replace") if isinstance(address, bytes) else str(address)
        for address in (*sorted(permanent), *sorted(temporary))
    )
    return [address for address in found if address.casefold() not in not_meant]
