"""`python -m benchmarks`, see `benchmarks.commands`."""

import sys

from benchmarks.commands import main

sys.exit(main())
