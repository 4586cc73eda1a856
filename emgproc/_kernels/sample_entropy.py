"""Template matches of sample entropy, counted over templates sorted by their first sample."""

import numpy as np

from emgproc._kernels._jit import kernel
from emgproc.arrays import Floats


@kernel
def count_matches(templates: Floats, tolerance: float) -> tuple[int, int]:
    """Pairs of templates within `tolerance` (Chebyshev) over m and over m + 1 samples.

    `templates` has shape (m + 1, n_templates) and its first row is sorted, so the search for
    partners of a template ends where the first samples alone lie too far apart.
    """
    length, n = templates.shape
    matches, longer = np.int64(0), np.int64(0)
    for i in range(n):
        highest = templates[0, i] + tolerance
        j = i + 1
        while j < n and templates[0, j] <= highest:
            k = 1
            while k < length - 1 and abs(templates[k, j] - templates[k, i]) <= tolerance:
                k += 1
            if k >= length - 1:
                matches += 1
                if abs(templates[length - 1, j] - templates[length - 1, i]) <= tolerance:
                    longer += 1
            j += 1
    return matches, longer
