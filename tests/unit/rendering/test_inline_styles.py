from __future__ import annotations

import subprocess
import sys

import pytest
import requests

from newsletter_cli.rendering.inline import inline
from newsletter_cli.rendering.styles import safe_style
from tests.growth import assert_linear, cost_s


def page(head: str = "", body: str = "") -> str:
    return f"<!DOCTYPE html><html><head>{head}</head><body>{body}</body></html>"


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(requests, "get", refuse)
    monkeypatch.setattr(requests.Session, "request", refuse)


def test_styles_go_on_the_elements() -> None:
    assert '<p style="color:#123456">x</p>' in inline(page("<style>p { color: #123456 }</style>", "<p>x</p>"))


@pytest.mark.parametrize(
    "css",
    [
        '@import url("http://127.0.0.1:9/a.css"); p { color: #123456 }',
        "@import url(http://127.0.0.1:9/a.css);\np { color: #123456 }",
        "@IMPORT 'http://127.0.0.1:9/a.css' screen;p { color: #123456 }",
        "@import url(http://127.0.0.1:9/a.css)\n;p { color: #123456 }",
    ],
)
def test_an_import_is_not_fetched(css: str) -> None:
    got = inline(page(f"<style>{css}</style>", "<p>x</p>"))
    assert "127.0.0.1" not in got
    assert "color:#123456" in got


@pytest.mark.parametrize("href", ["/etc/hostname", "file:///etc/hostname", "http://127.0.0.1:9/a.css", "a.css"])
def test_a_linked_style_sheet_is_not_read(href: str) -> None:
    got = inline(page(f'<link rel="stylesheet" href="{href}"><link rel="icon" href="x">', "<p>x</p>"))
    assert "stylesheet" not in got
    assert 'rel="icon"' in got


def test_a_block_for_queries_stays_with_its_importance() -> None:
    css = "@media (max-width: 640px) { p { color: red !important } } @media (400px <= width) { p { color: #ff000080 } }"
    got = inline(page(f'<style data-premailer="ignore">{css}</style>', "<p>x</p>"))
    assert f"<style>{css}</style>" in got


def test_importance_of_an_inlined_rule_stays() -> None:
    got = inline(page("<style>p { color: red !important }</style>", '<p style="color: blue">x</p>'))
    assert "red !important" in got


def test_comments_for_outlook_stay() -> None:
    body = "<!--[if mso]><table><tr><td><![endif]--><p>x</p><!--[if mso]></td></tr></table><![endif]-->"
    assert body in inline(page("", body))


def test_a_style_attribute_wins_over_ours_and_is_never_parsed_by_cssutils() -> None:
    # Nested brackets and quotes are what cssutils needs seconds for.
    hostile = "color: red; background: " + "{[(" * 100 + "; text-align: center"
    whole = page("<style>p { color: #123456 }</style>", f'<p style="{hostile}">x</p>')
    assert cost_s(lambda: inline(whole)) < 2
    got = inline(whole)
    assert f'<p style="color:#123456; {hostile}">x</p>' in got


@pytest.mark.parametrize(
    ("style", "kept"),
    [
        ("color: red; text-align: center", "color:red; text-align:center"),
        ("COLOR:#FFF;;", "color:#FFF"),
        ("color: rgb(1, 2, 3); width: 50%", "color:rgb(1, 2, 3); width:50%"),
        ('font-family: "Comic Sans", serif', "font-family:'Comic Sans', serif"),
        ("background: url(http://x/y)", ""),
        ("background-image: url(x)", ""),
        ("position: fixed; top: 0", ""),
        ("display: none", ""),
        ("margin: -50px 0; margin-left: 4px", "margin-left:4px"),
        ("width: expression(alert(1))", ""),
        ("color: re\\64", ""),
        ("color: red /* x */", ""),
        ("behavior: url(x)", ""),
        ("color", ""),
        ("", ""),
        (f"color: {'x' * 300}", ""),
        ("color: red !important", "color:red !important"),
    ],
)
def test_a_style_of_the_post_keeps_what_a_mail_may_carry(style: str, kept: str) -> None:
    assert safe_style(style) == kept


@pytest.mark.parametrize("parts", [("color:", "rgb(", ""), ("", ";", ""), ("", "a:", ""), ("color: ", " ", "x")])
def test_a_hostile_style_takes_linear_time(parts: tuple[str, str, str]) -> None:
    before, piece, behind = parts
    assert_linear(lambda count: safe_style(before + piece * count + behind), 100_000)


def test_every_image_is_given_its_last_address() -> None:
    got = inline(page("", '<img src="a"><p><img src="b"></p>'), lambda image: image.set("src", "c"))
    assert got.count('src="c"') == 2


def test_the_same_page_is_the_same_bytes_under_any_hash_seed() -> None:
    code = (
        "from newsletter_cli.rendering.inline import inline;import sys;"
        "sys.stdout.write(inline('<html><head><style>p{color:red}.a{margin:0}.b{padding:0;margin:1px}</style></head>"
        '<body><p class="a b">x</p></body></html>\'))'
    )
    got = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(got) == 1


def test_what_could_ask_the_network_is_not_even_imported() -> None:
    script = (
        "import sys; from newsletter_cli.rendering.inline import inline;"
        "print(inline('<html><head><style>p { color: #123456 }</style></head><body><p>x</p></body></html>'));"
        "assert not {'requests', 'urllib3'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert '<p style="color:#123456">x</p>' in done.stdout
