#!/usr/bin/env python
"""Django's usual door, for tools that look for it; ``lotkeeper <command>`` is the same."""

import sys

from lotkeeper.config.cli import main

if __name__ == "__main__":
    sys.exit(main())
