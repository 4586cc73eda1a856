"""Changes of a valid study, each of which breaks one thing."""

import hashlib

from study_builder import StudyFolder, on_day

PEOPLE = "participants.tsv"
VISITS = "visits.tsv"
RECS = "recordings.tsv"
DOSES = "phenotype/exposures.tsv"
EVENTS = "phenotype/clinical_events.tsv"
TOML = "study.toml"
CSF = "phenotype/csf.tsv"
MEASURED = "phenotype/measurements.tsv"


def person(name, value, who="sub-01"):
    return lambda f: f.row(PEOPLE, participant_id=who).update({name: value})


def visit(who, session, **cells):
    return lambda f: f.row(VISITS, participant_id=who, session_id=session).update(cells)


def recording(who, session, **cells):
    def change(f):
        for row in f.rows(RECS, participant_id=who, session_id=session):
            row.update(cells)

    return change


def dose(number, **cells):
    return lambda f: f.row(DOSES, participant_id="sub-01", dose_no=number).update(cells)


def event(**cells):
    return lambda f: f.tables[EVENTS][0].update(cells)


def toml(old, new):
    return lambda f: f.replace(old, new)


def without(table, **where):
    return lambda f: f.drop(table, **where)


def raw(file, content):
    return lambda f: f.raw.update({file: content})


def retest_of_baseline(f: StudyFolder) -> None:
    first = f.row(RECS, participant_id="sub-01", session_id="ses-baseline")
    f.row(RECS, participant_id="sub-01", session_id="ses-month3")["retest_of"] = first[
        "recording_id"
    ]


def no_baseline(f: StudyFolder) -> None:
    f.drop(RECS, participant_id="sub-01", session_id="ses-baseline")


def missed_baseline(f: StudyFolder) -> None:
    no_baseline(f)
    visit("sub-01", "ses-baseline", status="missed", reason="ill")(f)


def no_table(f: StudyFolder) -> None:
    del f.tables[VISITS]


def nothing_recorded(f: StudyFolder) -> None:
    del f.tables[RECS]
    f.files.clear()


def no_file(f: StudyFolder) -> None:
    del f.files["sub-02/ses-post/emg/sub-02_ses-post_task-rest_emg.edf"]


def other_hash(f: StudyFolder) -> None:
    recording("sub-02", "ses-post", sha256="0" * 64)(f)


def same_hash(f: StudyFolder) -> None:
    for session in ("ses-baseline", "ses-post"):
        file = str(f.row(RECS, participant_id="sub-02", session_id=session)["file"])
        f.files[file] = b"one recording under two names"
        digest = hashlib.sha256(f.files[file]).hexdigest()
        recording("sub-02", session, sha256=digest)(f)


def failed_month3(f: StudyFolder) -> None:
    recording("sub-02", "ses-month3", qc_manual="fail", qc_reason="noise")(f)


def other_muscle(f: StudyFolder) -> None:
    f.drop(RECS, participant_id="sub-02", session_id="ses-baseline", muscle="biceps_brachii")
    f.drop(RECS, participant_id="sub-02", session_id="ses-month3", muscle="tibialis_anterior")


def control_dosed(f: StudyFolder) -> None:
    f.tables[DOSES].append({**f.tables[DOSES][0], "participant_id": "sub-03"})


def dose_two_first(f: StudyFolder) -> None:
    dose(2, datetime=on_day(1))(f)


def died(f: StudyFolder) -> None:
    person("death_date", on_day(60), "sub-02")(f)
    person("last_contact_date", on_day(60), "sub-02")(f)


def died_elsewhere(f: StudyFolder) -> None:
    event(kind="death", term="respiratory failure", start=on_day(60), end="n/a")(f)


def control_sampled(f: StudyFolder) -> None:
    f.tables[CSF][0]["participant_id"] = "sub-03"


def both_ways(f: StudyFolder) -> None:
    f.replace('text = "Malignancies"', 'opposite_of = "I02", text = "Malignancies"')
    person("crit_X04", "Y")(f)


def post_not_planned(f: StudyFolder) -> None:
    start = f.toml.index('[[visit]]\nid = "EMG_POST"')
    f.toml = f.toml[:start] + f.toml[f.toml.index("[[visit]]", start + 1) :]


def leaked(f: StudyFolder) -> None:
    f.replace('product = "adipose', 'product = "write to cells@example.org; adipose')


def sampled_early(f: StudyFolder) -> None:
    f.tables[CSF][0]["date"] = on_day(28)


def nothing_given(f: StudyFolder) -> None:
    for number in (1, 2, 3):
        dose(number, given_cells=0)(f)


def other_therapy(f: StudyFolder) -> None:
    event(kind="other_sma_therapy", term="nusinersin", grade="n/a", related="n/a")(f)
