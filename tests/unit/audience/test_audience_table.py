"""Bytes become rows: encodings, delimiters, line ends, quotes, preambles, and what is no list at all."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import pytest

from newsletter_cli.audience import objects
from newsletter_cli.audience.table import Row, rows
from newsletter_cli.problems import Refused, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

PLAIN = "email,name\nann@x.example,Ann Ö\n"


def read(data: bytes | str) -> list[Row]:
    return list(rows(data.encode() if isinstance(data, str) else data, file="list.csv").rows)


def refusal(data: bytes | str) -> str:
    with pytest.raises(Refused) as refused:
        read(data)
    return str(refused.value)


@pytest.mark.parametrize(
    ("codec", "said"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("utf-32", "utf-32"),
        ("cp1252", "cp1252"),
    ],
)
def test_encodings(codec: str, said: str) -> None:
    opened = rows(PLAIN.encode(codec), file="list.csv")
    assert opened.header == ("email", "name")
    assert list(opened.rows) == [Row(2, ["ann@x.example", "Ann Ö"])]
    assert opened.encoding == said


def test_a_legacy_encoding_is_guessed_from_enough_text() -> None:
    names = ["Анна Каренина", "Лев Толстой", "Фёдор Достоевский", "Антон Чехов", "Иван Тургенев", "Николай Гоголь"]
    text = "email,name\n" + "".join(f"u{number}@x.example,{name}\n" for number, name in enumerate(names))
    opened = rows(text.encode("cp1251"), file="list.csv")
    assert opened.encoding == "cp1251"
    assert [row.cells[1] for row in opened.rows] == names
    assert [problem.severity for problem in opened.problems] == [Severity.NOTE]


def test_what_no_encoding_fits_is_read_as_the_commonest() -> None:
    data = b"email,name\na@x.example," + bytes(range(0x80, 0x100)) * 2 + b"\n"
    assert read(data)[0].line == 2


def test_a_few_strays_in_utf_8_spoil_only_their_rows() -> None:
    good = "".join(f"u{number}@x.example,Ünï\n" for number in range(4))
    opened = rows(f"email,name\n{good}".encode() + b"z@x.example,\xd6\n", file="list.csv")
    found = list(opened.rows)
    assert [row.cells[1] for row in found] == ["Ünï"] * 4 + ["\ufffd"]
    assert [str(problem) for problem in opened.problems] == [
        (
            "list.csv: 1 of its octets are not UTF-8 like the rest; a row with one in its address is left out; "
            "export the list again as UTF-8"
        )
    ]


def test_a_stray_behind_a_utf_8_mark_is_a_stray() -> None:
    assert rows(b"\xef\xbb\xbfemail\na@x.example\xff\n", file="list.csv").encoding == "utf-8-sig"


def test_a_character_cut_by_the_blocks_of_reading_is_whole() -> None:
    cell = "ö" * 100_000
    data = "email,name\n" + "".join(f"u{number}@x.example,x{cell}\n" for number in range(12))
    found = read(data)
    assert len(found) == 12
    assert all(row.cells[1] == f"x{cell}" for row in found)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends(delimiter: str, end: str) -> None:
    data = end.join(["name,email", "Ann,ann@x.example", "Bo,bo@x.example", ""]).replace(",", delimiter)
    opened = rows(data.encode(), file="list.csv")
    assert opened.delimiter == delimiter
    assert opened.header == ("name", "email")
    assert list(opened.rows) == [Row(2, ["Ann", "ann@x.example"]), Row(3, ["Bo", "bo@x.example"])]


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;"])
def test_the_line_that_names_the_delimiter_is_no_row_and_counts_as_a_line(first: str) -> None:
    opened = rows(f"{first}\nname;email\nAnn, A;ann@x.example\n".encode(), file="list.csv")
    assert list(opened.rows) == [Row(3, ["Ann, A", "ann@x.example"])]


def test_a_header_outweighs_a_delimiter_inside_cells() -> None:
    opened = rows(b"Name,Email\nDi,di@x.example;di2@x.example\n", file="list.csv")
    assert opened.delimiter == ","


def test_quotes_line_breaks_inside_and_physical_lines() -> None:
    found = read('email,note\r\na@x.example,"one\r\ntwo ""2"""\r\nb@x.example,x\r\n')
    assert found == [Row(2, ["a@x.example", 'one\r\ntwo "2"']), Row(4, ["b@x.example", "x"])]


def test_a_space_before_a_quote() -> None:
    assert read('email, name\na@x.example, "Able, Ann"\n') == [Row(2, ["a@x.example", "Able, Ann"])]
    assert read("email,name\n a@x.example , Ann \n") == [Row(2, [" a@x.example ", " Ann "])]


def test_blank_rows_are_no_rows_and_ragged_ones_are() -> None:
    found = read("email,name\n\n , \n,\na@x.example\n\t\nb@x.example,Bo,more\n\n")
    assert found == [Row(5, ["a@x.example"]), Row(7, ["b@x.example", "Bo", "more"])]


def test_no_header_where_the_first_record_holds_an_address() -> None:
    opened = rows(b"Ann;ann@x.example\nBo;bo@x.example\n", file="list.csv")
    assert opened.header is None
    assert [row.line for row in opened.rows] == [1, 2]


def test_one_column_without_a_known_header_is_all_rows() -> None:
    opened = rows(b"nobody\nann@x.example\n", file="list.csv")
    assert opened.header is None
    assert [row.cells for row in opened.rows] == [["nobody"], ["ann@x.example"]]


def test_an_unknown_header_of_several_columns_is_a_header() -> None:
    assert rows(b"who,where\nann@x.example,Oslo\n", file="list.csv").header == ("who", "where")


def test_a_title_above_the_header_is_passed_over_with_a_word() -> None:
    opened = rows(b"The Letter\nExported 2024\n\nemail,name\na@x.example,Ann\n", file="list.csv")
    assert opened.header == ("email", "name")
    assert list(opened.rows) == [Row(5, ["a@x.example", "Ann"])]
    assert [problem.line for problem in opened.problems] == [1]


def test_headers_lose_their_padding() -> None:
    assert rows(" Email ,\ufeff Name\na@x.example,Ann\n".encode(), file="list.csv").header == ("Email", "Name")


def test_a_quote_that_eats_rows_is_refused() -> None:
    swallowed = 'email,name\na@x.example,"Ann\nb@x.example,Bob\nc@x.example,Cy\n'
    assert "list.csv:2: a quote that opens here takes in the row of line 3" in refusal(swallowed)
    merged = 'name,email\n"Ann,a@x.example\n"Bob",b@x.example\n'
    assert "list.csv:2: a quote that opens here takes in a whole row" in refusal(merged)


def test_a_note_that_quotes_an_address_eats_nobody() -> None:
    assert len(read('email,note,x\na@x.example,"wrote\nfrom b@x.example, twice",\n')) == 1


def test_a_cell_without_end_is_refused() -> None:
    assert "a cell longer than 131,072 characters; is a quote not closed?" in refusal('email\n"' + "x" * 140_000)


def test_a_line_without_end_is_refused_before_it_is_held_in_memory() -> None:
    assert refusal("email,name\n" + "a@x.example," * 200_000) == "list.csv: has a line of more than 1 MB; is it a list?"


def test_a_file_that_changes_between_the_readings_is_refused() -> None:
    class Changing(io.BytesIO):
        version = 0

        def seek(self, offset: int, whence: int = 0) -> int:
            self.version += 1
            self.getbuffer()[-2:-1] = b"%d" % self.version
            return super().seek(offset, whence)

    with pytest.raises(Refused, match="changed while it was read; run again"):
        list(rows(Changing(b"email\na@x.example0\n"), file="list.csv").rows)


def test_a_pipe_is_read() -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    expected = [Row(2, ["ann@x.example", "Ann Ö"])]
    assert list(rows(Pipe(PLAIN.encode()), file="-").rows) == expected

    def blocks() -> Iterator[bytes]:
        yield PLAIN[:7].encode()
        yield PLAIN[7:].encode()

    assert list(rows(blocks(), file="-").rows) == expected


def test_a_pipe_that_brings_no_list_is_refused() -> None:
    with pytest.raises(Refused, match="is empty"):
        rows(iter([b"\n", b""]), file="-")


def zipped(name: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(name, "x")
    return made.getvalue()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty; export the list again"),
        (b" \r\n\n", "is empty"),
        (b"\x00" * 500, "holds no text"),
        (b"\xef\xbb\xbf", "holds no text"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 20, "is an image (PNG), not a list; name the list's CSV file"),
        (b"\xff\xd8\xff\xe0....", "an image (JPEG)"),
        (b"GIF89a\x01\x00", "an image (GIF)"),
        (b"BM\x00\x01\x02\x03", "an image (BMP)"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "an image, sound or film (RIFF)"),
        (b"\x00\x00\x00\x1cftypheic", "an image or film"),
        (b"%PDF-1.7\n", "a PDF"),
        (b"\x1f\x8b\x08\x00", "a gzip archive, not a list; unpack it first"),
        (b"SQLite format 3\x00", "an SQLite database"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook, not a list; save it as CSV"),
        (b"<!DOCTYPE html>\n<html>", "a web page or XML, not a list; log in"),
        (b"\xef\xbb\xbf  <?xml version='1.0'?>", "a web page or XML"),
        (b"{\\rtf1 hi}", "a rich text document"),
        (bytes(range(1, 9)) * 40, "a binary file"),
        (zipped("email_list.letter.csv"), "a zip archive, not a list; unpack it"),
        (zipped("xl/workbook.xml"), "an Excel workbook (xlsx), not a list; save it as CSV"),
        (zipped("word/document.xml"), "a Word document"),
    ],
)
def test_what_is_no_list_is_called_by_its_name(data: bytes, said: str) -> None:
    assert said in refusal(data)


@pytest.mark.parametrize("first", ["BM", "GIF8 shop", "Rar!", "BZh"])
def test_text_that_begins_like_an_image_is_text(first: str) -> None:
    assert len(read(f"{first},email\nx,a@x.example\n")) == 1


def test_weak_signatures_beside_octets_that_no_text_has() -> None:
    assert "an image (BMP)" in refusal(b"BM\xff\xfe\xfd,email")


class TestJson:
    def test_an_array_of_objects(self) -> None:
        first = '{"email": "a@x.example", "vip": true, "n": 1.5}'
        second = '{"email": "b@x.example", "tags": ["x", "y"], "z": null}'
        data = f"[\n {first},\n {second}]"
        opened = rows(data.encode(), file="list.json")
        assert opened.header == ("email", "vip", "n", "tags", "z")
        assert opened.delimiter == ""
        assert list(opened.rows) == [
            Row(2, ["a@x.example", "true", "1.5", "", ""]),
            Row(3, ["b@x.example", "", "", "x, y", ""]),
        ]

    def test_an_object_that_holds_the_array(self) -> None:
        found = read(
            '{"count": 1,\n "next": null,\n "results": [\n  {"email": "a@x.example", "meta": {"k": false}}\n]}'
        )
        assert found == [Row(4, ["a@x.example", "false"])]

    def test_what_stands_inside_gets_a_column_of_its_own(self) -> None:
        inside = '{"mail": {"consent": "NO", "at": {}}, "lists": [{"id": 1}, {"id": 2}], "ids": [1, 2]}'
        opened = rows(f'[{{"email": "a@x.example", "more": {inside}}}]'.encode(), file="list.json")
        assert opened.header == (
            "email",
            "more.mail.consent",
            "more.mail.at",
            "more.lists.0.id",
            "more.lists.1.id",
            "more.ids",
        )
        assert list(opened.rows) == [Row(1, ["a@x.example", "NO", "{}", "1", "2", "[1, 2]"])]

    def test_an_object_a_line(self) -> None:
        found = read('{"email": "a@x.example"}\n{"email": "b@x.example"}\n')
        assert [row.line for row in found] == [1, 2]

    def test_a_key_written_with_escapes_loses_only_the_lines(self) -> None:
        assert [row.cells for row in read('{"\\u0061": [{"email": "a@x.example"}, 7]}')] == [["a@x.example"]]

    def test_things_that_are_no_objects_are_passed_over(self) -> None:
        assert [row.cells for row in read('[{"email": "a@x.example"}, 7, "x"]')] == [["a@x.example"]]

    def test_half_a_character_is_made_whole(self) -> None:
        assert read('[{"email": "a@x.example", "name": "\\ud83d"}]')[0].cells[1] == "\ufffd"

    def test_no_json(self) -> None:
        assert "list.csv:2: is JSON that cannot be read: " in refusal('[{"email":\n oops}]')

    def test_a_number_of_thousands_of_digits(self) -> None:
        assert "is JSON with a number that is none" in refusal('[{"email": "a@x.example", "n": ' + "9" * 5000 + "}]")

    def test_too_deep(self) -> None:
        assert "is JSON nested too deeply" in refusal('[{"a":' + "[" * 100_000)

    def test_too_large(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(objects, "LIMIT_CHARACTERS", 10)
        assert "is JSON of more than 100 MB" in refusal('[{"email": "a@x.example"}]')
