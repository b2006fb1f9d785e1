"""Numbers in the decimals that people read, so that a border holds to the last digit."""

from decimal import ROUND_HALF_UP, Decimal


def rounded(value: float, factor: int, precision: Decimal) -> Decimal:
    """`value * factor` to the nearest multiple of `precision`, halves away from zero.

    Reads the float as the shortest decimal that means it: 0.03 m is 30.0 mm, and so is 0.029999999999999999 m.
    """
    scaled = Decimal(repr(float(value))) * factor
    return (scaled / precision).to_integral_value(ROUND_HALF_UP) * precision + 0
