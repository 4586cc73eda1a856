"""The 22 items of the TREND statement for trials without randomisation, and where each stands.

Des Jarlais, Lyles & Crepaz 2004, Am J Public Health 94:361.
"""

from emgproc.report import trial_sources as come_from
from emgproc.report.trial_table import WHERE, Table

HERE = "in this report"
AUTHORS = "for the authors to write"

# Number, item, tables that hold it (none: no software can write it), what they hold.
_ITEMS = (
    (1, "title and abstract", "T4", "title, allocation and result stand at the head"),
    (2, "background", "L11", "the registry's summary; the reasoning is the authors'"),
    (3, "participants", "L2, T1", "criteria as registered, and who did not fulfil them"),
    (4, "interventions", "T3, T3b, T3c, L8", "doses planned and given, product, route, days"),
    (5, "objectives", "T4c, L11", "the estimand; the registry's wording"),
    (6, "outcomes", "T4c, L11, L12", "variable, visits, and what the registry leaves open"),
    (7, "sample size", "T1, T4", "planned and enrolled; the smallest p this size can give"),
    (8, "assignment method", "T1, T2", "how infants came to their arm, as far as stated"),
    (9, "blinding (masking)", "L11, L12", "as registered"),
    (10, "unit of analysis", "T4, T4b", "the infant; muscles and sides are averaged first"),
    (11, "statistical methods", "T4, T4c, T5", "test, interval, strategies, sensitivity analyses"),
    (12, "participant flow", "T1, L3", "counts with reasons; deviations from the protocol"),
    (13, "recruitment", "L11, L1", "dates as registered; study days of each infant"),
    (14, "baseline data", "T2", "every infant's value"),
    (15, "baseline equivalence", "T2", "standardised differences, no p-values"),
    (16, "numbers analysed", "T1, T4", "infants in the test, and all enrolled"),
    (17, "outcomes and estimation", "T4, T7, T8, T10", "estimates with intervals and their level"),
    (18, "ancillary analyses", "T5, T5b, T6", "sensitivity analyses and reliability"),
    (19, "adverse events", "T9, L6", "by category and arm, and each as written"),
    (20, "interpretation", "T4, T4d", "what cannot be concluded; the rest is the authors'"),
    (21, "generalisability", "", ""),
    (22, "overall evidence", "", ""),
)


def trend_table() -> Table:
    """T1b: each item of TREND with the tables of this report that hold it."""
    return Table(
        id="T1b",
        name="trend",
        title="TREND statement: where each item stands",
        columns=("no.", "item", WHERE, "what stands there", "status"),
        rows=tuple(
            (number, item, where, text, HERE if where else AUTHORS)
            for number, item, where, text in _ITEMS
        ),
        sources=(come_from.PROTOCOL,),
        footnotes=("Des Jarlais, Lyles & Crepaz 2004, Am J Public Health 94:361.",),
    )
