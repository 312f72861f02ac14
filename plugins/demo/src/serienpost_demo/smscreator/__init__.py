"""A made-up smsCreator on loopback: accounts, prices, orders, a movable clock, reports."""

from serienpost_demo.smscreator.gateway import Account as Account
from serienpost_demo.smscreator.gateway import Gateway as Gateway
from serienpost_demo.smscreator.gateway import Job as Job
from serienpost_demo.smscreator.server import FakeSmsCreator as FakeSmsCreator
