"""Estimate the rows of a Dask data frame. The workers need the extra `retrorun[bulk]` too."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from retrorun.app.formats.record_batches import estimate_plain_batch, keys_of, needed_columns, plain_schema

if TYPE_CHECKING:
    import dask.dataframe as dd
    import pandas as pd


def estimate(frame: "dd.DataFrame", *, key: str | Sequence[str], fields: Sequence[str] | None = None) -> "dd.DataFrame":
    """Return the estimate of each row of a data frame, with its key and its index.

    Parameters
    ----------
    frame : dask.dataframe.DataFrame
        Bouts, with columns of `retrorun.app.record_batches.input_schema`. Other columns are not read. NaN and None mean
        a missing input.
    key : str or sequence of str
        Columns that are copied exactly, of any type, also of Python objects.
    fields : sequence of str, optional
        Columns of `retrorun.app.record_batches.output_schema` to compute; all by default.

    Returns
    -------
    dask.dataframe.DataFrame
        The key, `status`, `status_field`, and the fields in types of Arrow. It is computed when you use it.

    Raises
    ------
    Conflict
        A key is missing, repeated or also a column of the answer, an input is missing or has a wrong type, or a field
        is unknown.
    """
    keys = keys_of(key, fields)
    inputs, needed = needed_columns(list(frame.columns), keys)
    selected = frame[needed]
    asked = None if fields is None else tuple(fields)
    like = estimated(selected._meta, keys, inputs, asked)
    return selected.map_partitions(estimated, keys, inputs, asked, meta=like)


def estimated(
    part: "pd.DataFrame", keys: Sequence[str], inputs: Sequence[str], fields: Sequence[str] | None
) -> "pd.DataFrame":
    """Return the answer to a partition. The key is not converted."""
    import pandas as pd  # noqa: PLC0415 - who has a Dask data frame has it

    # A column of Arrow can have several pieces, which a record batch cannot.
    batches = pa.Table.from_pandas(part[[*inputs]], preserve_index=False).to_batches()
    answer = pa.Table.from_batches([estimate_plain_batch(batch, fields) for batch in batches], plain_schema(fields))
    columns = answer.to_pandas(types_mapper=pd.ArrowDtype)
    columns.index = part.index
    return pd.concat([part[[*keys]], columns], axis=1)
