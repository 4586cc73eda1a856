"""`python -m benchmarks.watched TOLD.json RAW COMMAND…`: an emgproc command, and what it took.

TOLD.json gets the resident memory of this process (of a batch: the driver) after each recording,
its peak, and how many times a file below RAW was opened in it.
"""

import json
import os
import sys
from pathlib import Path
from typing import ClassVar

from benchmarks.machine import peak_mb, resident_mb
from emgproc.batch import driver
from emgproc.batch.worker import Done


class Watched(driver.ProgressLines):
    """Progress that notes the memory of the driver."""

    resident_mb: ClassVar[list[float]] = []

    def finished(self, done: Done) -> None:
        super().finished(done)
        self.resident_mb.append(resident_mb())


def main() -> None:
    """Run the command, write what was noted, and leave with the command's exit code."""
    from emgproc.cli import main as emgproc

    told, raw = Path(sys.argv[1]), f"{Path(sys.argv[2]).resolve()}{os.sep}"
    opened: list[str] = []

    def note(event: str, about: tuple) -> None:
        if event == "open" and isinstance(about[0], str) and about[0].startswith(raw):
            opened.append(about[0])

    sys.addaudithook(note)
    driver.ProgressLines = Watched
    try:
        emgproc(sys.argv[3:])
    finally:
        facts = {"resident_mb": Watched.resident_mb, "peak_mb": peak_mb(), "opened": len(opened)}
        told.write_text(json.dumps(facts), encoding="utf-8")


if __name__ == "__main__":
    main()
