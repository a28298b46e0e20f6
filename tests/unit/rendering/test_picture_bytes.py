from __future__ import annotations

import contextlib
import io
import struct
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, strategies as st
from PIL import Image, ImageCms, ImageDraw, PngImagePlugin

from newsletter_cli.rendering import pictures, vector

if TYPE_CHECKING:
    from pathlib import Path


def drawn(size: tuple[int, int] = (80, 40), mode: str = "RGB") -> Image.Image:
    image = Image.new(mode, size, "white" if mode != "P" else 0)
    ImageDraw.Draw(image).rectangle((0, 0, size[0] // 2, size[1] // 2), fill="red" if mode != "P" else 1)
    return image


def saved(form: str, image: Image.Image | None = None, **options: Any) -> bytes:
    out = io.BytesIO()
    (image or drawn()).save(out, form, **options)
    return out.getvalue()


def opened(picture: pictures.Picture) -> Image.Image:
    image = Image.open(io.BytesIO(picture.data))
    image.load()
    return image


@pytest.mark.parametrize(
    ("form", "kind", "becomes"),
    [
        ("PNG", "png", "png"),
        ("JPEG", "jpeg", "jpeg"),
        ("GIF", "gif", "gif"),
        ("WEBP", "webp", "png"),
        ("TIFF", "tiff", "png"),
        ("AVIF", "avif", "png"),
        ("BMP", "bmp", "png"),
    ],
)
def test_what_a_file_is_its_bytes_say(form: str, kind: str, becomes: str) -> None:
    data = saved(form)
    assert pictures.sniff(data) == kind
    got = pictures.fit(data, 1200)
    assert (got.kind, got.width, got.height) == (becomes, 80, 40)
    assert opened(got).format == becomes.upper()
    assert got.mime == f"image/{becomes}"
    assert got.ending == ("jpg" if becomes == "jpeg" else becomes)


def test_what_fits_keeps_its_pixels_to_the_byte() -> None:
    for form in ("PNG", "JPEG", "GIF"):
        data = saved(form)
        assert pictures.fit(data, 1200).data == data


def test_a_photograph_becomes_jpeg_and_a_drawing_png() -> None:
    noise = Image.frombytes("RGB", (300, 300), bytes(zlib.crc32(struct.pack(">I", n)) & 255 for n in range(270_000)))
    assert pictures.fit(saved("WEBP", noise), 1200).kind == "jpeg"
    assert pictures.fit(saved("WEBP", drawn((900, 900))), 1200).kind == "png"


@pytest.mark.parametrize(
    ("size", "fitted"), [((2400, 1200), (1200, 600)), ((300, 3000), (120, 1200)), ((1200, 1), (1200, 1))]
)
@pytest.mark.parametrize("form", ["PNG", "JPEG", "TIFF"])
def test_the_longer_side_is_at_most_twice_the_column(form: str, size: tuple[int, int], fitted: tuple[int, int]) -> None:
    got = pictures.fit(saved(form, drawn(size)), 1200)
    assert (got.width, got.height) == fitted == opened(got).size


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_photograph_stands_upright(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "camera of a reader"
    got = pictures.fit(saved("JPEG", exif=exif), 1200)
    assert (got.width, got.height) == ((40, 80) if orientation > 4 else (80, 40))
    assert not opened(got).getexif()
    assert b"camera" not in got.data


def test_metadata_goes_and_the_colour_profile_stays() -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("Author", "a secret name")
    info.add_itxt("XML:com.adobe.xmp", "a secret place")
    png = saved("PNG", pnginfo=info, icc_profile=b"profile", dpi=(72, 72))
    got = pictures.fit(png, 1200)
    assert b"secret" not in got.data
    assert b"iCCP" in got.data
    assert b"pHYs" in got.data
    assert opened(got).tobytes() == drawn().tobytes()
    jpeg = saved("JPEG", comment=b"a secret", xmp=b"a secret", icc_profile=b"profile")
    got = pictures.fit(jpeg, 1200)
    assert b"secret" not in got.data
    assert b"ICC_PROFILE" in got.data
    assert opened(got).tobytes() == Image.open(io.BytesIO(jpeg)).tobytes()


def test_what_a_phone_puts_behind_a_photograph_goes() -> None:
    for options in ({}, {"progressive": True}, {"restart_marker_rows": 1}):
        whole = saved("JPEG", Image.effect_noise((90, 60), 50), **options)
        second = saved("JPEG", exif=b"Exif\0\0secret place")
        cut = pictures.fit(whole + second + b"a film", 1200).data
        assert b"secret place" not in cut
        assert b"a film" not in cut
        assert Image.open(io.BytesIO(cut)).tobytes() == Image.open(io.BytesIO(whole)).tobytes()


@pytest.mark.parametrize(
    ("mode", "code", "white"),
    [("I;16", "H", 65_535), ("I", "i", 65_535), ("I", "i", 200), ("F", "f", 1.0), ("F", "f", 3000.0)],
)
def test_greys_of_many_bits_keep_their_shades(mode: str, code: str, white: float) -> None:
    row = [0 * white, white, white / 2 if mode == "F" else int(white / 2)]
    image = Image.frombytes(mode, (3, 2), struct.pack(f"<6{code}", *row, *row))
    shown = opened(pictures.fit(saved("TIFF", image), 1200)).convert("L")
    full = 200 if white == 200 else 255
    assert [shown.getpixel((x, 0)) for x in range(3)] == [0, full, pytest.approx(full / 2, abs=1)]


def test_colours_of_a_wider_profile_are_told_in_those_of_a_screen() -> None:
    # A profile that is sRGB with red and blue exchanged in their places.
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    odd = bytearray(srgb.replace(b"rXYZ", b"tmpZ").replace(b"bXYZ", b"rXYZ").replace(b"tmpZ", b"bXYZ"))
    odd = odd.replace(b"s\0R\0G\0B", b"o\0d\0d\0!").replace(b"sRGB", b"odd!")
    shown = opened(pictures.fit(saved("TIFF", Image.new("RGB", (9, 9), "red"), icc_profile=bytes(odd)), 1200))
    red, _, blue = shown.convert("RGB").getpixel((4, 4))  # type: ignore[misc]  # three numbers
    assert blue > red + 100
    kept = opened(pictures.fit(saved("TIFF", Image.new("RGB", (9, 9), "red"), icc_profile=b"no profile"), 1200))
    assert kept.convert("RGB").getpixel((4, 4)) == (255, 0, 0)


def test_a_drawing_may_declare_what_it_is() -> None:
    for declared in (
        b'<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">',
        b'<!DOCTYPE svg [<!ENTITY ns "http://www.w3.org/2000/svg">]>',
    ):
        assert pictures.sniff(b'<?xml version="1.0"?>\n' + declared + b"\n<svg>") == "svg"


def test_a_moving_gif_moves_on() -> None:
    data = saved("GIF", drawn((2000, 10)), save_all=True, append_images=[drawn((2000, 10)).rotate(180)])
    got = pictures.fit(data, 1200)
    assert got.data == data
    assert got.kind == "gif"
    assert opened(got).n_frames == 2  # type: ignore[attr-defined]  # GIFs have it


@pytest.mark.parametrize("mode", ["CMYK", "L", "1", "P", "LA", "RGBA", "I;16"])
def test_every_mode_is_shown(mode: str) -> None:
    form = "TIFF" if mode == "CMYK" else "PNG"
    image = Image.new(mode, (2000, 20)) if mode in {"I;16", "1"} else drawn((2000, 20), mode)
    got = opened(pictures.fit(saved(form, image), 1200))
    assert got.size == (1200, 12)
    assert got.mode in {"RGB", "RGBA"}


def test_a_jpeg_for_print_becomes_one_for_screens() -> None:
    assert opened(pictures.fit(saved("JPEG", drawn(mode="CMYK")), 1200)).mode == "RGB"


def test_transparency_is_kept_and_known() -> None:
    clear = Image.new("RGBA", (20, 20), (0, 0, 0, 0))
    assert pictures.fit(saved("PNG", clear), 1200).clear
    assert pictures.fit(saved("WEBP", clear), 1200).clear
    assert pictures.fit(saved("WEBP", clear), 1200).kind == "png"
    assert not pictures.fit(saved("PNG", Image.new("RGBA", (20, 20), (0, 0, 0, 255))), 1200).clear


def test_the_same_bytes_give_the_same_bytes() -> None:
    data = saved("WEBP", drawn((1500, 900)))
    first = pictures.fit(data, 1200)
    pictures.fit.cache_clear()
    assert pictures.fit(data, 1200) == first


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"x",
        b"<!DOCTYPE html><html>",
        b"%PDF-1.7",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff\xe0",
        b"GIF89a",
        b"RIFF0000WEBPVP8 ",
    ],
)
def test_what_is_no_image_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(pictures.NotShown) as caught:
        pictures.fit(data, 1200)
    assert caught.value.text
    assert caught.value.hint


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WEBP", "TIFF", "AVIF", "BMP"])
def test_a_cut_file_is_shown_or_refused(form: str) -> None:
    data = saved(form)
    for cut in range(0, len(data), max(1, len(data) // 40)):
        _shown_or_refused(data[:cut])


@given(st.binary(max_size=300), st.sampled_from(["PNG", "JPEG", "GIF"]))
def test_any_bytes_behind_a_signature_are_shown_or_refused(tail: bytes, form: str) -> None:
    data = saved(form)
    for bad in (data[:12] + tail, data[:60] + tail + data[60:]):
        _shown_or_refused(bad)


def _shown_or_refused(data: bytes) -> None:
    with contextlib.suppress(pictures.NotShown):
        assert pictures.fit(data, 1200).data


def test_a_bomb_is_refused_before_it_is_opened() -> None:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0))
    bomb = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    with pytest.raises(pictures.NotShown, match=r"60000 × 60000|damaged"):
        pictures.fit(bomb, 1200)


SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="200" height="100">'
    b'<rect width="200" height="100" fill="red"/></svg>'
)


def test_a_drawing_is_drawn_at_twice_its_size_and_shown_at_its_own() -> None:
    pytest.importorskip("resvg_py", reason="the extra `images` is not installed")
    got = pictures.fit(SVG, 1200)
    assert (got.kind, got.width, got.height, got.shown_width) == ("png", 400, 200, 200)
    large = pictures.fit(SVG.replace(b'"200"', b'"4000"').replace(b'"100"', b'"2000"'), 1200)
    assert (large.width, large.height, large.shown_width) == (1200, 600, 1200)
    boxed = pictures.fit(SVG.replace(b'width="200" height="100">', b'viewBox="0 0 50 100">'), 1200)
    assert (boxed.width, boxed.height) == (100, 200)


@pytest.mark.parametrize(
    "inside",
    [
        '<image href="/etc/hostname" width="9" height="9"/>',
        '<image href="secret.png" width="9" height="9"/>',
        '<image xlink:href="file:///etc/hostname" width="9" height="9"/>',
        '<image href="http://127.0.0.1:9/x.png" width="9" height="9"/>',
        '<image href="data:image/svg+xml;base64,AAAA" width="9" height="9"/>',
        '<use href="other.svg#x"/>',
        '<image href="&#x2f;etc/hostname" width="9" height="9"/>',
        "<style>@import url(x.css);</style>",
        "<style>rect { fill: url(x.svg#y) }</style>",
        '<rect style="fill: url(/x.svg#y)"/>',
        '<rect fill="url(http://127.0.0.1:9/#x)"/>',
        "<script>alert(1)</script>",
        '<foreignObject><iframe src="x"/></foreignObject>',
        '<g xml:base="file:///etc/"><image href="#x"/></g>',
        "<?xml-stylesheet href='x.css'?>",
    ],
)
def test_a_drawing_that_takes_other_files_in_is_refused(inside: str) -> None:
    pytest.importorskip("resvg_py", reason="the extra `images` is not installed")
    head = b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="9" height="9">'
    with pytest.raises(pictures.NotShown, match="SVG"):
        pictures.fit(head + inside.encode() + b"</svg>", 1200)


@pytest.mark.parametrize(
    "data",
    [
        b"<svg",
        b"<svg></svg",
        b'<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/hostname">]><svg><text>&x;</text></svg>',
        b'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="9999"/>',
    ],
)
def test_a_drawing_that_cannot_be_drawn_is_refused(data: bytes) -> None:
    pytest.importorskip("resvg_py", reason="the extra `images` is not installed")
    with pytest.raises(vector.NotDrawn):
        vector.draw(data, 1200)


def test_a_drawing_may_hold_pictures_parts_and_links_of_its_own() -> None:
    pytest.importorskip("resvg_py", reason="the extra `images` is not installed")
    inside = (
        b'<defs><linearGradient id="g"/></defs>'
        b'<a href="https://example.com/"><rect fill="url(#g)" width="9" height="9"/></a>'
        b'<image href="data:image/png;base64,AAAA" width="1" height="1"/><use href="#g"/>'
    )
    assert pictures.fit(SVG.replace(b"<rect", inside + b"<rect"), 1200).kind == "png"


@pytest.mark.parametrize(("data", "name"), [(SVG, "SVG"), (b"\0\0\0\x18ftypheic" + b"\0" * 40, "HEIC")])
def test_a_missing_library_is_named_with_its_extra(data: bytes, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(module: str, *args: object, **kwargs: object) -> Any:
        raise ImportError(module)

    monkeypatch.setattr(pictures, "import_module", absent)
    monkeypatch.setattr(vector, "import_module", absent)
    with pytest.raises(pictures.NotShown, match=name) as caught:
        pictures.fit(data, 1199)
    assert "newsletter-cli[images]" in caught.value.hint


@pytest.mark.corpus
def test_files_that_are_not_what_they_are_called(corpus: Path) -> None:
    pytest.importorskip("pillow_heif", reason="the extra `images` is not installed")
    kinds = {}
    for path in sorted((corpus / "posts" / "images-mistyped").iterdir()):
        data = path.read_bytes()
        got = pictures.fit(data, 1200)
        kinds[pictures.sniff(data)] = got.kind
        assert max(got.width, got.height) <= 1200
        assert opened(got).format == got.kind.upper()
    assert kinds == {"tiff": "png", "heic": "jpeg", "webp": "jpeg", "svg": "png", "gif": "gif"}
