"""Mail servers: the twin in memory and the real one keep the same promises; every answer of a server is understood."""

from __future__ import annotations

import email
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from services.notify.adapters.imap import ImapMailbox
from services.notify.adapters.memory import MemoryPost
from services.notify.adapters.paper import Paper
from services.notify.adapters.smtp import SmtpPost
from services.notify.domain.ports import AnswerLost, Declined, Parcel, Post
from shared.trouble import Away
from tests.conftest import setting
from tests.notify.given import NOW, a_letter, the_campaign
from tests.notify.smtp_server import Script, ScriptedServer

PAPER = Paper(public_url="https://huodong.example.cn", sender="jsyxmoe@zhengji.example")


def a_parcel(recipient: str = "") -> Parcel:
    letter = a_letter("receipt", email=recipient or f"wang-{uuid.uuid4().hex[:8]}@school.example")
    letter.values["title"] = ".一行以点开头的标题"
    return PAPER.parcel(letter, campaign=the_campaign(), at=NOW, code="")


def smtp(port: int, host: str = "127.0.0.1") -> SmtpPost:
    return SmtpPost(host=host, port=port, user="", password="", security="none")


@pytest.fixture(params=["memory", "greenmail"])
def post(request: pytest.FixtureRequest) -> Iterator[Post]:
    """The mail server: what is promised of it holds for both."""
    if request.param == "memory":
        yield MemoryPost()
        return
    real = smtp(int(setting("SMTP_PORT")), setting("SMTP_HOST"))
    yield real
    real.close()


def arrived(post: Post, parcel: Parcel) -> list[bytes]:
    """What lies in the recipient's mailbox."""
    if isinstance(post, MemoryPost):
        return [taken.content for taken in post.taken if taken.recipient == parcel.recipient]
    box = ImapMailbox(
        host=setting("IMAP_HOST"),
        port=int(setting("IMAP_PORT")),
        user=parcel.recipient,
        password="any",
        secure=False,
    )
    with box.open() as opened:
        found = [opened.fetch(uid, most=10**6) for uid in opened.unseen()]
    return [each.raw for each in found if each is not None]


def test_a_letter_arrives_as_it_was_written(post: Post) -> None:
    parcel = a_parcel()
    post.send(parcel)
    (raw,) = arrived(post, parcel)
    sent, got = email.message_from_bytes(parcel.content), email.message_from_bytes(raw)
    assert got["Message-ID"] == parcel.message_id
    assert [part.get_payload(decode=True) for part in got.walk() if not part.is_multipart()] == [
        part.get_payload(decode=True) for part in sent.walk() if not part.is_multipart()
    ]


def test_several_letters_go_one_after_the_other(post: Post) -> None:
    parcels = [a_parcel() for _ in range(3)]
    for parcel in parcels:
        post.send(parcel)
    assert [len(arrived(post, parcel)) for parcel in parcels] == [1, 1, 1]
    post.ping()


def test_an_address_no_server_takes_is_declined_for_good(post: Post) -> None:
    with pytest.raises(Declined) as declined:
        post.send(a_parcel("王芳@school.example"))
    assert declined.value.code == 553


# Answers, from a server that says what it is told


@contextmanager
def scripted(**answers: list[str]) -> Iterator[tuple[SmtpPost, Script]]:
    script = Script({name.replace("end", "."): list(each) for name, each in answers.items()})
    with ScriptedServer(script) as server:
        post = smtp(server.port)
        yield post, script
        post.close()


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ({"RCPT": ["550 no such user"]}, 550),
        ({"RCPT": ["450 greylisted"]}, 450),
        ({"RCPT": ["550 Domain frequency limited"]}, 550),
        ({"MAIL": ["450 MI:DMC slow down"]}, 450),
        ({"MAIL": ["550 Ip frequency limited"]}, 550),
        ({"DATA": ["451 later"]}, 451),
        ({"end": ["554 DT:SPM spam"]}, 554),
        ({"end": ["421 HL:IFC"]}, 421),
    ],
)
def test_a_no_is_declined_and_the_next_letter_goes(answers: dict[str, list[str]], code: int) -> None:
    with scripted(**answers) as (post, script):
        with pytest.raises(Declined) as declined:
            post.send(a_parcel())
        assert declined.value.code == code
        post.send(a_parcel())
    assert len(script.taken) >= 1


@pytest.mark.parametrize(
    "answers",
    [
        {"banner": ["cut"]},
        {"EHLO": ["cut"]},
        {"MAIL": ["cut"]},
        {"RCPT": ["cut"]},
        {"DATA": ["cut"]},
        {"banner": ["554 no service"]},
        {"MAIL": ["553 MI:SPF your address is not yours"]},
    ],
)
def test_before_the_data_goes_out_a_cut_is_the_server_being_away(answers: dict[str, list[str]]) -> None:
    with scripted(**answers) as (post, script):
        with pytest.raises(Away):
            post.send(a_parcel())
        assert script.taken == []
        post.send(a_parcel())
    assert len(script.taken) == 1


def test_a_cut_instead_of_the_answer_leaves_it_open_whether_the_letter_arrived() -> None:
    with scripted(end=["cut"]) as (post, script):
        with pytest.raises(AnswerLost):
            post.send(a_parcel())
        assert len(script.taken) == 1


def test_nobody_there_is_away() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        post = smtp(held.getsockname()[1])
        with pytest.raises(Away):
            post.send(a_parcel())
        with pytest.raises(Away):
            post.ping()


def test_one_connection_serves_many_letters_and_a_stale_one_is_replaced() -> None:
    with scripted() as (post, script):
        post.send(a_parcel())
        post.send(a_parcel())
        assert script.connections == 1
        script.answers["RSET"] = ["cut"]
        post.send(a_parcel())
        assert script.connections == 2
    assert len(script.taken) == 3


def test_lines_that_begin_with_a_dot_survive() -> None:
    parcel = a_parcel()
    parcel = Parcel(parcel.sender, parcel.recipient, parcel.message_id, b"Subject: x\r\n\r\n.\r\n..two\r\nend\r\n")
    with scripted() as (post, script):
        post.send(parcel)
    assert script.taken == [b"Subject: x\r\n\r\n..\r\n...two\r\nend"]
