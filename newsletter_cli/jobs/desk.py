"""What every way of sending shares: the request, the open ledger, and the questions asked before a mail goes out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from newsletter_cli import addresses, tokens
from newsletter_cli.jobs import gather
from newsletter_cli.jobs.carry import Carriage
from newsletter_cli.jobs.decide import Decision, Way, Wish, gate
from newsletter_cli.jobs.messenger import CampaignMessenger
from newsletter_cli.jobs.report import Counts, SendReport
from newsletter_cli.ledger.model import Frozen
from newsletter_cli.ledger.states import SETTLED, Outcome
from newsletter_cli.problems import Problem, Refused, UsageError
from newsletter_cli.rendering.model import Version

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from newsletter_cli.audience.model import LeftOut
    from newsletter_cli.config.settings import Settings
    from newsletter_cli.delivery.events import Event
    from newsletter_cli.delivery.seams import Stop
    from newsletter_cli.jobs.canary import Canary
    from newsletter_cli.jobs.gather import Gathered, ListSource, Survey
    from newsletter_cli.jobs.workspace import Workspace
    from newsletter_cli.ledger.model import Campaign
    from newsletter_cli.ledger.store import Ledger
    from newsletter_cli.post.model import Post
    from newsletter_cli.rendering.model import Rendered
    from newsletter_cli.tokens import Keys

LEFT_OUT_SHOWN = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class SendRequest:
    """What the person asked for. `confirm` is asked once, before the first mail, with what is about to happen."""

    workspace: Workspace
    post: Path
    stop: Stop
    lists: tuple[ListSource, ...] = ()
    exclude: tuple[ListSource, ...] = ()
    wish: Wish = field(default_factory=Wish)
    to: str = ""
    accept_edit: bool = False
    limit: int | None = None
    expect: tuple[int, int] | None = None
    canary: Canary | None = None
    rejects: Path | None = None
    automatic: bool = False  # from cron: marks the mail Auto-Submitted
    transcript: bool = False  # the SMTP dialogue is told as events
    confirm: Callable[[str], bool] = lambda _: True
    events: Callable[[Event], None] = lambda _: None
    told: Callable[[str], None] = lambda _: None  # what goes on before the first mail, for a person who waits
    announce: Callable[[Campaign, int], None] = lambda _campaign, _total: None  # who delivers what, to how many

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self.workspace.settings

    @property
    def stamps(self) -> bool:
        """Whether the post itself records its sending."""
        return self.settings.run.stamp == "post"


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A request with the ledger open and the sender's lock held. `gathered` where it was judged before that."""

    request: SendRequest
    ledger: Ledger
    keys: Keys
    post: Post
    gathered: Gathered | None = None

    def gather(self) -> Gathered:
        """Post and lists, read and sound. Raises Refused."""
        return self.gathered or gather_for(self.request, self.keys)

    def counts(self, campaign: Campaign) -> Counts:
        """What became of everybody in a campaign, as it stands now."""
        return Counts(by_outcome=self.ledger.counts(campaign.id))

    def carriage(self, campaign: Campaign, frozen: Frozen) -> Carriage:
        """What carries a campaign through, from its frozen parts under today's sender."""
        from newsletter_cli.jobs.prepare import compose_versions, sender_of, signers_of

        request = self.request
        sender = sender_of(request.settings, self.post, automatic=request.automatic)
        signers = signers_of(request.settings)
        drafts = compose_versions(thaw(frozen), sender, signers)
        return Carriage(
            ledger=self.ledger,
            settings=request.settings,
            messenger=CampaignMessenger(
                drafts=drafts,
                keys=self.keys,
                campaign_uid=campaign.uid,
                domain=sender.mailbox.address.domain,
                clock=request.workspace.clock,
            ),
            clock=request.workspace.clock,
            events=request.events,
            announce=request.announce,
            stop=request.stop,
            path=self.post.path,
            stamps=request.stamps,
            transcript=request.transcript,
            signers=signers,
        )


def gather_for(request: SendRequest, keys: Keys) -> Gathered:
    """Read and judge what a request names. Raises Refused with every mistake at once."""
    gathered = gather.gather(
        request.post,
        request.lists,
        settings=request.settings,
        keys=keys,
        exclude=request.exclude,
        automatic=request.automatic,
        told=request.told,
    )
    if request.rejects is not None:
        _write_rejects(request.rejects, gathered)
    return gathered


def _write_rejects(path: Path, gathered: Gathered) -> None:
    """Write the rows that no audience would be mailed, as they stood, to a file that can be imported again."""
    from newsletter_cli.audience.convert import rejects
    from newsletter_cli.jobs import outputs

    outputs.write(path, rejects(gathered.roll.rejects()))


def refuse(decision: Decision, post: Post) -> None:
    """Raise Refused where the decision is one."""
    if decision.way is Way.REFUSE:
        raise Refused(
            Problem(
                text=decision.text,
                file=str(post.path),
                line=post.meta.lines.get(decision.key),
                hint=decision.hint,
            )
        )


def pass_gate(request: SendRequest, post: Post, *, begun: bool = False) -> None:
    """Raise Refused for a draft, a page, or a post whose date is to come, unless it was begun all the same."""
    wish = Wish(now=True) if begun else request.wish
    barrier = gate(post.meta, now=request.workspace.clock.now(), wish=wish)
    if barrier is not None:
        refuse(barrier, post)


def require_login(settings: Settings) -> None:
    """Raise Refused where the server is to be logged in to and there is no password: before anything is written."""
    from newsletter_cli.config.load import require_login as wrong_with

    wrong = wrong_with(settings)
    if wrong:
        raise Refused(*wrong)


def freeze(gathered: Gathered) -> Frozen:
    """What the ledger keeps of a campaign's first mail."""
    from newsletter_cli.rendering import freeze as frost

    prepared = gathered.prepared
    return Frozen(
        source=prepared.post.source,
        subject=prepared.post.subject,
        versions={version.value: frost.dump(rendered) for version, rendered in prepared.rendered.items()},
    )


def thaw(frozen: Frozen) -> dict[Version, Rendered]:
    """The rendered versions that `freeze` kept."""
    from newsletter_cli.rendering import freeze as frost

    return {Version(name): frost.load(parts) for name, parts in frozen.versions.items()}


def barred(ledger: Ledger | None, newsletter: str) -> dict[bytes, str]:
    """Who is never mailed by this newsletter, and why, in words for a list of those left out."""
    if ledger is None:
        return {}
    return {entry.who: f"suppressed: {entry.reason.value}" for entry in ledger.suppressions.list(newsletter)}


def had(ledger: Ledger, campaign: Campaign, wish: Wish) -> dict[bytes, str]:
    """Whom the record already settles for good, and how; a wish opens some of it again."""
    settled = set(SETTLED)
    if wish.again:
        settled -= {Outcome.WITHDRAWN, Outcome.CANCELLED, Outcome.SUPPRESSED}
    if wish.retry_failed:
        settled.discard(Outcome.FAILED)
    if wish.resend_unknown:
        settled.discard(Outcome.UNKNOWN)
    return {row.person: f"already {row.outcome}" for row in ledger.recipients(campaign.id, outcomes=settled)}


def one_person(address: str, gathered: Gathered, keys: Keys, settings: Settings) -> bytes:
    """The person of `--to`. Raises Refused where the list does not have them as somebody to be mailed."""
    try:
        key = addresses.parse(address).key
    except addresses.AddressError as error:
        raise UsageError(f"--to: {error}") from error
    who = tokens.person(keys, settings.newsletter.id, key)
    if gathered.get(who) is not None:
        return who
    row = next((row for row in gathered.left_out() if row.email.casefold() == address.strip().casefold()), None)
    if row is None:
        raise Refused(
            Problem(text=f"{address} is not on the list", hint="add the row, or use --test to try a mail out")
        )
    raise Refused(Problem(text=f"{address} is not mailed: {row.reason}", file=row.file, line=row.line))


def judge_number(request: SendRequest, number: int) -> None:
    """Raise Refused where --expect says another number than will be mailed now."""
    from newsletter_cli.audience import guard

    wrong = guard.judge(None, number, expected=request.expect) if request.expect else None
    if wrong is not None:
        raise Refused(wrong)


def judge(request: SendRequest, gathered: Gathered, seen: Survey, *, before: int | None) -> None:
    """Raise Refused where rows lack what the post asks for, or the list is not as large as was to be expected.

    `before` is how many of the list could be mailed at the last send.
    """
    from newsletter_cli.audience import guard

    if seen.problems:
        raise Refused(*seen.problems)
    if request.expect:
        judge_number(request, seen.mailable)
        return
    # The list is measured, not the audience: a post for the few who pay is no list that shrank.
    files_ = ", ".join(one.file for one in gathered.roll.lists)
    wrong = guard.judge(before, gathered.roll.counts.mailable, file=files_)
    if wrong is not None:
        raise Refused(wrong)


def declined(request: SendRequest) -> SendReport:
    """The report where the person said no, or a signal came instead of an answer."""
    number = request.stop.signal_number
    said = "not sent: interrupted" if number else "not sent: you said no"
    return SendReport(post=str(request.post), said=(said,), refused=not number, signal=number)


def with_rows(
    report: SendReport, left_out: tuple[LeftOut, ...], total: int, problems: tuple[Problem, ...]
) -> SendReport:
    """The report with the first rows that were left out, how many they are, and what was found on the way."""
    return replace(report, left_out=left_out, left_out_total=total, problems=(*problems, *report.problems))
