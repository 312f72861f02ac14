"""The typed records and Protocols between the core and its plugins.

Read in this order: `context` (what each method gets), `rows` (who: sources), `consent` (may we),
`macros` (with which words), `kinds` (to which address), `content` (what leaves), `channels` (by
which way), `outcomes` (what became of it), `providers` (templates and terms of a provider),
`services` (secrets, archives, dispatchers, templates, settings); `accounts`, `practice`,
`durations` and `strict` are models of what users write. A plugin can only narrow: nothing that it
says admits whom another check denies. Plugin authors import every name from `serienpost` itself.
"""
