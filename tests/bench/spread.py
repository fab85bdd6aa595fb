"""How far the median of some rounds can be trusted."""

import math


def median_range(values):
    """What holds the median of all that might have been measured, with 95% (by order)."""
    values = sorted(values)
    middle, reach = len(values) / 2, 0.98 * math.sqrt(len(values))
    return values[max(0, int(middle - reach))], values[min(len(values) - 1, int(middle + reach))]


def spread(values):
    """That range behind a median in a table; nothing for a single round."""
    if len(values) < 2:
        return ""
    low, high = median_range(values)
    return f" ({low:.2f} to {high:.2f})"
