"""Whatever a post holds, `check`'s parts give problems and raise nothing; and they stay linear."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from newsletter_cli import assets
from newsletter_cli.message.parts import Opened
from newsletter_cli.post.model import Meta, Post
from newsletter_cli.problems import Problem, Refused
from newsletter_cli.rendering.anatomy import Link, anatomy
from newsletter_cli.rendering.link_faults import faults
from newsletter_cli.rendering.model import Site
from newsletter_cli.web.preview import Pictures, Scheme, framed, inbox_line, remote_pictures
from tests.growth import assert_linear

SITE = Site(name="n", template_folders=(assets.templates(),))
PIECES = st.sampled_from(
    [
        *("[a](http://x.example)", "[](y)", "![](//z.example/a.webp)", "{{< x >}}", "{% y %}", "[[w]]", "`{{% c %}}`"),
        *(
            "<p style='display:grid;color:red'>",
            "</p>",
            "<mark>",
            "<ruby>",
            "\n\n",
            "# H\n",
            "- l\n",
            "> q\n",
            "::: x\n",
        ),
        *(
            "[b](mailto:,)",
            "[c](http://[::1)",
            "[d](#e)",
            "[f](http://\u0130.example/%)",
            "{:.k}",
            "&#0;",
            "\\",
            "|a|b|\n",
        ),
    ]
)


def post(body: str) -> Post:
    return Post(path=Path("post.md"), source=b"", meta=Meta(title="T"), body=body, body_line=1, body_hash="0" * 64)


def parts(body: str) -> list[Problem]:
    try:
        found = anatomy(post(body), SITE)
    except Refused as refused:
        return list(refused.problems)
    return [*found.problems, *faults(found.links, file="post.md")]


@given(st.lists(PIECES | st.text(max_size=8), max_size=30).map("".join))
def test_any_post(body: str) -> None:
    for problem in parts(body):
        assert problem.file == "post.md"
        assert problem.line is None or 1 <= problem.line <= body.count("\n") + 1


@given(st.text(max_size=80), st.text(max_size=30))
def test_any_link(url: str, text: str) -> None:
    for prefix in ("", "http://", "https://", "mailto:"):
        faults([Link(prefix + url, text, 1, own=True)], file="post.md")


@given(st.text(alphabet="<>\"'=/!- abcidsrchfstyleurl():&;", max_size=300), st.sampled_from(Scheme))
def test_any_mail_is_framed(markup: str, scheme: Scheme) -> None:
    mail = Opened(headers=(), html=markup)
    for pictures in Pictures:
        framed(mail, scheme, pictures)
    remote_pictures(mail)
    inbox_line(mail)


@pytest.mark.parametrize(
    "piece", ["<a ", "<a b='", "<img src=", "url(", "<style>", "<!--", "<p style=\"url('", 'a="b" ']
)
def test_a_long_mail_is_framed_in_linear_time(piece: str) -> None:
    def frame(count: int) -> None:
        mail = Opened(headers=(), html=f"<html><head></head><body>{piece * count}")
        framed(mail, Scheme.LIGHT)
        remote_pictures(mail)
        inbox_line(mail)

    assert_linear(frame, 20_000)


@pytest.mark.parametrize(
    "piece", ["{{<", "{%", "[[", "![[", "{:", "[a](b) ", ":::\n", "x[[", "<p style='a:b;'>x</p>\n\n"]
)
def test_a_long_post_is_taken_apart_in_linear_time(piece: str) -> None:
    assert_linear(lambda count: parts(piece * count), 2_000)
