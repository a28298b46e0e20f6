"""`redirect_all_to`: the whole sending, every mail to one address, marked with whom it was for.

Records, stamps and suppresses nothing: the campaign is carried through in a ledger that is thrown away.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter_cli import tokens
from newsletter_cli.jobs import desk as shared, gather, identity
from newsletter_cli.jobs.carry import carry
from newsletter_cli.jobs.desk import Desk
from newsletter_cli.ledger.states import CampaignState
from newsletter_cli.problems import UsageError

if TYPE_CHECKING:
    from newsletter_cli.jobs.desk import SendRequest
    from newsletter_cli.jobs.report import SendReport
    from newsletter_cli.post.model import Post


def send(request: SendRequest, post: Post) -> SendReport:
    """Mail everyone's copy to the staging address. Raises Refused where the real sending would."""
    from newsletter_cli.ledger.store import Ledger

    settings, wish = request.settings, request.wish
    if wish.again or wish.retry_failed or wish.resend_unknown or wish.resend:
        raise UsageError(
            "redirect_all_to records nothing: --again, --retry-failed, --resend-unknown and --resend have no record"
        )
    keys = request.workspace.keys_or_fresh()
    shared.pass_gate(request, post)
    shared.require_login(settings)
    gathered = shared.gather_for(request, keys)
    with request.workspace.ledger_as_it_is() as ledger:
        barred = shared.barred(ledger, settings.newsletter.id)
    seen = gather.survey(gathered, barred=barred, keep=shared.LEFT_OUT_SHOWN)
    shared.judge(request, gathered, seen, before=None)
    only = shared.one_person(request.to, gathered, keys, settings) if request.to else None
    target = settings.newsletter.redirect_all_to
    mails = seen.mailable if only is None else 1
    if not request.confirm(f"Send {mails} mails, all to {target}?"):
        return shared.declined(request)
    with tempfile.TemporaryDirectory(prefix="newsletter-staging-") as folder:
        passing = Ledger.open(
            "sqlite:///ledger.sqlite3", folder=Path(folder), clock=request.workspace.clock, identity=keys.fingerprint
        )
        assert passing is not None  # create is the default
        try:
            desk = Desk(request=request, ledger=passing, keys=keys, post=post, gathered=gathered)
            who = identity.identity_of(post, settings.folder)
            frozen = shared.freeze(gathered)
            campaign = passing.begin(
                settings.newsletter.id,
                who,
                tokens.campaign_uid(keys, settings.newsletter.id, who.key),
                frozen,
                (
                    row
                    for row in gather.recipients(gathered, only=only)
                    if row.person not in barred and row.everywhere not in barred
                ),
                state=CampaignState.SENDING,
            )
            carriage = desk.carriage(campaign, frozen)
            messenger = replace(carriage.messenger, redirect_to=target)
            report = carry(replace(carriage, messenger=messenger, stamps=False), campaign, limit=request.limit)
        finally:
            passing.close()
    said = f"staging: every mail went to {target}; nothing was recorded"
    report = replace(report, said=(said, *report.said), finished=False)
    return shared.with_rows(report, seen.left_out, seen.left_out_total, gathered.problems)
