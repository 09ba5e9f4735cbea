"""Estimate the rows of a Spark data frame. The executors need the extra `retrorun[bulk]` too."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa

from retrorun.app.formats.record_batches import estimate_keyed_batch, keys_of, needed_columns, plain_schema

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def estimate(frame: "DataFrame", *, key: str | Sequence[str], fields: Sequence[str] | None = None) -> "DataFrame":
    """Return the estimate of each row of a data frame, with its key.

    Parameters
    ----------
    frame : pyspark.sql.DataFrame
        Bouts, with columns of `retrorun.app.record_batches.input_schema`. Other columns are not sent to Python.
    key : str or sequence of str
        Columns that are copied exactly, of any type that Spark sends as Arrow.
    fields : sequence of str, optional
        Columns of `retrorun.app.record_batches.output_schema` to compute; all by default.

    Returns
    -------
    pyspark.sql.DataFrame
        The key, `status`, `status_field`, and the fields. It is computed when you use it.

    Raises
    ------
    Conflict
        A key is missing, repeated or also a column of the answer, an input is missing, or a field is unknown. A wrong
        type of an input is found when a partition is computed.
    """
    from pyspark.sql.functions import col  # noqa: PLC0415 - only who has Spark has it
    from pyspark.sql.types import ArrayType, DoubleType, StringType, StructField, StructType  # noqa: PLC0415 - the same

    keys = keys_of(key, fields)
    inputs, _ = needed_columns(frame.columns, keys)
    types = {pa.float64(): DoubleType(), pa.string(): StringType(), pa.list_(pa.string()): ArrayType(StringType())}
    answer = [StructField(field.name, types[field.type], field.nullable) for field in plain_schema(fields)]
    schema = StructType([*(frame.schema[name] for name in keys), *answer])
    # Spark sends no column whose name has a point, so keys have other names on the way.
    quoted = [col("`" + name.replace("`", "``") + "`") for name in keys]
    sent = [each.alias(name) for each, name in zip(quoted, names_on_the_way(keys), strict=True)]
    return frame.select(*sent, *inputs).mapInArrow(partial(estimated, keys=keys, fields=fields), schema)


def names_on_the_way(keys: Sequence[str]) -> list[str]:
    """Return plain names for keys.

    Examples
    --------
    >>> names_on_the_way(["person.id", "day"])
    ['key_0', 'key_1']
    """
    return [f"key_{place}" for place in range(len(keys))]


def estimated(
    batches: Iterable[pa.RecordBatch], *, keys: Sequence[str], fields: Sequence[str] | None
) -> Iterator[pa.RecordBatch]:
    """Yield the answer to each batch of a partition."""
    for batch in batches:
        answer = estimate_keyed_batch(batch, names_on_the_way(keys), fields)
        yield answer.rename_columns([*keys, *answer.schema.names[len(keys) :]])
