"""`python -m emgproc.cli`: the command line where no script is installed."""

from emgproc.cli import main

main()
