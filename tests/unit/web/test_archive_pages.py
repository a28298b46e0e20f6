"""The archive's places, index and feed, free of sockets; and the buckets of the server's limits."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, strategies as st

from newsletter_cli.web import archive, limits
from newsletter_cli.web.archive import Entry, Places
from tests.doubles.office import WHEN

ATOM = "{http://www.w3.org/2005/Atom}"
ENTRY = Entry(slug="hello", title="Tom & <Jerry>", subtitle="“Hi”", day="January 2, 2026", sent_at=WHEN, identity="1.a")


def places(*, prefix: str = "", post_url: str = "", door_url: str = "https://mail.example/u/{token}") -> Places:
    return Places.of(prefix=prefix, origin="http://asked.example", post_url=post_url, door_url=door_url)


@pytest.mark.parametrize(
    ("prefix", "post_url", "path", "origin"),
    [
        ("", "", "/p/hello", "https://mail.example"),
        ("", "https://example.com/p/{slug}", "/p/hello", "https://example.com"),
        ("", "https://example.com/read/{slug}.html", "/read/hello.html", "https://example.com"),
        ("", "https://example.com/?p={slug}", "/p/hello", "https://mail.example"),
        ("/news", "https://example.com/news/{slug}", "/news/hello", "https://example.com"),
        ("/news", "https://example.com/p/{slug}", "/news/p/hello", "https://mail.example"),
    ],
)
def test_where_posts_stand(prefix: str, post_url: str, path: str, origin: str) -> None:
    found = places(prefix=prefix, post_url=post_url)
    assert (found.post("hello"), found.origin) == (path, origin)
    assert found.slug(path) == "hello"
    assert found.slug(f"{path}/x") is None
    assert found.picture(f"{prefix}/pictures/hello/a@b") == ("hello", "a@b")


def test_the_request_tells_the_host_only_where_the_settings_do_not() -> None:
    assert places(door_url="").origin == "http://asked.example"


@given(st.text(min_size=1, max_size=20).filter(lambda slug: "/" not in slug))
def test_any_slug_comes_back(slug: str) -> None:
    from urllib.parse import unquote

    try:
        path = places().post(slug)
    except UnicodeEncodeError:
        return
    assert places().slug(unquote(path)) == slug


def test_the_index_lists_titles_as_text() -> None:
    page = archive.index([ENTRY], places(prefix="/news"), name="A & B", language="en")
    assert '<a href="/news/p/hello">Tom &amp; &lt;Jerry&gt;</a>' in page
    assert '<time datetime="2026-01-02">January 2, 2026</time>' in page
    assert '<link rel="alternate" type="application/atom+xml" title="A &amp; B" href="/news/feed.xml">' in page
    assert "<script" not in page


def test_the_feed_is_atom() -> None:
    older = replace(ENTRY, slug="old", subtitle="", identity="2.b", sent_at=WHEN - timedelta(days=1))
    body = '<p>Hi\x0b <img src="/pictures/hello/a@b"> <a href="https://x.example/">x</a> <img src="//x.example/y"></p>'
    made = archive.feed([(ENTRY, body), (older, "")], places(), name="A & B", language="de")
    assert made == archive.feed([(ENTRY, body), (older, "")], places(), name="A & B", language="de")
    tree = ET.fromstring(made)
    assert tree.findtext(f"{ATOM}title") == "A & B"
    assert tree.findtext(f"{ATOM}updated") == "2026-01-02T03:04:05+00:00"
    links = {link.get("rel"): link.get("href") for link in tree.findall(f"{ATOM}link")}
    assert links == {"alternate": "https://mail.example/", "self": "https://mail.example/feed.xml"}
    entries = tree.findall(f"{ATOM}entry")
    assert [entry.findtext(f"{ATOM}id") for entry in entries] == [
        "tag:mail.example,2026-01-02:1.a",
        "tag:mail.example,2026-01-01:2.b",
    ]
    assert entries[0].findtext(f"{ATOM}title") == "Tom & <Jerry>"
    content = entries[0].findtext(f"{ATOM}content") or ""
    assert 'src="https://mail.example/pictures/hello/a@b"' in content
    assert 'src="//x.example/y"' in content
    assert 'href="https://x.example/"' in content
    assert entries[1].find(f"{ATOM}content") is None


def test_an_empty_feed_is_atom_too() -> None:
    tree = ET.fromstring(archive.feed([], places(), name="The Letter", language="en"))
    assert tree.findtext(f"{ATOM}id") == "https://mail.example/"


def test_a_bucket_fills_again() -> None:
    bucket = limits.Throttle(burst=3, per_second=2)
    assert [bucket.admit("a", 0.0) for _ in range(4)] == [True, True, True, False]
    assert bucket.admit("b", 0.0)
    assert [bucket.admit("a", 0.5), bucket.admit("a", 0.5)] == [True, False]
    assert [bucket.admit("a", 100.0) for _ in range(4)] == [True, True, True, False]


def test_only_so_many_clients_are_remembered() -> None:
    bucket = limits.Throttle(burst=1, clients=2)
    assert bucket.admit("a", 0.0)
    assert not bucket.admit("a", 0.0)
    assert bucket.admit("b", 0.0)
    assert bucket.admit("c", 0.0)
    assert len(bucket._left) == 2


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("203.0.113.9", "203.0.113.9"),
        (" 203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::5]", "2001:db8:1:2::/64"),
        ("127.0.0.1", ""),
        ("::1", ""),
        ("::ffff:127.0.0.1", ""),
        ("", ""),
        ("unknown", ""),
    ],
)
def test_whom_an_address_stands_for(address: str, key: str) -> None:
    assert limits.client_key(address) == key
