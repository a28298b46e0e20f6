"""The pages of the live preview as values: which colours a frame shows, what is withheld, what is said."""

from __future__ import annotations

import re

import pytest

from newsletter_cli.message.parts import Embedded, Opened
from newsletter_cli.problems import Problem, Severity
from newsletter_cli.web.preview import (
    POLICIES,
    Choice,
    Pictures,
    Scheme,
    Shown,
    counted,
    framed,
    inbox_line,
    looked_at,
    remote_pictures,
)

CSS = (
    "@media (prefers-color-scheme: dark) { p { color: red } } @media not (prefers-color-scheme:light) { b { top: 0 } }"
)
HTML = (
    f'<!DOCTYPE html>\n<html><head><title>T</title><style>{CSS}</style></head><body bgcolor="#ffffff">'
    '<div style="display:none">The first words&#847;&zwnj;&nbsp;&#847;</div><p>Body &amp; soul</p>'
    '<img class="x" src="cid:a+b@mail" alt="near"><img alt="far" src="https://web.example/far.png">'
    '<td background="http://web.example/ground.png" style="background-image:url(https://web.example/g2.png)"></td>'
    '<a href="#end">jump</a> <a class="y" href="https://example.com/">go</a></body></html>'
)
MAIL = Opened(
    headers=(("From", "Wren <wren@example.com>"), ("Subject", "Tides")),
    text="Body and soul",
    html=HTML,
    images={"a+b@mail": Embedded(mime="image/png", filename="a.png", data=b"png")},
)


@pytest.mark.parametrize(
    ("scheme", "dark", "light", "canvas"),
    [
        (Scheme.LIGHT, "(max-width: 0px)", "(min-width: 0px)", "only light"),
        (Scheme.FORCED, "(max-width: 0px)", "(min-width: 0px)", "only light"),
        (Scheme.DARK, "(min-width: 0px)", "(max-width: 0px)", "only dark"),
    ],
)
def test_a_frame_answers_the_question_for_the_colour_scheme(scheme: Scheme, dark: str, light: str, canvas: str) -> None:
    shown = framed(MAIL, scheme)
    assert f"@media {dark} {{ p" in shown
    assert f"@media not {light} {{ b" in shown
    assert "prefers-color-scheme" not in shown
    assert f"color-scheme: {canvas}" in shown
    assert ("invert(" in shown) is (scheme is Scheme.FORCED)


def test_own_pictures_come_from_the_server_and_those_of_the_web_are_withheld() -> None:
    shown = framed(MAIL, Scheme.LIGHT)
    assert 'src="picture/a%2Bb@mail"' in shown
    assert 'alt="far" data-withheld="https://web.example/far.png"' in shown
    assert not re.search(r"""(?:[^-]src|background)=["']?http|url\(["']?http""", shown)
    assert " src=" not in framed(MAIL, Scheme.LIGHT, Pictures.NONE)
    everything = framed(MAIL, Scheme.LIGHT, Pictures.ALL)
    assert 'src="https://web.example/far.png"' in everything
    assert "url(https://web.example/g2.png)" in everything


def test_what_a_post_says_about_addresses_is_text_and_stays() -> None:
    said = '<p title="a src=\'cid:x\'">Write "cid:logo" or url(https://a.example/x.png) or background="http://b.example/"</p>'
    shown = framed(Opened(headers=(), html=f"<html><head></head><body>{said}</body></html>"), Scheme.LIGHT)
    assert said in shown


def test_pictures_in_styles_are_withheld_or_come_from_the_server() -> None:
    styles = "<style>@font-face { src: url('https://f.example/f.woff2') }</style>"
    body = """<td style='background: url("cid:a@b")'></td><td style="background:url(&quot;https://x.example/&quot;)"></td>"""
    mail = Opened(headers=(), html=f"<html><head>{styles}</head><body>{body}</body></html>")
    shown = framed(mail, Scheme.LIGHT)
    assert 'url("picture/a@b")' in shown
    assert "example" not in shown
    assert remote_pictures(mail) == 1
    assert "picture" not in framed(mail, Scheme.LIGHT, Pictures.NONE)
    assert "https://f.example/f.woff2" in framed(mail, Scheme.LIGHT, Pictures.ALL)


def test_other_ways_to_name_a_picture_are_withheld_too() -> None:
    body = '<img srcset="https://x.example/2x.png 2x" alt="a"><video poster="https://x.example/p.png"></video>'
    mail = Opened(headers=(), html=f"<html><head></head><body>{body}</body></html>")
    shown = framed(mail, Scheme.LIGHT)
    assert " srcset=" not in shown
    assert " poster=" not in shown
    assert body in framed(mail, Scheme.LIGHT, Pictures.ALL)


def test_jumps_stay_and_links_open_elsewhere() -> None:
    shown = framed(MAIL, Scheme.LIGHT)
    assert '<a target="_self" href="#end">' in shown
    assert '<a class="y" href="https://example.com/">' in shown
    assert shown.index('<base target="_blank">') < shown.index("<title>")


def test_no_policy_lets_a_script_run_or_a_form_be_sent() -> None:
    for pictures, policy in POLICIES.items():
        assert "allow-scripts" not in policy
        assert "allow-forms" not in policy
        assert "default-src 'none'" in policy
        assert ("https:" in policy) is (pictures is Pictures.ALL)


def test_a_mail_without_html_shows_its_text() -> None:
    assert "a &lt;b&gt;" in framed(Opened(headers=(), text="a <b>"), Scheme.LIGHT)


def test_a_look_tells_what_an_inbox_and_the_meter_need() -> None:
    problem = Problem(text="odd", file="post.md", line=3, severity=Severity.WARNING, hint="mend it")
    fatal = Problem(text="wrong", file="post.md", line=9)
    shown = Shown(
        post="post.md", choice=Choice(), mail=MAIL, eml=b"x" * 7, version="free", problems=(problem, fatal, problem)
    )
    said = looked_at(shown, 4)
    assert said["from"] == "Wren <wren@example.com>"
    assert (said["subject"], said["tier"], said["number"]) == ("Tides", "free", 4)
    assert said["inbox_line"].startswith("The first words Body & soul")
    assert said["html_octets"] == len(HTML.encode())
    assert (said["mail_octets"], said["clip_octets"]) == (7, 102_000)
    assert (said["pictures"], said["remote_pictures"]) == (1, remote_pictures(MAIL)) == (1, 3)
    assert [one["place"] for one in said["problems"]] == ["post.md:9", "post.md:3"]
    assert counted(shown.problems) == "1 error, 1 warning"


def test_without_a_mail_there_is_still_a_look() -> None:
    said = looked_at(Shown(post="post.md", choice=Choice(), mail=None, stale=True), 0)
    assert not said["has_mail"]
    assert said["stale"]
    assert counted(()) == ""
    assert inbox_line(Opened(headers=())) == ""
