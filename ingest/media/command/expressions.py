"""Numbers and conditions as ffmpeg reads them. Pure."""

from __future__ import annotations

from fractions import Fraction

# Added to times that are compared with a multiple of an interval: far below one tick, above a double's error.
EPSILON = "0.000001"
ZERO = Fraction(0)


def ratio(value: Fraction) -> str:
    """`value` as ffmpeg reads exact numbers: `30000/1001`."""
    return f"{value.numerator}/{value.denominator}"


def seconds(value: Fraction) -> str:
    """`value` as a decimal for a filter expression, exact to a microsecond."""
    return f"{float(value):.6f}".rstrip("0").rstrip(".")


def first_of_each(
    interval: Fraction, previous: str, before: Fraction | None = None, begins: Fraction = ZERO
) -> str:
    """An ffmpeg expression that is true for the first picture of each interval.

    Args:
        previous: the variable with the time of the last picture that it was true for.
        before: seconds of the picture before the first one that is asked about; None: there is none.
        begins: seconds that the intervals have begun before the time that the expression counts from.
    """
    step = seconds(interval)
    if begins:
        late = seconds(begins)
        gone = f"floor(({previous}+{late}+{EPSILON})/{step})"
        return f"isnan({previous})+gte(t+{late}+{EPSILON},({gone}+1)*{step})"
    if before is not None:
        known = f"if(isnan({previous}),{seconds(before)},{previous})"
        return f"gte(t+{EPSILON},(floor(({known}+{EPSILON})/{step})+1)*{step})"
    return f"isnan({previous})+gte(t+{EPSILON},(floor(({previous}+{EPSILON})/{step})+1)*{step})"
