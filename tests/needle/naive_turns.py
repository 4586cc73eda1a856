"""The slow twin of the turns."""


def naive_turns(x, threshold):
    """Sample by sample: an extreme is a turn once the signal has come back by the threshold."""
    found, up, best = [], None, 0
    for i in range(len(x)):
        if up is None:
            if x[i] - x[: i + 1].min() >= threshold:
                up, best = True, i
            elif x[: i + 1].max() - x[i] >= threshold:
                up, best = False, i
            continue
        if (x[i] > x[best]) if up else (x[i] < x[best]):
            best = i
        elif abs(x[best] - x[i]) >= threshold:
            same = best
            while x[same + 1] == x[best]:
                same += 1
            found.append((best + same) // 2)
            up, best = not up, i
    return found
