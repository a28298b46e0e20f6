"""`newsletter suppress add|remove|list|import|export`, `why` and `forget`: who is never mailed, and what they got."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter_cli import addresses, tokens
from newsletter_cli.ledger.model import Suppression, SuppressionReason
from newsletter_cli.problems import Problem, Refused, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from newsletter_cli.addresses import Address
    from newsletter_cli.jobs.gather import ListSource
    from newsletter_cli.jobs.workspace import Workspace
    from newsletter_cli.ledger.model import Campaign, RecipientRow
    from newsletter_cli.tokens import Keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """What an address got and why not: its suppressions, and each post with its outcome, newest first."""

    address: str
    suppressions: tuple[Suppression, ...]
    history: tuple[tuple[Campaign, RecipientRow], ...]


def add(workspace: Workspace, texts: Sequence[str], *, everywhere: bool = True, evidence: str = "") -> tuple[str, ...]:
    """Bar addresses by hand, in every newsletter of the ledger or in this one. Gives what to say."""
    wanted = [_parse(text) for text in texts]
    with workspace.open_ledger() as (ledger, keys):
        for address in wanted:
            ledger.suppressions.add(
                _suppression(
                    workspace,
                    keys,
                    address,
                    reason=SuppressionReason.MANUAL,
                    source="command line",
                    evidence=evidence,
                    everywhere=everywhere,
                )
            )
    return tuple(f"{address}: never mailed from now on" for address in wanted)


def remove(workspace: Workspace, texts: Sequence[str]) -> tuple[str, ...]:
    """Let addresses be mailed again: the one way to revive a suppressed one."""
    wanted = [_parse(text) for text in texts]
    said = []
    with workspace.open_ledger() as (ledger, keys):
        for address in wanted:
            gone = ledger.suppressions.remove(*_both(workspace, keys, address))
            said.append(f"{address}: {'may be mailed again' if gone else 'was not suppressed'}")
    return tuple(said)


def entries(workspace: Workspace) -> list[Suppression]:
    """All suppressions that hold for this newsletter, oldest first. Changes nothing."""
    with workspace.ledger_as_it_is() as ledger:
        if ledger is None:
            return []
        return [entry for entry in ledger.suppressions.list() if entry.newsletter in {"", workspace.newsletter}]


def import_lists(workspace: Workspace, lists: Sequence[ListSource]) -> tuple[int, tuple[Problem, ...]]:
    """Bar every address of the files: a service's unsubscribed or cleaned export, or any list of addresses."""
    from newsletter_cli.audience.roll import Roll

    with workspace.open_ledger() as (ledger, keys):
        roll = Roll.build(
            [(source.name, source.read()) for source in lists],
            person=lambda key: tokens.person(keys, workspace.newsletter, key),
            columns=workspace.settings.list.columns,
            opt_out=workspace.settings.list.opt_out,
            allow_empty=True,
        )
        count = ledger.suppressions.add_all(
            _suppression(
                workspace,
                keys,
                subscriber.address,
                reason=SuppressionReason.IMPORT,
                source=f"{subscriber.file}:{subscriber.line}",
                evidence=subscriber.opted_out,
                everywhere=True,
            )
            for subscriber in roll.subscribers()
        )
    return count, tuple(roll.problems)


def why(workspace: Workspace, text: str) -> Why:
    """Every post with its outcome for an address. Changes nothing."""
    address = _parse(text)
    with workspace.ledger_as_it_is() as ledger:
        keys = workspace.keys()
        if ledger is None or keys is None:
            return Why(address=str(address), suppressions=(), history=())
        both = _both(workspace, keys, address)
        found = [entry for who in both if (entry := ledger.suppressions.get(who)) is not None]
        history = ledger.history(lambda newsletter: tokens.person(keys, newsletter, address.key))
        return Why(address=str(address), suppressions=tuple(found), history=tuple(history))


def forget(workspace: Workspace, text: str) -> str:
    """Blank an address everywhere in the ledger; its keyed hash stays, and stays suppressed."""
    address = _parse(text)
    if not workspace.has_ledger():
        raise Refused(Problem(text="there is no ledger here: nothing is known of anybody"))
    with workspace.open_ledger() as (ledger, keys):
        ledger.forget(
            lambda newsletter: tokens.person(keys, newsletter, address.key), tokens.everywhere(keys, address.key)
        )
    return f"{address}: forgotten; a keyed hash stays, so that it is never mailed again"


def _suppression(
    workspace: Workspace,
    keys: Keys,
    address: Address,
    *,
    reason: SuppressionReason,
    source: str,
    evidence: str,
    everywhere: bool,
) -> Suppression:
    newsletter = "" if everywhere else workspace.newsletter
    who = tokens.everywhere(keys, address.key) if everywhere else tokens.person(keys, newsletter, address.key)
    return Suppression(
        who=who,
        newsletter=newsletter,
        email=str(address),
        reason=reason,
        source=source,
        evidence=evidence,
        since=workspace.clock.now(),
    )


def _both(workspace: Workspace, keys: Keys, address: Address) -> tuple[bytes, bytes]:
    """Who an address is to this newsletter, and to all."""
    return tokens.person(keys, workspace.newsletter, address.key), tokens.everywhere(keys, address.key)


def _parse(text: str) -> Address:
    try:
        return addresses.parse_mailbox(text).address
    except addresses.AddressError as error:
        raise UsageError(str(error)) from error
