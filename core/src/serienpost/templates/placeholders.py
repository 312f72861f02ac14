"""What stands in a text in place of its tags while Markdown or HTML is read; needs no Jinja."""

from __future__ import annotations

import re

# One sign in place of a tag, where only the text around it is looked at.
TAG = "\ue000"

# A placeholder: comment, output, block tag, or output that is a whole link; number of the tag.
PLACE = re.compile("\ue000([cobu])([0-9]+)\ue001")
