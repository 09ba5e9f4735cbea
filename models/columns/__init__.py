"""Many bouts at once, as columns."""

from retrorun.models.columns.estimate_columns import estimate_columns

__all__ = ["estimate_columns"]
