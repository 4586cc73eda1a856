"""Listings of the report, L9 to L14: the registry entry, the protocol's notes, every pair."""

from collections.abc import Iterable

from emgproc.outcome.model import Outcome, Pair
from emgproc.report import trial_sources as come_from
from emgproc.report.trial_table import Table, Value
from emgproc.report.wording import flag_words
from emgproc.study import Study, availability_of, sponsors_of

_Row = tuple[Value, ...]


def entry_listings(outcome: Outcome, study: Study) -> list[Table]:
    """Data availability, sponsors, registry entry, protocol notes, pairs, noise floors."""
    return [
        availability_listing(study),
        sponsor_listing(study),
        registry_listing(study),
        note_listing(study),
        pair_listing(outcome),
        noise_listing(outcome),
    ]


def availability_listing(study: Study) -> Table:
    """L9: what the entry says of sharing (R28)."""
    rows = [(row.item, row.entry, row.stated) for row in availability_of(study.protocol)]
    return Table(
        id="L9",
        name="data_availability",
        title="Data availability, as registered",
        columns=("item", "the entry says", "a plan is stated"),
        rows=tuple(rows),
        sources=(come_from.PROTOCOL,),
        footnotes=(
            "Without a public analysis plan only the lock shows that the analysis was fixed "
            "beforehand.",
        ),
        empty="the entry says nothing of sharing",
    )


def sponsor_listing(study: Study) -> Table:
    """L10: sponsors and funding (R27, C21)."""
    rows = [
        (row.name, row.same_as_funding, row.funding_title, row.grant)
        for row in sponsors_of(study.protocol)
    ]
    return Table(
        id="L10",
        name="sponsors",
        title="Sponsors and funding, as registered",
        columns=("sponsor", "is also the source of funding", "source of funding", "grant"),
        rows=tuple(rows),
        sources=(come_from.PROTOCOL,),
        empty="the entry names none",
    )


def registry_listing(study: Study) -> Table:
    """L11: the registry entry, line by line, without the ways to reach a person."""
    return Table(
        id="L11",
        name="registry",
        title="Registry entry as stated",
        columns=("field", "it says"),
        rows=tuple(study.protocol.registry.lines()),
        sources=(come_from.PROTOCOL,),
        footnotes=("“empty” is the entry's own word.",),
        empty="study.toml holds no registry entry",
    )


def note_listing(study: Study) -> Table:
    """L12: where the entry contradicts itself or is silent, and what was adopted."""
    rows = [(n.id, n.a, n.b, n.adopted, n.note) for n in study.protocol.notes]
    return Table(
        id="L12",
        name="protocol_notes",
        title="What the protocol leaves open, and what was adopted",
        columns=("id", "it says", "and also", "adopted", "note"),
        rows=tuple(rows),
        sources=(come_from.PROTOCOL,),
        empty="study.toml notes nothing",
    )


def pair_listing(outcome: Outcome) -> Table:
    """L13: every usable pair of visits of a muscle."""
    rows = [_pair(p) for p in (*outcome.pairs_post, *outcome.pairs) if p.evaluable]
    return Table(
        id="L13",
        name="pairs",
        title="Muscles in the analysis: every usable pair of visits",
        columns=(
            "infant", "arm", "muscle", "side", "visit", "T at baseline", "T at the visit", "D",
            "limit of detection, µV", "windows at baseline", "windows at the visit", "note",
        ),
        rows=tuple(rows),
        sources=(come_from.PAIRS, come_from.PAIRS_POST),
        footnotes=("T and D in ln units; “at limit”: T stands at the limit of detection.",),
        empty="no pair of visits is usable",
    )  # fmt: skip


def _pair(pair: Pair) -> _Row:
    lod = None if pair.lod2_uv2 is None else pair.lod2_uv2**0.5
    levels = (("baseline", pair.baseline), ("visit", pair.visit))
    at_limit = [f"{name} at limit" for name, level in levels if level.censored]
    return (
        pair.participant_id, pair.arm, pair.muscle.replace("_", " "), pair.side, pair.session_id,
        pair.baseline.tone_ln, pair.visit.tone_ln, pair.change_ln, lod, pair.baseline.n_windows,
        pair.visit.n_windows, ", ".join([*at_limit, *map(flag_words, pair.flags)]),
    )  # fmt: skip


def noise_listing(outcome: Outcome) -> Table:
    """L14: noise floor of every visit, mean power over the muscles as an RMS."""
    rows = [
        (who, session, (sum(powers) / len(powers)) ** 0.5, len(powers))
        for (who, session), powers in _noise_powers((*outcome.pairs_post, *outcome.pairs))
    ]
    return Table(
        id="L14",
        name="noise",
        title="Noise floor of every visit",
        columns=("infant", "visit", "noise, µV RMS", "muscles"),
        rows=tuple(rows),
        sources=(come_from.PAIRS, come_from.PAIRS_POST),
        empty="no noise was measured",
    )


def _noise_powers(pairs: Iterable[Pair]) -> list[tuple[tuple[str, str], list[float]]]:
    """By infant and visit, the power (µV²) of each channel once."""
    seen: dict[tuple[str, str], dict[tuple[str, str], float]] = {}
    for pair in pairs:
        for level in (pair.baseline, pair.visit):
            if level.noise_power_uv2 is not None:
                channels = seen.setdefault((pair.participant_id, level.session_id), {})
                channels[pair.muscle, pair.side] = level.noise_power_uv2
    return [(where, list(powers.values())) for where, powers in sorted(seen.items())]
