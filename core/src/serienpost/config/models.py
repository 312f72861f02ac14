"""The core's keys of `serienpost.yaml`."""

from __future__ import annotations

import re
from datetime import time, timedelta
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    PrivateAttr,
    SerializeAsAny,
)

from serienpost.config.layers import stamps_of
from serienpost.config.literal_secrets import masked
from serienpost.config.uploads import UPLOADS
from serienpost.contracts.accounts import AccountSettings  # noqa: TC001  # models need types
from serienpost.contracts.durations import Duration  # noqa: TC001
from serienpost.contracts.kinds import Address
from serienpost.contracts.practice import PracticeInfo, Signature  # noqa: TC001
from serienpost.contracts.strict import StrictModel
from serienpost.kinds.email import EmailKind
from serienpost.translation import Texts, languages, offered

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from serienpost.config.layers import Layers

_ = Texts(__name__)

# Why a practice writes; `purposes:` adds its own.
BUILT_IN_PURPOSES = (
    "appointment",
    "recall",
    "birthday",
    "event",
    "information",
    "survey",
    "marketing",
)

# What "Kontakt erlaubt" in the master data allows unless `consent.flags_purposes` says else.
FLAG_PURPOSES = ("appointment", "recall", "birthday", "event", "information")

# The entry of `consent.require` for every purpose that has none of its own.
DEFAULT = "default"

_NAME = re.compile(r"[A-Za-z0-9_-]+\Z")
_QUIET = re.compile(r"([0-2][0-9]:[0-5][0-9]) ?- ?([0-2][0-9]:[0-5][0-9])\Z")


def is_name(value: str) -> bool:
    """Whether an account, signature or purpose may be called so."""
    return bool(_NAME.match(value))


def _name(value: str) -> str:
    if not is_name(value):
        raise ValueError(_("use only letters, digits, _ and - in a name"))
    return value


def _language(value: str) -> str:
    found = offered(value)
    if found is None:
        raise ValueError(_("there is no such language; one of {names}", names=list(languages())))
    return found


def _quiet_hours(value: str) -> str:
    found = _QUIET.match(value)
    try:
        times = [time.fromisoformat(part) for part in found.groups()] if found else []
    except ValueError:
        times = []
    if len(set(times)) < 2:
        raise ValueError(_('write quiet hours as in "20:00-08:00"'))
    return value


def _own_folder(value: str) -> str:
    parts = PurePosixPath(value).parts
    if (
        not parts
        or parts[0].casefold() in _TAKEN
        or any(part.startswith((".", "/")) for part in parts)
    ):
        raise ValueError(
            _("name a folder in the practice folder that holds nothing but attachments")
        )
    return "/".join(parts)


def _own_address(value: str) -> str:
    found = EmailKind().address({"email": value})
    if isinstance(found, Address):
        return found.value
    raise ValueError(_("must be one e-mail address, as in praxis@example.org"))


def _one_or_several(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _by_purpose(value: object) -> object:
    return {DEFAULT: value} if isinstance(value, list) else value


MOST_WORKERS = 64

# Processes of one command that deliver a run.
Workers: TypeAlias = Literal["auto"] | Annotated[int, Field(ge=1, le=MOST_WORKERS)]

# Folders of a practice that are not for attachments.
_TAKEN = ("mailings", "templates", "vorschau", UPLOADS)

# A name that users give: letters, digits, `_`, `-`.
Name = Annotated[str, AfterValidator(_name)]


class ConsentConfig(StrictModel):
    """Which evidence is needed before anybody is written to."""

    require: Annotated[dict[str, list[str]], BeforeValidator(_by_purpose)] = Field(
        default={DEFAULT: []},
        description="Checks that must each say yes: a list, or a map of purpose to list with"
        " `default`.",
        examples=[{"default": [], "marketing": ["register"]}],
    )
    override: bool = Field(
        default=False, description="Whether a person may override a refusal, with a reason."
    )
    flags_purposes: list[str] = Field(
        default=list(FLAG_PURPOSES),
        description="Purposes that a yes in the master data allows.",
    )

    def required(self, purpose: str) -> tuple[str, ...]:
        """The checks that must allow a message of this purpose."""
        return tuple(self.require.get(purpose, self.require.get(DEFAULT, [])))


class Retention(StrictModel):
    """How long the ledger keeps what."""

    values: Duration = Field(
        default=timedelta(days=90),
        description="Values and addresses of finished runs.",
    )
    unapproved: Duration = Field(
        default=timedelta(days=7), description="Runs that were never approved."
    )
    messages: Duration = Field(
        default=timedelta(days=3 * 365),
        description="Records of messages; three years is the regular limitation period"
        " (§ 195 BGB).",
    )


class Notify(StrictModel):
    """Who is told by mail when something fails that runs unattended."""

    account: Name = Field(
        description="The account of kind e-mail that sends these mails.", examples=["mail"]
    )
    to: Annotated[
        list[Annotated[str, AfterValidator(_own_address)]],
        BeforeValidator(_one_or_several),
        Field(min_length=1),
    ] = Field(
        description="The practice's own address, or a list of them.",
        examples=["praxis@example.org"],
    )


class PracticeConfig(StrictModel):
    """A checked `serienpost.yaml`, the policies merged in."""

    practice: PracticeInfo = Field(description="Who writes.")
    language: Annotated[str, AfterValidator(_language)] = Field(
        default="de",
        description="Language of reports and of commands that run by themselves.",
        examples=["en"],
    )
    ledger: Annotated[str, Field(min_length=1)] = Field(
        default="sqlite:///versandbuch.db",
        description="URL of the ledger; a relative SQLite file lies in the practice folder.",
        examples=["postgresql://post:${secret:LEDGER_PASSWORD}@db/versandbuch"],
    )
    checkpoint: Annotated[str, Field(min_length=1)] | None = Field(
        default=None,
        description="A second file, on another disk, that says how far a SQLite ledger was; each"
        " ledger needs one of its own. An older copy of the ledger that is put back is noticed by"
        " it.",
        examples=["/mnt/sicherung/versandbuch.mark"],
    )
    plugins: list[str] = Field(
        default=[], description="Distributions that are loaded; no others are."
    )
    consent: ConsentConfig = Field(
        default=ConsentConfig(), description="Which evidence is needed to write to somebody."
    )
    secrets: list[str] = Field(
        default=["env", "credentials"], description="Stores of secrets, in the order of asking."
    )
    quiet: dict[str, Annotated[str, AfterValidator(_quiet_hours)]] = Field(
        default={},
        description="Per kind, hours in which nothing leaves, in practice time.",
        examples=[{"sms": "20:00-08:00"}],
    )
    dispatcher: str = Field(default="local", description="What wakes workers.")
    workers: Workers = Field(
        default="auto",
        description="Processes that deliver a run which one command sends, 1 to 64; `auto`: one per"
        " core, fewer where a run is small or its rate is the limit.",
        examples=[4],
    )
    accounts: dict[Name, SerializeAsAny[AccountSettings]] = Field(
        default={}, description="Senders, each of one channel; further keys belong to the channel."
    )
    notify: Notify | None = Field(
        default=None,
        description="Who is told by mail when something fails that runs unattended.",
        examples=[{"account": "mail", "to": "praxis@example.org"}],
    )
    signatures: dict[Name, Signature] = Field(default={}, description="Who may sign.")
    retention: Retention = Field(default=Retention(), description="How long the ledger keeps what.")
    purposes: list[Name] = Field(
        default=[], description="The practice's own purposes beside the built-in ones."
    )
    attachments_folder: Annotated[str, AfterValidator(_own_folder)] = Field(
        default="anhaenge",
        description="Folder in the practice folder that attachments come from, no others.",
        examples=["anlagen"],
    )
    appointment_types_harmless: list[str] = Field(
        default=[],
        description="Types of appointment that may stand in an SMS or a subject.",
    )
    claimed: dict[str, SerializeAsAny[BaseModel]] = Field(
        default={}, description="Checked values of the keys that plugins claim."
    )
    _layers: Layers | None = PrivateAttr(default=None)

    def purposes_known(self) -> tuple[str, ...]:
        """The built-in purposes and the practice's own."""
        return (*BUILT_IN_PURPOSES, *self.purposes)

    def place(self, key: str) -> tuple[str | None, int | None]:
        """File and line that a dotted key comes from; (None, None) for a default."""
        return self._layers.place(key) if self._layers else (None, None)

    def files(self) -> tuple[str, ...]:
        """The files that this was read from."""
        return self._layers.files if self._layers else ()

    def demands(self) -> dict[str, Any]:
        """What the policies demand: each locked key with its value, the required plugins."""
        return self._layers.demands() if self._layers else {}

    def is_outdated(self, folder: Path) -> bool:
        """Whether the files that this was read from were written anew since."""
        return self._layers is not None and self._layers.stamps != stamps_of(folder)

    def read_from(self, layers: Layers) -> PracticeConfig:
        """Remember the files, so that later checks can say where a key stands."""
        self._layers = layers
        return self


# The top-level keys of `serienpost.yaml` that belong to the core.
CORE_KEYS = tuple(name for name in PracticeConfig.model_fields if name != "claimed")


def is_shared(ledger: str) -> bool:
    """Whether this ledger URL means a database that several practices may share."""
    return not ledger.startswith("sqlite")


def plain_values(config: PracticeConfig) -> dict[str, Any]:
    """The configuration as plain values; of secrets only the references."""
    return {
        **config.model_dump(mode="json", exclude={"claimed"}),
        **{key: value.model_dump(mode="json") for key, value in config.claimed.items()},
    }


def leaves(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted keys with their values; lists and empty maps are values."""
    for key, value in values.items():
        dotted = f"{above}.{key}" if above else key
        if isinstance(value, dict) and value:
            yield from leaves(value, dotted)
        else:
            yield dotted, value


def shown_values(config: PracticeConfig) -> dict[str, Any]:
    """The configuration as it may be shown: without secrets."""
    values: dict[str, Any] = masked(plain_values(config))
    return values
