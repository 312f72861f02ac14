"""The pages of the desk. A new page is a module here that lists its routes, and a name below."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost_web.pages import (
    account_list,
    administration,
    blocked,
    choice,
    draft,
    draft_count,
    drafts,
    enclosed,
    entrance,
    hits,
    journal,
    mailing_list,
    overview,
    own_password,
    people,
    person_data,
    preview,
    release,
    retention,
    run,
    selection,
    suppression_list,
    task,
    template_texts,
    users,
)

if TYPE_CHECKING:
    from serienpost_web.table import Route

# The table of rights: every route of the desk, with the right that it needs.
ROUTES: tuple[Route, ...] = (
    *entrance.ROUTES,
    *overview.ROUTES,
    *drafts.ROUTES,
    *draft.ROUTES,
    *draft_count.ROUTES,
    *task.ROUTES,
    *choice.ROUTES,
    *selection.ROUTES,
    *hits.ROUTES,
    *run.ROUTES,
    *preview.ROUTES,
    *enclosed.ROUTES,
    *release.ROUTES,
    *blocked.ROUTES,
    *people.ROUTES,
    *administration.ROUTES,
    *own_password.ROUTES,
    *suppression_list.ROUTES,
    *users.ROUTES,
    *journal.ROUTES,
    *retention.ROUTES,
    *person_data.ROUTES,
    *template_texts.ROUTES,
    *account_list.ROUTES,
    *mailing_list.ROUTES,
)
