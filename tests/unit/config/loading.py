"""Settings out of text, or what is wrong with it: what the tests of this folder share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from newsletter_cli.config import load as loading
from newsletter_cli.problems import Problem, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from newsletter_cli.config.settings import Settings

# The file of interface.md, as it stands there.
WHOLE = """\
[newsletter]
id = "letter"                               # never changed once mail went out
name = "The Letter"
from = "The Letter <letter@example.com>"
reply_to = "hello@example.com"              # optional
postal_address = "1 Main St, 12345 Town"    # shown in the footer
site_url = "https://example.com/"           # base of relative links
post_url = "https://example.com/p/{slug}"   # "view in browser"; unset: no such link
upgrade_url = ""                            # where a free reader becomes a paid one
language = "en"
template = "classic"                        # a folder name under templates/email/
timezone = "America/New_York"               # of dates without one
test_list = ["me@example.com"]              # `--test-list`
redirect_all_to = ""                        # staging

[list]
files = ["subscribers.csv"]                 # used where no --list is given

[headers]                                   # fixed extra headers
"X-PM-Message-Stream" = "broadcast"

[run]
send_time = "09:00"
max_age = "48h"
finish_within = "7d"
stamp = "post"

[smtp]
host = "smtp.example.com"
port = 587
security = "starttls"
ca_file = ""
helo_name = ""
auth = "auto"
username = "letter"
password_command = ["pass", "show", "smtp"]
account = ""
connections = 4
rate = ["14/s", "2000/d"]
max_wait = "10m"
batch_size = 100
batch_pause = "0s"
messages_per_connection = 0
retry_after = ["1m", "5m", "15m"]
give_up_after = "4d"
stop_at_failures = "5%"

[images]
mode = "auto"
budget = "500kB"
base_url = ""

[dkim]
domain = "example.com"
selector = "s1"
private_key = "dkim.pem"

[unsubscribe]
url = "https://example.com/u/{token}"
mailto = "unsubscribe@example.com"
log = ""

[bounces]
return_path = "bounces+{token}@example.com"
mailbox = "Maildir/"

[ledger]
url = "sqlite:///.newsletter/ledger.sqlite3"

[hooks]
on_sent = []
on_problem = []
"""
LEAST = '[newsletter]\nname = "The Letter"\nfrom = "letter@example.com"\n[smtp]\nhost = "smtp.example.com"\n'


def place(line: str) -> str:
    """Where a line of the whole file stands."""
    return f"newsletter.toml:{WHOLE[: WHOLE.index(line)].count(chr(10)) + 1}"


def load(
    folder: Path,
    text: str | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    options: Mapping[str, object] | None = None,
    config_file: Path | None = None,
    start: Path | None = None,
) -> Settings:
    if text is not None:
        (folder / "newsletter.toml").write_text(text, encoding="utf-8")
    return loading.load(
        start=start or folder,
        config_file=config_file,
        environment=environment or {},
        options=options or {},
        home=folder.parent / "home",
    )


def refused(folder: Path, text: str | None = None, **more: object) -> tuple[Problem, ...]:
    with pytest.raises(Refused) as caught:
        load(folder, text, **more)  # type: ignore[arg-type] # passed through as they are
    return caught.value.problems
