"""Which words may stay in a study that leaves the house; every other becomes a number."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from emgproc.study import Study
from emgproc.study.labels import is_label

REMOVED = "removed"
# Names of the field, which no person bears; what else is needed is allowed by the caller.
_NERVES = (
    "accessory", "axillary", "facial", "femoral", "median", "musculocutaneous", "peroneal",
    "phrenic", "radial", "sciatic", "sural", "tibial", "ulnar",
)  # fmt: skip
_MUSCLES = (
    "abductor_digiti_minimi", "abductor_hallucis", "abductor_pollicis_brevis", "biceps_brachii",
    "biceps_femoris", "deltoid", "diaphragm", "extensor_digitorum_brevis",
    "first_dorsal_interosseous", "gastrocnemius", "rectus_femoris", "tibialis_anterior",
    "triceps_brachii", "vastus_lateralis", "wrist_extensors", "wrist_flexors",
)  # fmt: skip
_MEASURES = ("cmap_amp_mv", "cmap_area_mv_ms", "munix", "mune", "spont_score")
_METHODS = ("qPCR", "PCR", "flow cytometry", "donor STR", "intrathecal", "intravenous")


@dataclass(slots=True)
class Words:
    """Words that may stay, and the numbers that stand for others.

    Attributes
    ----------
    allowed
        Words that are kept as they are.
    names
        Site's label of an event → ours, as study.toml maps them.
    """

    allowed: frozenset[str]
    names: dict[str, str] = field(default_factory=dict)
    _coded: dict[str, dict[str, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, study: Study, allow: Iterable[str] = ()) -> "Words":
        """What a study's own protocol names, the field's words, and what the caller allows."""
        protocol = study.protocol
        own = {arm.id for arm in protocol.design.arms}
        own |= {*protocol.primary.muscles, protocol.dose.route, *protocol.ice.other_sma_therapies}
        every = {*own, *_NERVES, *_MUSCLES, *_MEASURES, *_METHODS, *allow}
        return cls(frozenset(every), dict(protocol.events))

    def coded(self, column: str, word: str) -> str:
        """The word, or `<column>-<n>` in its place: the same for the same word."""
        if not word or word in self.allowed:
            return word
        numbers = self._coded.setdefault(column, {})
        return numbers.setdefault(word, f"{column}-{len(numbers) + 1}")

    def label(self, label: str) -> str:
        """The label of an event, as study.toml maps it, if it may stay; else "removed"."""
        ours = self.names.get(label, label)
        return ours if is_label(ours) or ours in self.allowed else REMOVED

    def channel(self, name: str, number: int) -> str:
        """The name of a channel if the caller allowed it, else "ch<number>"."""
        return name if name in self.allowed else f"ch{number}"
