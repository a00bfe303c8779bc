"""`python -m laiwang_bridge` is `laiwang-bridge`."""

import sys

from laiwang_bridge.cli import main

sys.exit(main())
