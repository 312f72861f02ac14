"""Letters of a made-up practice, laid out by real worker processes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from serienpost import Content, Draft, MacroSetting, Message, Refused, Signature
from serienpost_channel_letter.account import LetterAccount
from serienpost_channel_letter.channel import LetterChannel
from serienpost_testkit.contexts import MakeContext

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from serienpost import PracticeContext

_ADDRESS = "Frau\nDr. Erika Mustermann\nHinterhaus\nLindenweg 7\n01099 Dresden"
_SENTENCE = (
    "Wir möchten Sie herzlich daran erinnern, dass die jährliche Vorsorge Ihrer Gesundheit dient. "
)


@dataclass
class Writer:
    """Writes letters with one account."""

    context: PracticeContext
    address: str = _ADDRESS
    sentence: str = _SENTENCE
    channel: LetterChannel = field(default_factory=LetterChannel)
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def pages(self) -> str:
        """Text of two pages."""
        return f"<p>{self.sentence * 6}</p>" * 8

    @property
    def account(self) -> LetterAccount:
        return LetterAccount.model_validate({"channel": "letter", "processes": 1, **self.settings})

    def draft(self, **changes: Any) -> Draft:  # noqa: ANN401
        """An ordinary draft."""
        practice = self.context.practice
        signature = Signature(name="Dr. Sonja Sonnenschein", text="Fachärztin")
        plain = Draft(
            kind="letter",
            language="de",
            address="Lindenweg 7\n01099 Dresden",
            subject="Ihre Vorsorge",
            text=self.sentence,
            html=f"<p>{self.sentence}</p>",
            values={
                "Anschrift": self.address,
                "Briefanrede": "Sehr geehrte Frau Dr. Mustermann,",
                "Datum_lang": "2. März 2026",
            },
            setting=MacroSetting(
                practice, signature, "letter", "de", date(2026, 3, 2), ZoneInfo("Europe/Berlin")
            ),
        )
        return replace(plain, **changes)

    def content(self, **changes: Any) -> Content:  # noqa: ANN401
        """What becomes of a draft."""
        content = self.channel.compose(self.context, self.account, self.draft(**changes))
        assert isinstance(content, Content), content
        return content

    def refused(self, **changes: Any) -> Refused:  # noqa: ANN401
        """Why a draft is refused."""
        answer = self.channel.compose(self.context, self.account, self.draft(**changes))
        assert isinstance(answer, Refused)
        return answer

    def forecast(self, *contents: Content) -> list[Any]:
        """What the letters cost, or why they would not be printed."""
        return list(self.channel.forecast(self.context, self.account, contents))

    def pdf(self, content: Content, *, is_test: bool = False) -> bytes:
        """The letter's file."""
        message = Message("T00000000001", "run-1", 1, content, is_test=is_test)
        return self.channel.preview(self.account, message)[".pdf"]


@pytest.fixture
def context(tmp_path: Path) -> Iterator[PracticeContext]:
    with MakeContext(tmp_path) as make:
        yield make()


@pytest.fixture
def writer_of(context: PracticeContext) -> Callable[..., Writer]:
    def make(**settings: object) -> Writer:
        return Writer(context, settings=settings)

    return make


@pytest.fixture
def writer(writer_of: Callable[..., Writer]) -> Writer:
    return writer_of()
