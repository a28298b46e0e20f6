"""What one person's mail costs, beside building it with `email.message` as most senders do.

Run: python benchmarks/fill.py [ROUNDS]. Prints microseconds a mail (the best of the rounds, taken in turn) and ratios.
"""

from __future__ import annotations

import sys
import timeit
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime
from typing import TYPE_CHECKING

from newsletter_cli.addresses import Address, Mailbox
from newsletter_cli.message.compose import compose
from newsletter_cli.message.dkim import Signer, generate
from newsletter_cli.message.fill import fill
from newsletter_cli.message.model import Draft, Person, Sender
from newsletter_cli.rendering.model import UNSUBSCRIBE_URL, Context, Rendered, Slot, Version

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LINE = "A line of a post that is long enough, with — now and then — a dash or “two”, and an é."
HTML = "<!DOCTYPE html><html><body>" + f'<p style="margin: 0 0 1em">{LINE}</p>\n' * 260
TEXT = f"{LINE}\n\n" * 80
PERSON = Person(
    address=Address("reader", "example.org"),
    token="abcdefghijklmnopqrstuvwx" * 2,
    message_id="abcdefghij234567.abcdefghijklmnopqrstuvwx@example.com",
    date=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    fields={"first_name": "Zoë", "city": "São Paulo"},
)
SENDER = Sender(
    newsletter="letter",
    name="The Letter",
    mailbox=Mailbox("The Letter", Address("letter", "example.com")),
    unsubscribe_url="https://example.com/u/{token}",
    return_path="bounces+{token}@example.com",
)
LINKS = (
    Slot("linkinhtml", Context.HREF, (UNSUBSCRIBE_URL,)),
    Slot("linkintext", Context.TEXT, (UNSUBSCRIBE_URL,)),
)
FIELDS = (
    Slot("nameinhtml", Context.HTML, ("first_name",), "friend"),
    Slot("nameintext", Context.TEXT, ("first_name",), "friend"),
    Slot("nameinsubj", Context.SUBJECT, ("first_name",), "friend"),
    Slot("cityinhref", Context.HREF, ("city",), ""),
)


def draft(*, merge: bool = False, signers: Sequence[Signer] = ()) -> Draft:
    """The post as a draft, with or without merge fields."""
    hello_html = '<p>Dear nameinhtml, <a href="https://example.com/?c=cityinhref">see</a></p>' if merge else ""
    rendered = Rendered(
        version=Version.FULL,
        subject="The letter of this week" + (" for nameinsubj" if merge else ""),
        html=f'{hello_html}{HTML}<a href="linkinhtml">Unsubscribe</a></body></html>\n',
        text=f"{'Dear nameintext' if merge else ''}{TEXT}Unsubscribe: linkintext\n",
        slots=(*LINKS, *(FIELDS if merge else ())),
    )
    return compose(rendered, SENDER, signers=signers)


def with_email_message() -> bytes:
    """The same mail, built anew for one person."""
    url = f"https://example.com/u/{PERSON.token}"
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"] = "The Letter <letter@example.com>"
    mail["To"] = str(PERSON.address)
    mail["Subject"] = "The letter of this week"
    mail["Date"] = format_datetime(PERSON.date)
    mail["Message-ID"] = f"<{PERSON.message_id}>"
    mail["List-Unsubscribe"] = f"<{url}>"
    mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(f"{TEXT}Unsubscribe: {url}\n", cte="quoted-printable")
    mail.add_alternative(
        f'{HTML}<a href="{url}">Unsubscribe</a></body></html>\n', subtype="html", cte="quoted-printable"
    )
    return bytes(mail)


def main() -> None:
    """Measure in turn, print the best of each."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    plain, merged = draft(), draft(merge=True)
    signed = {
        kind: draft(signers=[Signer.load("example.com", "s", generate(kind, domain="example.com", selector="s")[0])])
        for kind in ("ed25519", "rsa")
    }
    peers: dict[str, tuple[Callable[[], object], int]] = {
        "email.message": (with_email_message, 20),
        "fill": (lambda: fill(plain, PERSON), 5000),
        "fill, 4 merge fields": (lambda: fill(merged, PERSON), 2000),
        "fill, Ed25519": (lambda: fill(signed["ed25519"], PERSON), 500),
        "fill, RSA 2048": (lambda: fill(signed["rsa"], PERSON), 200),
        "compose (once a post)": (draft, 10),
    }
    best = dict.fromkeys(peers, float("inf"))
    for _ in range(rounds):
        for name, (function, number) in peers.items():
            best[name] = min(best[name], timeit.timeit(function, number=number) / number * 1e6)
    print(f"a mail of {plain.size_octets / 1000:.0f} kB, best of {rounds} rounds")
    for name, cost in best.items():
        print(f"{name:22} {cost:10.1f} µs   1/{best['email.message'] / cost:.0f} of email.message")


if __name__ == "__main__":
    main()
