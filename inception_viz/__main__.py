"""``python -m inception_viz``: the command line."""

from inception_viz.cli import main

raise SystemExit(main())
