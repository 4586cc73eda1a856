"""Make the SYNTHETIC sample study: `python sample_signals/make_study.py [FOLDER]`.

The same version makes the same bytes. The folder must be absent or empty; the one in the tree is
`sample_signals/study`.
"""

import sys
from pathlib import Path

from emgproc.simulate import simulate_study

HERE = Path(__file__).parent
SEED = 20150730
PLAN = HERE.parent / "pipelines" / "surface.toml"


def main() -> None:
    """Write the study and say what is true of each infant."""
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "study"
    plan = PLAN.read_text(encoding="utf-8")
    truth = simulate_study(out, "rescue", seed=SEED, plan_toml=plan)
    print(f"{len(truth.recording_ids)} recordings in {out}")
    for infant in truth.infants:
        usable = "" if infant.usable_month3 else "  (month 3 not usable)"
        print(f"{infant.participant_id} {infant.arm:5s} D = {infant.d_month3:+.3f}{usable}")


if __name__ == "__main__":
    main()
