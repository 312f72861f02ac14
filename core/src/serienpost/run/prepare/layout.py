"""What a channel sets around the text: macros, and files that are frozen with the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from serienpost.contracts.channels import HasLayout
from serienpost.errors import ConfigError, Problem
from serienpost.translation import Texts

if TYPE_CHECKING:
    from serienpost.context import PracticeContext
    from serienpost.contracts.accounts import AccountSettings
    from serienpost.contracts.channels import Channel

_ = Texts(__name__)

# Prefix of frozen files that the channel sets around the text.
LAYOUT = "layout/"

# Name under which a channel finds the image of the signature, with the file's suffix.
SIGNATURE = "signature"

# Bytes of that image.
_LARGEST = 10_000_000


def layout_files(
    context: PracticeContext, channel: Channel[Any], account: AccountSettings, signature: str | None
) -> dict[str, bytes]:
    """The files around the text, to be frozen with the run.

    Args:
        context: the practice.
        channel: the channel.
        account: its account.
        signature: the file with the signature's image, relative to the practice folder.

    Raises:
        SerienpostError: a file is missing.
    """
    if not isinstance(channel, HasLayout):
        return {}
    answered = partial(context.registry.answered, "channels", channel.name, "files")
    made: Mapping[str, object] = answered(_own_files(context, channel, account), Mapping)
    found: dict[str, bytes] = {name: answered(data, bytes) for name, data in made.items()}
    if signature:
        path = context.path(signature)
        if not path.is_file():
            raise ConfigError(
                Problem(
                    _("the image of the signature {file} is not a file", file=signature),
                    _("a path starts at the practice folder"),
                )
            )
        with path.open("rb") as file:
            image = file.read(_LARGEST + 1)
        if len(image) > _LARGEST:
            message = _(
                "the image of the signature {file} is larger than {size} MB",
                file=signature,
                size=_LARGEST // 1_000_000,
            )
            raise ConfigError(Problem(message, _("make it smaller")))
        found[SIGNATURE + path.suffix.lower()] = image
    return {LAYOUT + name: data for name, data in found.items()}


def _own_files(
    context: PracticeContext, channel: HasLayout[Any], account: AccountSettings
) -> Mapping[str, bytes]:
    """What the channel gives; what it says against the account's keys is told where they stand."""
    try:
        return channel.files(context, account)
    except ConfigError as error:
        raise ConfigError(*(located(context, account, one) for one in error.problems)) from error


def located(context: PracticeContext, account: AccountSettings, problem: Problem) -> Problem:
    """What a channel says against a key of its account or of the practice, told where that
    stands; of a key that is not written, where the account begins."""
    names = [name for name, one in context.config.accounts.items() if one is account]
    if not names or not problem.key or problem.file:
        return problem
    home = f"accounts.{names[0]}"
    is_practice = problem.key.startswith("practice.")
    key = problem.key if is_practice else f"{home}.{problem.key}"
    file, line = context.config.place(key)
    if file is None:
        file, line = context.config.place(home)
    return replace(problem, file=file, line=line, key=key)


def frozen_files(assets: Mapping[str, bytes]) -> dict[str, bytes]:
    """The frozen files by the names that the channel gave them."""
    return {
        name.removeprefix(LAYOUT): data for name, data in assets.items() if name.startswith(LAYOUT)
    }
