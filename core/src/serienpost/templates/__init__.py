"""Texts with macros: the template language, Markdown, template folders, rendering.

`folder` finds a template and makes the copy that a run keeps, `compiled` turns that copy into
something that renders row after row. `language` and `syntax` say what a text may contain.
"""
