"""``python -m statusdesk``."""

import sys

from statusdesk.cli import main

if __name__ == "__main__":
    sys.exit(main())
