"""What is there for desks alone: people who are chosen, drafts, tasks for workers, users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from serienpost.service.opened import OpenedPractice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date
    from typing import BinaryIO

    from serienpost.run.report.answers import SelectionStatus
    from serienpost.service.account_check import AccountsStatus
    from serienpost.service.balances import Balance
    from serienpost.service.draft import Draft, DraftLine
    from serienpost.service.given_files import UploadedFile
    from serienpost.service.journal import JournalKind, JournalPage
    from serienpost.service.login import LoggedIn, LoginRefused, Session
    from serienpost.service.same_mailing import About, SameMailing
    from serienpost.service.selection import Selection
    from serienpost.service.tasks import Task, TaskStatus, Wish
    from serienpost.service.users import Password, User, UserLine


class DeskPractice(OpenedPractice):
    """What a `Practice` does for a desk. An older ledger, used as it is while a run is open, knows
    nothing of it."""

    def ask(self, what: Wish, *, token: str = "") -> Task:
        """Ask a worker to do something, in the name of whoever opened the practice; returns at
        once. See `ensure_worker` for a worker on this machine.

        Args:
            what: `Prepare` a mailing, `PrepareDraft`, `ReadSelection`, `AskBalances`,
                `CheckAccounts` or `Purge`.
            token: names this one wish; the same one of the same actor with the same token is the
                same task, however often it is asked for (a double click).

        Raises:
            LedgerError: the ledger is an older one, which cannot hold it.
        """
        from serienpost.service.tasks import ask

        return ask(self, what, token=token)

    def task(self, task_id: str) -> Task:
        """The task of this id.

        Raises:
            LedgerError: there is none; those that are over are removed after a week.
        """
        from serienpost.service.tasks import Task

        return Task.find(self, task_id)

    def tasks(self, limit: int = 20) -> list[TaskStatus]:
        """How the tasks stand that were asked for last, the newest first.

        Raises:
            ValueError: the limit is not between 1 and a million.
        """
        from serienpost.service.tasks import tasks

        return tasks(self, limit)

    def balances(self) -> list[Balance]:
        """What each account holds whose provider keeps a balance, as it was said last: nobody is
        asked here. `ask(AskBalances())` lets a worker ask."""
        from serienpost.service.balances import balances

        return balances(self)

    def checked_accounts(self) -> AccountsStatus:
        """The accounts, and what `doctor` found about each when a worker looked last: nobody is
        asked here. `ask(CheckAccounts())` lets a worker look."""
        from serienpost.service.account_check import checked_accounts

        return checked_accounts(self)

    def new_draft(
        self,
        mailing: str | None = None,
        *,
        about: About | None = None,
        continues: str | Literal[False] | None = None,
        keys: Mapping[str, Any] | None = None,
        selection: str | None = None,
        title: str = "",
    ) -> Draft | SameMailing:
        """Begin a mailing as a row of the ledger; nothing is written into `mailings/`.

        Whoever was written to once is known by the mailing's id. So a draft keeps the id of the
        mailing that it starts from; one that starts from nothing gets a new one, and for
        appointments and birthdays somebody must say first whether an existing mailing already
        writes to the same people: a second reminder under an id of its own would reach them twice.

        Args:
            mailing: a file of `mailings/` without its suffix, or a path, whose keys it takes over
                as they are written, without its schedule; None to start from nothing.
            about: what a draft that starts from nothing is for.
            continues: the answer to `SameMailing`: the id of the mailing that it goes on with, or
                False where there is none.
            keys: of a mailing file, as plain JSON; they stand over those of the mailing.
            selection: the selection that it writes to.
            title: what people call it.

        Returns:
            The draft; or the question, where one must be answered first.

        Raises:
            ConfigError: there is no such mailing, something is wrong with it, or a draft may not
                have such keys.
            LedgerError: the ledger is an older one with an open run.
            ValueError: it starts from nothing, and nobody says what it is for.
        """
        from serienpost.service.draft import new_draft

        return new_draft(
            self,
            mailing,
            about=about,
            continues=continues,
            keys=keys,
            selection=selection,
            title=title,
        )

    def drafts(self) -> list[DraftLine]:
        """All drafts, the one that was saved last first."""
        from serienpost.service.draft import all_drafts

        return all_drafts(self)

    def draft(self, draft_id: str, version: int | None = None) -> Draft:
        """The draft of this id.

        Args:
            draft_id: the id.
            version: the one that was looked at; unless given, the newest.

        Raises:
            LedgerError: there is none, or it has another version by now.
        """
        from serienpost.service.draft import find

        return find(self, draft_id, version)

    def new_selection(
        self,
        blocks: Sequence[Mapping[str, Any]],
        *,
        account: str,
        purpose: str,
        due: date | None = None,
        kind: str | None = None,
        order_by: Sequence[str] = (),
        limit: int | None = None,
    ) -> Selection:
        """Ask for people to be chosen before there is a text; nobody is read yet: that does
        `Selection.read`, in this process or another.

        Args:
            blocks: what stands under `select:` of a mailing, each with its `source`.
            account: that will send; its kind of contact says which address people need.
            purpose: why we will write; consent is asked for it.
            due: the date that relative days count from; today unless given.
            kind: of contact; the account must be of it.
            order_by: fields to sort by, `-` before a name: descending.
            limit: rows at most.

        Raises:
            SerienpostError: all that is wrong, as `check` says it of a mailing.
        """
        from serienpost.service.selection import new_selection

        return new_selection(
            self,
            blocks,
            account=account,
            purpose=purpose,
            due=due or self.today(),
            kind=kind,
            order_by=order_by,
            limit=limit,
        )

    def find_people(
        self,
        blocks: Sequence[Mapping[str, Any]],
        *,
        due: date | None = None,
        order_by: Sequence[str] = (),
        limit: int | None = None,
    ) -> Selection:
        """Ask for people to be found, before anybody says how and why they are written to: number,
        name and occasion are read, nothing else, nobody is judged, and nobody is marked. Nothing is
        read yet: that does `Selection.read`, in this process or another; `Selection.check` judges
        those who are marked then.

        Args:
            blocks: what stands under `select:` of a mailing, each with its `source`; the `file` of
                a list may be the `reference` of one that was given by `add_list`.
            due: the date that relative days count from; today unless given.
            order_by: fields to sort by, `-` before a name: descending.
            limit: rows at most.

        Raises:
            SerienpostError: all that is wrong, as `check` says it of a mailing.
            LedgerError: a list that was given is no longer there, or has its selection.
        """
        from serienpost.service.selection import find_people

        return find_people(self, blocks, due=due or self.today(), order_by=order_by, limit=limit)

    def add_list(self, name: str, stream: BinaryIO) -> UploadedFile:
        """Give a list that people are looked for in; its `reference` is the `file` of `find_people`
        or `new_selection`. It belongs to that selection then and is gone with it; one that waits
        for a selection for more than a day is gone with the next `purge`.

        Args:
            name: what whoever gives it calls it; a way to it is left out.
            stream: its bytes, read a piece at a time.

        Raises:
            SerienpostError: it is empty or larger than 20 MB, a workbook that unpacks to more than
                200 MB, or neither .csv nor .xlsx.
        """
        from serienpost.service.selection import add_list

        return add_list(self, name, stream)

    def waiting_list(self, file_id: str) -> UploadedFile:
        """The list of this id, which waits for a selection.

        Raises:
            LedgerError: there is none, or it has its selection.
        """
        from serienpost.service.selection import waiting_list

        return waiting_list(self, file_id)

    def select(
        self,
        blocks: Sequence[Mapping[str, Any]],
        *,
        account: str,
        purpose: str,
        due: date | None = None,
        kind: str | None = None,
        order_by: Sequence[str] = (),
        limit: int | None = None,
        progress: Callable[[int], None] = lambda _: None,
    ) -> Selection:
        """Choose and check people before there is a text: `new_selection`, read at once.

        Args:
            blocks: what stands under `select:` of a mailing, each with its `source`.
            account: that will send; its kind of contact says which address people need.
            purpose: why we will write; consent is asked for it.
            due: the date that relative days count from; today unless given.
            kind: of contact; the account must be of it.
            order_by: fields to sort by, `-` before a name: descending.
            limit: rows at most.
            progress: is called with the number of rows read so far.

        Raises:
            SerienpostError: something is wrong with what is asked; or the source cannot deliver,
                and the selection has failed.
        """
        made = self.new_selection(
            blocks,
            account=account,
            purpose=purpose,
            due=due,
            kind=kind,
            order_by=order_by,
            limit=limit,
        )
        made.read(progress)
        return made

    def selection(self, selection_id: str) -> Selection:
        """The selection of this id.

        Raises:
            LedgerError: there is none.
        """
        from serienpost.service.selection import Selection

        return Selection.find(self, selection_id)

    def selections(self) -> list[SelectionStatus]:
        """How all selections stand, the newest first."""
        from serienpost.service.selection import selections

        return selections(self)

    def users(self) -> list[User]:
        """The users of the desk, by their names.

        Raises:
            LedgerError: the ledger is older than the desk; so do all that follow.
        """
        from serienpost.service.users import users

        return users(self)

    def user(self, user_id: str) -> User:
        """The user of this id.

        Raises:
            LedgerError: there is none.
        """
        from serienpost.service.users import user_of

        return user_of(self, user_id)

    def user_history(self, limit: int = 50) -> list[UserLine]:
        """Who logged in, and who added, changed or removed whom, the newest first. Log-ins are
        removed by `purge` after `retention.values`.

        Raises:
            ValueError: the limit is not between 1 and a million.
        """
        from serienpost.service.users import user_history

        return user_history(self, limit)

    def journal(
        self,
        page: int = 1,
        *,
        size: int = 50,
        kind: JournalKind | None = None,
        user: str | None = None,
    ) -> JournalPage:
        """One page of the journal, the newest entries first.

        Args:
            page: from 1.
            size: entries of a page.
            kind: `log_ins`, `users`, `releases`, `runs`, `people`, `marks`, `addresses`, `removals`
                or `schedules`; without one all but `marks`, of which there are very many.
            user: only what this user did, by an id of `JournalPage.users`.

        Raises:
            ValueError: there is no such page, size or kind.
        """
        from serienpost.service.journal import journal

        return journal(self, page, size, kind, user)

    def add_user(self, name: str, password: Password, rights: Iterable[str] = ()) -> User:
        """Add a user of the desk.

        Args:
            name: one line of at most 64 printable signs without a colon; names that differ in case
                alone are the same.
            password: 12 to 1024 characters, or what asks for it once name and rights are right;
                only its hash is kept.
            rights: values of `Right`; `read` is everybody's.

        Raises:
            ConfigError: the name or the password cannot be taken, or there is no such right.
            LedgerError: there is a user of this name.
        """
        from serienpost.service.users import add_user

        return add_user(self, name, password, rights)

    def change_user(
        self, name: str, *, rights: Iterable[str] | None = None, password: Password | None = None
    ) -> User:
        """Give a user other rights, another password, or both; ends the user's sessions where
        something changes.

        Raises:
            ConfigError: the password cannot be taken, or there is no such right.
            LedgerError: there is no such user, or nobody would administer any more.
        """
        from serienpost.service.users import change_user

        return change_user(self, name, rights, password)

    def remove_user(self, name: str) -> User:
        """Remove a user with all sessions; what the journal says of the user stays.

        Raises:
            LedgerError: there is no such user, or nobody would administer any more.
        """
        from serienpost.service.users import remove_user

        return remove_user(self, name)

    def log_in(
        self, name: str, password: str, origin: str, known: str = ""
    ) -> LoggedIn | LoginRefused:
        """Log a user in at a desk. Takes as long, and answers the same, for names that nobody has.

        Args:
            name: as it was typed.
            password: as it was typed.
            origin: the address that it comes from; tries are counted for each, and for each name.
            known: what the last log in of the same browser gave. Where the same user is known by
                it, tries are counted for this browser alone.
        """
        from serienpost.service.login import log_in

        return log_in(self, name, password, origin, known)

    def session(self, token: str) -> Session | None:
        """Who is logged in with a token; None where nobody is (any more). Looking is no use."""
        from serienpost.service.login import session

        return session(self, token)

    def touch(self, token: str) -> Session | None:
        """As `session`, where a person did something: what is not locked yet locks later. Ten
        seconds count as one moment."""
        from serienpost.service.login import touch

        return touch(self, token)

    def unlock(self, token: str, password: str, origin: str) -> Session | LoginRefused | None:
        """Go on with a locked session; None where it is over. Wrong passwords count for this
        session alone."""
        from serienpost.service.login import confirm

        return confirm(self, token, password, origin)

    def confirm_password(
        self, token: str, password: str, origin: str
    ) -> Session | LoginRefused | None:
        """Whether it is still the user who sits there, as before an approval; counts as `unlock`,
        and as use."""
        from serienpost.service.login import confirm

        return confirm(self, token, password, origin)

    def change_own_password(
        self, token: str, old: str, new: str, origin: str, known: str = ""
    ) -> LoggedIn | LoginRefused | None:
        """Give the user of a session another password, where the old one is right; all sessions of
        the user end, and a new one begins for this browser. None where the session is over. Wrong
        passwords count as for `unlock`.

        Args:
            token: of the session.
            old: as it was typed.
            new: as for `add_user`.
            origin: as for `log_in`.
            known: as for `log_in`.

        Raises:
            ConfigError: the new password cannot be taken; the old one was not looked at.
        """
        from serienpost.service.login import change_own_password

        return change_own_password(self, token, old, new, origin, known)

    def log_out(self, token: str) -> None:
        """End a session, if there is one."""
        from serienpost.service.login import log_out

        log_out(self, token)
