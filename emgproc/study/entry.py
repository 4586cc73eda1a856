"""What the registry entry says of sharing and of sponsors, as rows for a report."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emgproc.study.protocol import Protocol

NOT_STATED = frozenset({"", "empty"})


@dataclass(frozen=True, slots=True)
class AvailabilityRow:
    """One item of the sharing plan (R28): what it is, the entry's word, whether that says any.

    An entry that says `empty`, or nothing, has no plan for the item: `stated` is False.
    """

    item: str
    entry: str
    stated: bool


@dataclass(frozen=True, slots=True)
class SponsorRow:
    """One sponsor or source of funding (R27, C21), in the entry's words; empty where silent."""

    name: str
    same_as_funding: str
    funding_title: str
    grant: str


def availability_of(protocol: "Protocol") -> tuple[AvailabilityRow, ...]:
    """Data-availability table of the registry entry, in its order.

    Examples
    --------
    >>> import tomllib
    >>> from emgproc.study.parse import parse_protocol
    >>> from emgproc.study.template import template_toml
    >>> protocol, _ = parse_protocol(tomllib.loads(template_toml()))
    >>> availability_of(protocol)[2]
    AvailabilityRow(item='Statistical Analysis Plan', entry='empty', stated=False)
    """
    return tuple(
        AvailabilityRow(item, said, said not in NOT_STATED)
        for item, said in protocol.registry.sharing.items()
    )


def sponsors_of(protocol: "Protocol") -> tuple[SponsorRow, ...]:
    """Every sponsor, then the funding line of the entry where there is one."""
    rows = [
        SponsorRow(s.name, s.same_as_funding, s.funding_title, s.grant)
        for s in protocol.registry.sponsors
    ]
    funding = protocol.registry.funding
    if funding:
        rows.append(SponsorRow("", "", funding, protocol.registry.grant))
    return tuple(rows)
