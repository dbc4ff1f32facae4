"""A moment as it is typed at the board: in the same forms as on the command line."""

from statusdesk.moments import EXAMPLES
from statusdesk.moments import parse_past_ms as parse_moment

__all__ = ["EXAMPLES", "parse_moment"]
