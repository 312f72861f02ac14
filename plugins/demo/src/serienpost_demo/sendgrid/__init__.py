"""A SendGrid on loopback: it takes what the real one takes, keeps it, and passes nothing on."""

from serienpost_demo.sendgrid.fake import FakeSendGrid
from serienpost_demo.sendgrid.mails import Mail
from serienpost_demo.sendgrid.script import Fault
from serienpost_demo.sendgrid.templates import Template, Version

__all__ = ["FakeSendGrid", "Fault", "Mail", "Template", "Version"]
