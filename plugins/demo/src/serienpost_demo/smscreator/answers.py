"""Answers in the form of the HTTP binding: a result element with StatusCode and Value."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from serienpost_demo.smscreator.gateway import ZONE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from serienpost_demo.smscreator.gateway import Job, Report

NAMESPACE = "http://www.smscreator.de/gateway"


def result(root: str, code: str, value: str = "") -> bytes:
    """A result of the call; `value` is XML."""
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\r\n'
        f'<{root} xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns="{NAMESPACE}">'
        f"<StatusCode>{escape(code)}</StatusCode><Value>{value}</Value></{root}>"
    ).encode()


def order(status: str) -> str:
    """The value of a send operation."""
    return f"<Status>{escape(status)}</Status>"


def reports(found: Iterable[Report]) -> str:
    """The value of a query for reports."""
    return "".join(_element("SMSReport", _report(one)) for one in found)


def jobs(found: Iterable[Job]) -> str:
    """The value of a query for orders."""
    return "".join(_element("Job", _job(one)) for one in found)


def _report(report: Report) -> dict[str, object]:
    job = report.job
    return {
        "Id": report.id,
        "Recipient": job.recipient,
        "JobId": job.id,
        "Status": report.status,
        "Date": _local(job.send_at),
        "MsgCode": 0,
        "MsgText": "",
        "DoneDate": _local(job.send_at),
        "DoneDateTimeZoneOffset": 0,
        "Sequence": 1,
        "Caption": job.caption,
        "CreateDate": _local(job.created),
    }


def _job(job: Job) -> dict[str, object]:
    return {"Id": job.id, "CustId": 1, "Typ": "Standart", "Caption": job.caption}


def _element(name: str, fields: dict[str, object]) -> str:
    inner = "".join(f"<{key}>{escape(str(value))}</{key}>" for key, value in fields.items())
    return f"<{name}>{inner}</{name}>"


def _local(moment: datetime) -> str:
    return moment.astimezone(ZONE).replace(tzinfo=None).isoformat()
