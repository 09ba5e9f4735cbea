"""Record batches without dictionaries: plain strings, for engines that do not take Arrow's dictionaries, as Spark."""

from collections.abc import Sequence

import pyarrow as pa

from app.record_batches import estimate_batch, output_schema


def plain_type(kind: pa.DataType) -> pa.DataType:
    """Return a type with strings in place of a dictionary of them.

    Examples
    --------
    >>> plain_type(pa.list_(pa.dictionary(pa.int8(), pa.string())))
    ListType(list<item: string>)
    """
    if pa.types.is_dictionary(kind):
        return kind.value_type
    return pa.list_(plain_type(kind.value_type)) if pa.types.is_list(kind) else kind


def plain_schema(fields: Sequence[str] | None = None) -> pa.Schema:
    """Return `output_schema` with plain strings."""
    schema = output_schema(fields)
    return pa.schema([field.with_type(plain_type(field.type)) for field in schema], metadata=schema.metadata)


def estimate_plain_batch(batch: pa.RecordBatch, fields: Sequence[str] | None = None) -> pa.RecordBatch:
    """Return what `estimate_batch` does, with plain strings."""
    return estimate_batch(batch, fields).cast(plain_schema(fields))
