"""`python -m retrorun.app.cli`: the command line without its script."""

import sys

from retrorun.app.cli.main import main
from retrorun.app.signals import exit_on_signals

exit_on_signals()
sys.exit(main())
