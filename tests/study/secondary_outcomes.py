"""The secondary outcomes as the registry entry words them."""

from study_builder import told

SECONDARY = [
    ("S1", "tone", "Change in patients muscle tone", "Immediately after intervention"),
    ("S2", "csf", "Existence of injected cells", "After final intervention"),
    ("S3", "safety", "Sensitivity or infection", "After intervention"),
    ("S4", "survival", "Patients Longevity", "After the final intervention"),
]


def outcome(protocol, number):
    """A secondary outcome, and (id, kind, text, timepoint), which are the entry's."""
    found = protocol.secondary[number - 1]
    entry = protocol.registry.secondary_outcomes[number - 1]
    assert (entry.description, entry.timepoint, entry.method) == (
        found.text, found.timepoint, found.method,
    )  # fmt: skip
    return found, (found.id, found.kind, found.text, found.timepoint)


def without_outcome(folder, root, number):
    """What is told of the study without that secondary outcome."""
    start = folder.toml.index(f'[[secondary]]\nid = "S{number}"')
    end = folder.toml.index("\n[", start + 1)
    folder.toml = folder.toml[:start] + folder.toml[end:]
    return told(folder, root)
