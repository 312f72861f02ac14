"""*Verwaltung*: keeping house. Its first page leads to the others that the user may open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost import Texts
from serienpost_web.pages import (
    account_list,
    journal,
    mailing_list,
    own_password,
    person_data,
    retention,
    suppression_list,
    template_texts,
    users,
)
from serienpost_web.table import Route, Shown

if TYPE_CHECKING:
    from serienpost_web.table import Answer, Asked, Entry

_ = Texts(__name__)

# The pages of *Verwaltung*, in the order in which the first one names them. A new page is its name
# here, and its routes in the table.
ENTRIES: tuple[Entry, ...] = (
    own_password.ENTRY,
    template_texts.ENTRY,
    mailing_list.ENTRY,
    account_list.ENTRY,
    suppression_list.ENTRY,
    users.ENTRY,
    journal.ENTRY,
    retention.ENTRY,
    person_data.ENTRY,
)


def administration(asked: Asked) -> Answer:
    """What can be done here, with one sentence each."""
    shown = [one for one in ENTRIES if asked.user.may(one.route.needs)]
    return Shown("administration", {"entries": shown})


ROUTES = (Route("/verwaltung", administration, "read", tab=_("Administration")),)
