"""The examples of docs/one-click.md and docs/serve are what the program does."""

from __future__ import annotations

import re
from pathlib import Path

from newsletter_cli import tokens
from newsletter_cli.jobs import init
from newsletter_cli.web import archive, limits

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "one-click.md").read_text(encoding="utf-8")
REFERENCE = (DOCS / "cli.md").read_text(encoding="utf-8").partition("## newsletter serve\n")[2].partition("\n## ")[0]
SERVE = DOCS / "serve"


def test_every_option_in_the_examples_exists() -> None:
    unit = (SERVE / "newsletter-serve.service").read_text(encoding="utf-8")
    commands = re.findall(r"newsletter serve( .*?)(?:  #|`|$)", f"{PAGE}\n{unit}", re.MULTILINE)
    options = {option for command in commands for option in re.findall(r"--[a-z-]+", command)}
    assert len(options) >= 5
    assert {option for option in options if option not in REFERENCE} == set()


def test_the_three_agree_on_the_socket() -> None:
    found = {
        name: set(re.findall(r"/run/\S+\.sock", (SERVE / name).read_text(encoding="utf-8")))
        for name in ("newsletter-serve.service", "nginx.conf", "Caddyfile")
    }
    assert set(map(frozenset, found.values())) == {frozenset({"/run/newsletter/web.sock"})}


def test_the_limits_are_those_in_force() -> None:
    part = PAGE.partition("### Limits\n")[2].partition("\n### ")[0]
    assert f"{limits.HEAD_OCTETS // 1024} kB for the head of a request and {limits.BODY_OCTETS // 1024} kB" in part
    assert limits.HEAD_S == limits.BODY_S
    assert f"{limits.HEAD_S:.0f} seconds for each, {limits.IDLE_S:.0f} seconds between" in part
    assert f"{limits.CONNECTIONS:,} connections" in part
    assert f"ask for {limits.BURST} things at once and {limits.PER_SECOND:.0f} a second" in part
    assert f"newest {archive.FEED_ENTRIES} posts" in PAGE


def test_the_log_is_as_the_script_writes_it() -> None:
    line = re.search(r"^(\S+Z) ([a-z2-7]+)$", PAGE, re.MULTILINE)
    assert line
    assert tokens.TOKEN.fullmatch(line[2])
    script = init.php("x", bytes(16)).content.decode()
    assert r"gmdate('Y-m-d\TH:i:s\Z') . " + '" $token\\n"' in script
    assert rf"\A[a-z2-7]{{{tokens.TOKEN_CHARACTERS}}}\z" in script
