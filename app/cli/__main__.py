"""`python -m retrorun.app.cli`: the command line without its script."""

import sys

from retrorun.app.cli.main import main
from retrorun.app.signals import begin

begin()
sys.exit(main())
