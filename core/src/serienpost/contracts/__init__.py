"""The typed records and Protocols between the core and its plugins.

Read in this order: `rows` (who), `consent` (may we), `macros` (with which words), `channels`
(by which way) and `services` (secrets, archives, dispatchers, templates, settings).
Plugin authors import every name from `serienpost` itself.
"""
