"""``python -m rmresearch``: the command line where the script is not on the path."""

from __future__ import annotations

from rmresearch.cli import main

main(prog_name="rmresearch")
