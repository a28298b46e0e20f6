from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import html
from PIL import Image

from newsletter_cli.problems import Severity
from newsletter_cli.rendering import images
from newsletter_cli.rendering.model import Site

SITE = Site(name="The Letter", site_url="https://example.com/", images_budget_octets=500_000)


def png(size: tuple[int, int] = (300, 200), colour: str = "red") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    home = tmp_path / "posts"
    (home / "images").mkdir(parents=True)
    (home / "images" / "Ein Bild (1).png").write_bytes(png())
    (home / "wide.png").write_bytes(png((1000, 500)))
    (tmp_path / "outside.png").write_bytes(png())
    (home / "out").symlink_to(tmp_path / "outside.png")
    (home / "in.png").symlink_to(home / "wide.png")
    (home / "loop").symlink_to(home / "loop")
    (home / "text.png").write_text("no image")
    return home


def placed(folder: Path, source: str, site: Site = SITE) -> tuple[html.HtmlElement, images.Placed]:
    tree = html.fragment_fromstring(f'<div data-line="5">{source}</div>')
    return tree, images.place(tree, folder, site, file="a.md")


def an_image(
    folder: Path, src: str, site: Site = SITE, more: str = 'alt="A chart"'
) -> tuple[html.HtmlElement, images.Placed]:
    tree, got = placed(folder, f'<p>words <img src="{src}" {more}></p>', site)
    return tree[0][0], got


@pytest.mark.parametrize(
    "src", ["images/Ein Bild (1).png", "images/Ein%20Bild%20%281%29.png", "./images/Ein Bild (1).png"]
)
def test_a_local_image_travels_with_the_mail(folder: Path, src: str) -> None:
    element, got = an_image(folder, src)
    assert got.problems == ()
    (image,) = got.embedded
    assert element.get("src") == f"cid:{image.cid}"
    assert (element.get("width"), element.get("height"), element.get("alt")) == ("300", "200", "A chart")
    assert image.mime == "image/png"
    assert image.filename.startswith("ein-bild-1-")
    assert image.filename.endswith(".png")


def test_the_names_follow_the_content_alone(folder: Path) -> None:
    _, first = an_image(folder, "wide.png")
    _, second = an_image(folder, "in.png")
    assert first.embedded[0].cid == second.embedded[0].cid
    tree, both = placed(folder, '<img src="wide.png" alt="a"><img src="in.png" alt="b">')
    assert len(both.embedded) == 1
    assert tree[0].get("src") == tree[1].get("src")


@pytest.mark.parametrize(
    ("more", "shown"),
    [
        ('alt="x"', ("600", "300")),
        ('alt="x" width="200"', ("200", "100")),
        ('alt="x" width="200" height="999"', ("200", "100")),
        ('alt="x" width="5000"', ("600", "300")),
        ('alt="x" width="50%"', ("600", "300")),
        ('alt="x" height="50"', ("600", "300")),
    ],
)
def test_sizes_are_set_and_never_wider_than_the_column(folder: Path, more: str, shown: tuple[str, str]) -> None:
    element, _ = an_image(folder, "wide.png", more=more)
    assert (element.get("width"), element.get("height")) == shown


@pytest.mark.parametrize(
    ("src", "said"),
    [
        ("gone.png", "there is no such file"),
        ("images", "that is a folder"),
        ("../outside.png", "it lies outside the post's folder"),
        ("images/../../outside.png", "it lies outside the post's folder"),
        ("out", "a link leads out of the post's folder"),
        ("loop", "the image loop"),
        ("text.png", "no image that is known here"),
        ("file:///etc/hostname", "an image cannot come from file:"),
        ("template:play.png", "an image cannot come from template:"),
        ("cid:x", "an image cannot come from cid:"),
        ("C:\\pictures\\x.png", "there is no such file"),
        ("%00.png", "that is no path"),
        ("x" * 5000, "that is no path"),
        ("x/" * 400, "the image"),
    ],
)
def test_a_path_that_gives_no_image_is_an_error_with_its_line(folder: Path, src: str, said: str) -> None:
    tree, got = placed(folder, f'<p><img src="{src}" alt="A chart"></p>')
    (problem,) = got.problems
    assert problem.severity is Severity.ERROR
    assert (problem.file, problem.line) == ("a.md", 5)
    assert said in problem.text
    assert got.embedded == ()
    # A preview shows the text, as a client does that shows no images.
    assert html.tostring(tree[0], encoding="unicode") == '<p><span class="nl-missing">A chart</span></p>'


def test_a_file_that_may_not_be_read_is_an_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(self: Path, *_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refused)
    _, got = an_image(folder, "wide.png")
    assert "Permission denied" in got.problems[0].text


def test_a_huge_file_is_an_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "_LARGEST_FILE", 10)
    _, got = an_image(folder, "wide.png")
    assert "40 MB" in got.problems[0].text


def test_a_path_of_the_site_is_of_the_site(folder: Path) -> None:
    element, got = an_image(folder, "/assets/x.png")
    assert element.get("src") == "https://example.com/assets/x.png"
    assert got.problems == ()
    _, got = an_image(folder, "/assets/x.png", replace(SITE, site_url=""))
    assert "set site_url" in got.problems[0].hint


@pytest.mark.parametrize(
    ("src", "becomes", "size"),
    [
        ("https://e.org/a.png", "https://e.org/a.png", (None, None)),
        ("http://e.org/a b.png", "http://e.org/a%20b.png", (None, None)),
        ("//e.org/a.png", "https://e.org/a.png", (None, None)),
        ("https://e.org/x_1200x800.jpeg", "https://e.org/x_1200x800.jpeg", ("600", "400")),
        ("https://c.org/fetch/https%3A%2F%2Fe.org%2Fx_300x200.png", None, ("300", "200")),
    ],
)
def test_a_remote_image_stays_a_link(folder: Path, src: str, becomes: str | None, size: tuple[str | None, ...]) -> None:
    element, got = an_image(folder, src)
    assert got == images.Placed()
    assert element.get("src") == (becomes or src)
    assert (element.get("width"), element.get("height")) == size


def test_the_authors_width_of_a_remote_image_stays(folder: Path) -> None:
    element, _ = an_image(folder, "https://e.org/a.png", more='alt="x" width="900" height="300"')
    assert (element.get("width"), element.get("height")) == ("600", "200")


def test_an_image_in_an_address_is_embedded_and_an_icon_of_the_page_goes(folder: Path) -> None:
    import base64

    tree, got = placed(
        folder,
        f'<img src="data:image/png;base64,{base64.b64encode(png()).decode()}" alt="x">'
        '<img src="data:image/svg+xml;base64,PHN2Zz4=" alt="x">tail<img src="data:image/png;base64,!!" alt="y">',
    )
    assert len(got.embedded) == 1
    assert tree[0].get("src").startswith("cid:")
    assert tree[0].tail == "tail"
    assert [problem.code for problem in got.problems] == ["image-damaged"]


@pytest.mark.parametrize("more", ["", 'alt=""', 'alt=" "'])
def test_an_image_without_a_text_is_a_warning(folder: Path, more: str) -> None:
    _, got = an_image(folder, "wide.png", more=more)
    (problem,) = got.problems
    assert (problem.severity, problem.code, problem.line) == (Severity.WARNING, "image-alt", 5)


@pytest.mark.parametrize(
    "name",
    [
        "download (22).jpeg",
        "IMG_1234",
        "Screenshot_2023.PNG",
        "a\\\\_b.webp",
        "image2",
        "My photo - final.heic",
    ],
)
def test_a_file_name_is_no_text(folder: Path, name: str) -> None:
    element, got = an_image(folder, "wide.png", more=f'alt="{name}"')
    assert element.get("alt") == ""
    assert "file name" in got.problems[0].text


@pytest.mark.parametrize("text", ["A chart of costs", "The file a.png and its copy", "v1.5", "image of a cat"])
def test_a_text_stays(folder: Path, text: str) -> None:
    element, got = an_image(folder, "wide.png", more=f'alt="{text}"')
    assert element.get("alt") == text
    assert got.problems == ()


def test_an_image_without_an_address_is_left_out(folder: Path) -> None:
    tree, got = placed(folder, '<p>a<img src=" " alt="x">b</p>')
    assert tree.text_content() == "ab"
    assert got.problems[0].code == "image-empty"


LINKED = replace(SITE, images_mode="link", images_base_url="https://cdn.example.com/mail")


def test_linked_images_are_named_for_the_web(folder: Path) -> None:
    element, got = an_image(folder, "wide.png", LINKED)
    (image,) = got.published
    assert got.embedded == ()
    assert element.get("src") == f"https://cdn.example.com/mail/{image.filename}"


def test_link_without_a_place_to_link_to_is_an_error(folder: Path) -> None:
    _, got = an_image(folder, "wide.png", replace(LINKED, images_base_url=""))
    assert [problem.code for problem in got.problems] == ["image-base-url"]
    assert got.embedded


def test_a_post_without_local_images_needs_no_place(folder: Path) -> None:
    _, got = an_image(folder, "https://e.org/a.png", replace(LINKED, images_base_url=""))
    assert got.problems == ()


def test_auto_embeds_under_the_budget_and_links_over_it(folder: Path) -> None:
    auto = replace(LINKED, images_mode="auto")
    assert an_image(folder, "wide.png", auto)[1].embedded
    assert not an_image(folder, "wide.png", replace(auto, images_budget_octets=10))[1].embedded


@pytest.mark.parametrize("mode", ["auto", "embed"])
def test_over_the_budget_without_a_place_is_a_warning(folder: Path, mode: str) -> None:
    site = replace(SITE, images_mode=mode, images_budget_octets=10)
    _, got = an_image(folder, "wide.png", site)
    assert [(problem.severity, problem.code) for problem in got.problems] == [(Severity.WARNING, "images-heavy")]
    assert got.embedded


def test_a_picture_alone_stands_in_the_middle_and_a_sign_in_its_line(folder: Path) -> None:
    (folder / "sign.png").write_bytes(png((20, 20)))
    tree, _ = placed(
        folder,
        '<p><a href="x"><img src="wide.png" alt="a"></a></p><p>see <img src="wide.png" alt="a"></p>'
        '<figure><img src="wide.png" alt="c"><figcaption>c</figcaption></figure>'
        '<p><img src="sign.png" alt="a"></p><p><img src="wide.png" alt="a"><img src="wide.png" alt="a"></p>',
    )
    assert [image.get("class") for image in tree.iter("img")] == ["nl-image", None, "nl-image", None, None, None]


def test_what_is_clear_is_marked_for_dark_clients(folder: Path) -> None:
    out = io.BytesIO()
    Image.new("RGBA", (90, 90), (0, 0, 0, 0)).save(out, "PNG")
    (folder / "clear.png").write_bytes(out.getvalue())
    element, _ = an_image(folder, "clear.png")
    assert element.get("class") == "nl-clear"


def test_the_templates_own_pictures_are_always_shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the current folder is none of the template's
    (tmp_path / "gone.png").write_bytes(png())
    tmp_path = tmp_path / "template"
    tmp_path.mkdir()
    (tmp_path / "play.png").write_bytes(png((144, 144)))
    own = images.Own((str(tmp_path / "none"), str(tmp_path)))
    tree = html.fragment_fromstring(
        '<div><img src="template:play.png" width="72" alt="▶"><img src="template:../play.png" alt="▶" width="9">'
        '<img src="template:gone.png" alt="▶"><img src="https://e.org/a.png"><img src="template:play.png"></div>'
    )
    for image in list(tree.iter("img")):
        own.give(image)
    (shipped,) = own.embedded.values()
    assert tree[0].get("src") == f"cid:{shipped.cid}"
    assert html.tostring(tree[1], encoding="unicode") == "<span>▶</span>"
    assert [problem.code for problem in own.problems] == ["template-image", "template-image"]
    assert tree[3].get("src") == "https://e.org/a.png"
    assert tree[4].get("src") == tree[0].get("src")
