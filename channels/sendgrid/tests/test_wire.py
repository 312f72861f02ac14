"""Each answer of SendGrid, and the outcomes that follow."""

import json
import socket
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from serienpost import (
    Accepted,
    AccountProblem,
    Attachment,
    Deferred,
    Message,
    Outcome,
    QuotaReached,
    Rejected,
    Unknown,
)
from serienpost_demo.sendgrid import FakeSendGrid, Fault

pytestmark = pytest.mark.timeout(60)

Deliver = Callable[..., tuple[list[int], list[Outcome]]]
Make = Callable[..., list[Message]]

GONE = "the server closed the connection without an answer"


def people(count: int) -> list[str]:
    return [f"person{number}@example.org" for number in range(count)]


def kinds(outcomes: list[Outcome]) -> Counter[str]:
    return Counter(type(outcome).__name__ for outcome in outcomes)


def sends(fake: FakeSendGrid) -> int:
    return sum(request.path == "/v3/mail/send" for request in fake.requests)


def test_a_batch_goes_in_one_request(fake: FakeSendGrid, deliver: Deliver, messages: Make) -> None:
    sizes, outcomes = deliver(messages(*people(1000)))
    assert sizes == [1000]
    assert kinds(outcomes) == {"Accepted": 1000}
    assert len({outcome.ref for outcome in outcomes}) == 1, "one X-Message-Id per request"
    assert [mail.subject for mail in fake.mails] == [f"Person {n}" for n in range(1000)]
    assert [mail.ref for mail in fake.mails] == [f"REF{n:09d}" for n in range(1000)]


def test_families_at_one_address_all_get_their_own(
    fake: FakeSendGrid, deliver: Deliver, messages: Make
) -> None:
    addresses = [f"Familie{number // 5}@example.org" for number in range(500)]
    addresses[1] = addresses[1].lower()
    made = messages(*addresses)
    sizes, outcomes = deliver(made)
    assert sizes == [100] * 5
    assert kinds(outcomes) == {"Accepted": 500}
    got = {mail.ref: (mail.to, mail.subject) for mail in fake.mails}
    assert got == {m.ref: (m.content.address, f"Person {m.position}") for m in made}
    for number in range(5):
        to = [mail.to.casefold() for mail in fake.mails if mail.request == number]
        assert len(set(to)) == len(to)


def test_rendered_texts_and_attachments_go_alone(
    fake: FakeSendGrid, deliver: Deliver, messages: Make, rendered: Make
) -> None:
    sizes, outcomes = deliver(rendered(*people(3)))
    assert (sizes, kinds(outcomes)) == ([1, 1, 1], {"Accepted": 3})
    assert [mail.text for mail in fake.mails] == ["Text 0", "Text 1", "Text 2"]
    plan = Attachment("plan.pdf", "application/pdf", b"%PDF-1.7")
    made = messages(*people(3))
    made[1] = replace(made[1], content=replace(made[1].content, attachments=(plan,)))
    sizes, _ = deliver(made)
    assert sizes == [2, 1]
    assert [mail.attachments for mail in fake.mails[3:]] == [(), (), (("plan.pdf", b"%PDF-1.7"),)]


def test_a_request_stays_below_30_mb(fake: FakeSendGrid, deliver: Deliver, messages: Make) -> None:
    made = messages(*people(40))
    for number, message in enumerate(made):
        template = message.content.template
        assert template
        big = replace(template, data={"Vorname": "x" * 200_000})
        made[number] = replace(message, content=replace(message.content, template=big))
    sizes, outcomes = deliver(made)
    assert len(sizes) > 1
    assert kinds(outcomes) == {"Accepted": 40}
    assert max(len(request.body) for request in fake.requests) < 30_000_000


def test_named_ones_fail_and_the_rest_is_sent(
    fake: FakeSendGrid, deliver: Deliver, messages: Make
) -> None:
    fake.script.refuse("person3@*")
    fake.script.refuse("person7@*")
    _, outcomes = deliver(messages(*people(10)))
    assert kinds(outcomes) == {"Accepted": 8, "Rejected": 2}
    for number in (3, 7):
        refused = outcomes[number]
        assert isinstance(refused, Rejected)
        assert (refused.code, refused.scope) == ("400", "address")
    assert sorted(mail.to for mail in fake.mails) == sorted(
        address for address in people(10) if address[6] not in "37"
    )
    assert sends(fake) == 3


def test_several_indexes_in_one_answer(
    fake: FakeSendGrid, deliver: Deliver, messages: Make
) -> None:
    made = messages(*people(6))
    for number in (1, 4):
        broken = replace(made[number].content, address=f"kein.{number}")
        made[number] = replace(made[number], content=broken)
    _, outcomes = deliver(made)
    assert [type(outcome).__name__ for outcome in outcomes] == [
        *("Accepted", "Rejected", "Accepted", "Accepted", "Rejected", "Accepted")
    ]
    assert sends(fake) == 2
    assert [field for _, field in fake.refused] == [
        "personalizations.1.to.0.email",
        "personalizations.4.to.0.email",
    ]
    fake.refused.clear()


def test_without_an_index_the_culprit_is_found_by_halving(
    fake: FakeSendGrid, deliver: Deliver, messages: Make
) -> None:
    fake.script.add(Fault(400, "Bad Request", "null", "person611@*", times=None))
    _, outcomes = deliver(messages(*people(1000)))
    assert kinds(outcomes) == {"Accepted": 999, "Rejected": 1}
    assert isinstance(outcomes[611], Rejected)
    assert Counter(mail.to for mail in fake.mails).most_common(1)[0][1] == 1
    assert len(fake.mails) == 999
    assert sends(fake) < 25


def test_everybody_refused_alike_leaves_the_rest_untried(
    fake: FakeSendGrid, deliver: Deliver, messages: Make
) -> None:
    fake.script.add(Fault(400, "Bad Request", None, times=None))
    _, outcomes = deliver(messages(*people(200)))
    assert kinds(outcomes) == {"Rejected": 5, "Deferred": 195}
    assert fake.mails == []


@pytest.mark.parametrize("field", ["from.email", "template_id", "reply_to", "asm.group_id"])
def test_what_concerns_everybody_is_a_problem_of_the_account(
    fake: FakeSendGrid, deliver: Deliver, messages: Make, field: str
) -> None:
    fake.script.add(Fault(400, "is not valid", field))
    _, outcomes = deliver(messages(*people(5)))
    assert kinds(outcomes) == {"AccountProblem": 5}
    assert sends(fake) == 1


@pytest.mark.parametrize("status", [401, 403, 404, 405, 301])
def test_account_problems(
    fake: FakeSendGrid, deliver: Deliver, messages: Make, status: int
) -> None:
    fake.script.add(Fault(status, "access denied for praxis@example.org"))
    _, outcomes = deliver(messages(*people(5)))
    assert outcomes == [AccountProblem(str(status), "access denied for …")] * 5
    assert fake.mails == []


def test_a_wrong_key_and_an_unverified_sender(
    fake: FakeSendGrid, deliver: Deliver, messages: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.senders = frozenset({"andere@example.org"})
    _, outcomes = deliver(messages(*people(2)))
    assert isinstance(outcomes[0], AccountProblem)
    assert "verified Sender" in outcomes[0].text
    monkeypatch.setenv("MAIL_SENDGRID_API", "SG.alt")
    _, outcomes = deliver(messages(*people(2)))
    assert outcomes == [AccountProblem("401", "The provided authorization grant is invalid")] * 2
    assert fake.mails == []


def test_credits_used_up(fake: FakeSendGrid, deliver: Deliver, messages: Make) -> None:
    fake.script.add(Fault(401, "Maximum credits exceeded"))
    _, outcomes = deliver(messages(*people(2)))
    assert outcomes == [QuotaReached("credits", "Maximum credits exceeded")] * 2


def test_too_large_is_split(fake: FakeSendGrid, deliver: Deliver, messages: Make) -> None:
    fake.script.add(Fault(413, "too large"), Fault(413, "too large"))
    _, outcomes = deliver(messages(*people(8)))
    assert kinds(outcomes) == {"Accepted": 8}
    assert sends(fake) == 5
    assert Counter(mail.request for mail in fake.mails) == {0: 2, 1: 2, 2: 4}
    fake.script.add(Fault(413, "too large"))
    _, outcomes = deliver(messages("allein@example.org"))
    assert outcomes == [Rejected("too_large", "too large", scope="message")]


def test_a_short_limit_defers_until_its_end(
    fake: FakeSendGrid, deliver: Deliver, messages: Make
) -> None:
    fake.script.add(Fault(429, "too many requests", reset=30))
    _, (outcome,) = deliver(messages("a@example.org"))
    assert isinstance(outcome, Deferred)
    assert outcome.code == "429"
    assert 25 < (outcome.retry_after or 0) <= 31
    assert not outcome.connection


def test_a_long_limit_pauses_until_its_end(
    fake: FakeSendGrid, deliver: Deliver, messages: Make
) -> None:
    fake.script.add(Fault(429, "too many requests", reset=3600))
    _, (outcome,) = deliver(messages("a@example.org"))
    assert isinstance(outcome, QuotaReached)
    assert outcome.until
    assert abs(outcome.until - datetime.now(UTC) - timedelta(hours=1)) < timedelta(seconds=10)


def test_other_calls_wait_for_the_end_of_a_limit(
    fake: FakeSendGrid, deliver: Deliver, rendered: Make
) -> None:
    fake.rate = 3
    _, outcomes = deliver(rendered(*people(5)))
    found = [type(outcome).__name__ for outcome in outcomes]
    assert found == ["Accepted", "Accepted", "Accepted", "Deferred", "Accepted"]
    assert len(fake.mails) == 4


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (Fault(503, "unavailable"), Deferred("503", "unavailable")),
        (Fault(503, headers={"Retry-After": "7"}), Deferred("503", "HTTP 503", 7.0)),
        (Fault(503), Unknown("reply", "HTTP 503")),
        (Fault(500, "internal"), Unknown("reply", "internal")),
        (Fault(502), Unknown("reply", "HTTP 502")),
        (Fault(504), Unknown("reply", "HTTP 504")),
        (
            Fault(202, lost=True),
            Unknown("reply", "the server closed the connection without an answer"),
        ),
        (Fault(200, headers={"X-Message-Id": "x"}), Unknown("reply", "HTTP 200")),
        (Fault(418, "teapot"), AccountProblem("418", "teapot")),
    ],
)
def test_answers_by_stage(
    fake: FakeSendGrid, deliver: Deliver, messages: Make, fault: Fault, outcome: Outcome
) -> None:
    fake.script.add(fault)
    _, outcomes = deliver(messages(*people(3)))
    assert outcomes == [outcome] * 3
    assert sends(fake) == 1, "what may have been accepted is not sent again"
    assert len(fake.mails) == (3 if fault.lost else 0)


def test_no_answer_in_time_after_acceptance(
    fake: FakeSendGrid, deliver: Deliver, messages: Make
) -> None:
    fake.script.add(Fault(202, delay=2))
    _, outcomes = deliver(messages("a@example.org"), timeout=0.2)
    assert outcomes == [Unknown("reply", "no answer in time")]
    assert len(fake.mails) == 1


def test_a_lost_answer_in_the_middle_ends_the_call(
    fake: FakeSendGrid, deliver: Deliver, messages: Make
) -> None:
    fake.script.add(Fault(413, "too large"), Fault(202, lost=True))
    _, outcomes = deliver(messages(*people(4)))
    assert kinds(outcomes) == {"Unknown": 2, "Deferred": 2}
    assert {mail.to for mail in fake.mails} == {"person0@example.org", "person1@example.org"}


def unanswered(server: str, why: str) -> Deferred:
    said = f"the server at {server} does not answer: {why} (start it, or correct base_url)"
    return Deferred("connection", said, connection=True)


def test_nobody_there_is_certain(deliver: Deliver, messages: Make) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    _, outcomes = deliver(messages("a@example.org"), base_url=f"http://127.0.0.1:{port}")
    assert outcomes == [unanswered(f"127.0.0.1:{port}", "connection refused")]


@pytest.mark.parametrize("direct", ["", "localhost"])
def test_the_proxy_of_the_environment_is_used_unless_it_excepts_the_host(
    deliver: Deliver, messages: Make, monkeypatch: pytest.MonkeyPatch, direct: str
) -> None:
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as proxy, socket.create_server(("", 0)) as closed:
        port = closed.getsockname()[1]
        closed.close()
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.getsockname()[1]}")
        monkeypatch.setenv("no_proxy", direct)

        def refuse() -> None:
            connection, _ = proxy.accept()
            asked.append(connection.recv(1000).split(b"\r\n")[0])
            connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            connection.close()

        thread = threading.Thread(target=refuse, daemon=True)
        thread.start()
        _, outcomes = deliver(messages("a@example.org"), base_url=f"https://localhost:{port}")
        if not direct:
            thread.join(10)
    why = "connection refused" if direct else "the proxy of the environment refuses"
    assert outcomes == [unanswered(f"localhost:{port}", why)]
    assert asked == ([] if direct else [f"CONNECT localhost:{port} HTTP/1.1".encode()])


def test_sandbox_checks_and_sends_nothing(
    fake: FakeSendGrid, deliver: Deliver, messages: Make
) -> None:
    _, (outcome,) = deliver(messages("a@example.org"), sandbox=True)
    assert isinstance(outcome, Accepted)
    assert "not sent" in outcome.text
    assert fake.mails == []


def test_nothing_else_is_in_a_request(
    fake: FakeSendGrid, deliver: Deliver, messages: Make, rendered: Make
) -> None:
    deliver(messages("a@example.org"))
    deliver(rendered("a@example.org"), categories=["praxis"], reply_to="antwort@example.org")
    off = {
        "click_tracking": {"enable": False, "enable_text": False},
        "open_tracking": {"enable": False},
        "subscription_tracking": {"enable": False},
        "ganalytics": {"enable": False},
    }
    sender = {"email": "praxis@example.org", "name": "Praxis Dr. Sonnenschein"}
    first, second = (json.loads(request.body) for request in fake.requests)
    assert first == {
        "personalizations": [
            {
                "to": [{"email": "a@example.org"}],
                "custom_args": {"ref": "REF000000000"},
                "dynamic_template_data": {"Vorname": "Person 0"},
            }
        ],
        "from": sender,
        "tracking_settings": off,
        "template_id": fake.templates[0].id,
    }
    assert second == {
        "personalizations": [
            {"to": [{"email": "a@example.org"}], "custom_args": {"ref": "REF000000000"}}
        ],
        "from": sender,
        "reply_to": {"email": "antwort@example.org"},
        "categories": ["praxis"],
        "tracking_settings": off,
        "subject": "Betreff 0",
        "content": [
            {"type": "text/plain", "value": "Text 0"},
            {"type": "text/html", "value": "<p>Text 0</p>"},
        ],
    }
    headers = {name: value for name, value in fake.requests[0].headers.items() if name != "host"}
    assert headers == {
        "accept": "application/json",
        "authorization": "Bearer SG.fake",
        "content-length": str(len(fake.requests[0].body)),
        "content-type": "application/json",
        "user-agent": "serienpost",
    }
