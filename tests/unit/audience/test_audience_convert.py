"""Plain lists, and rejects that can be read again."""

from __future__ import annotations

from newsletter_cli.audience import convert
from newsletter_cli.audience.hints import Hints, typos
from newsletter_cli.audience.roll import Roll
from newsletter_cli.post.model import Audience


def build(*texts: str) -> Roll:
    lists = [(f"{'ab'[number]}.csv", text.encode()) for number, text in enumerate(texts)]
    return Roll.build(lists, person=str.encode, everywhere=str.encode, allow_empty=True)


def plain(*texts: str) -> str:
    return convert.plain(one.subscriber for one in build(*texts).chosen(Audience.EVERYONE)).decode()


def test_names_tier_and_other_columns_without_marks() -> None:
    header = "Email Address,First Name,Last Name,status,City,tags,Secondary email"
    text = f"{header}\nAnn <ANN@X.example>,Ann,Able,active,Oslo,vip,ann@x.example\n"
    assert plain(text) == "email,first_name,last_name,name,City,tags\nANN@x.example,Ann,Able,Ann Able,Oslo,vip\n"


def test_a_free_reader_stays_one_and_is_no_opt_out() -> None:
    header = "email,active_subscription,email_disabled"
    text = f"{header}\na@x.example,false,false\nb@x.example,true,false\nc@x.example,true,true\n"
    written = plain(text)
    assert written == "email,tier\na@x.example,free\nb@x.example,paid\n"
    assert plain(written) == written


def test_lists_of_different_columns_and_an_unknown_tier() -> None:
    assert plain("email\na@x.example\n", "email,tier,Zip\nb@x.example,free,0123\n") == (
        "email,tier,Zip\na@x.example,unknown,\nb@x.example,free,0123\n"
    )


def test_formulas_are_disarmed_and_come_back() -> None:
    text = 'email,name,x,phone\na@x.example,"=SUM(A1)",@handle,+47 (123) 45-6\nb@x.example,+x,-5,\n'
    written = plain(text)
    assert written == "email,name,x,phone\na@x.example,'=SUM(A1),'@handle,+47 (123) 45-6\nb@x.example,'+x,-5,\n"
    assert plain(written) == written


def test_nobody() -> None:
    assert convert.plain([]) == b"email\n"


def test_rejects_stand_as_they_stood() -> None:
    rows = [
        ' broken ,"A ""b"" ",active,extra',
        "b@x.example,=1,bounced",
        "c@x.example,C,active",
        "C@x.example,C,active",
    ]
    text = "\n".join(["email,name,status", *rows])
    written = convert.rejects(build(text).rejects()).decode()
    assert written == (
        "email,name,status,column 4,line,reason\n"
        ' broken ,"A ""b"" ",active,extra,2,no valid address: an email address must have an @-sign\n'
        "b@x.example,'=1,bounced,,3,opted out: status is 'bounced'\n"
        "C@x.example,C,active,,5,duplicate of line 4\n"
    )
    again = build(written.replace(" broken ", "mended@x.example"))
    assert [str(one.subscriber.address) for one in again.chosen(Audience.EVERYONE)] == [
        "mended@x.example",
        "C@x.example",
    ]


def test_rejects_of_lists_with_different_headers() -> None:
    written = convert.rejects(
        build("email,line\na@x.example,\nx,7\n", "name,email,name\n,b@x.example,\nN,y,M\n").rejects()
    ).decode()
    assert written == (
        "email,line,name,name,rejected_line,reason\n"
        "x,7,,,3,no valid address: an email address must have an @-sign\n"
        "y,,N,M,3,no valid address: an email address must have an @-sign\n"
    )


SLIPS = """gmial.com gmai.com gmaill.com gnail.com gmail.con gmail.co hotmial.com yahooo.com outlok.com iclod.com"""
HONEST = """gmail.com ymail.com email.com mail.com hotmail.co.uk yahoo.co.jp icloud.com gmx.com yaho.com"""


def test_typos_are_slips_and_no_honest_domain() -> None:
    table = typos()
    assert all(table[slip].endswith(".com") for slip in SLIPS.split())
    assert not table.keys() & set(HONEST.split())
    assert Hints().problems == ()
