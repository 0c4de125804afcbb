"""Ways in which people write prediction tables: pandas, pyarrow and polars, with what they may leave on or off."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

Writer = Callable[[pd.DataFrame, Path], None]


def arrow(frame: pd.DataFrame) -> pa.Table:
    return pa.Table.from_pandas(frame, preserve_index=False)


def polars(frame: pd.DataFrame) -> pl.DataFrame:
    return pl.from_arrow(arrow(frame))  # type: ignore[return-value]


def narrow(frame: pd.DataFrame) -> pd.DataFrame:
    """Integers and numbers as the smallest types that hold them; nothing is lost."""
    smaller = frame.copy()
    for name in frame.select_dtypes("int64"):
        if frame[name].abs().max() >= 1 << 31:
            continue
        smaller[name] = frame[name].astype("int32")
    return smaller


def nullable(frame: pd.DataFrame) -> pd.DataFrame:
    """The types of pandas that know missing values."""
    return frame.convert_dtypes(convert_floating=False)


def categories(frame: pd.DataFrame) -> pd.DataFrame:
    wider = frame.copy()
    for name in frame.select_dtypes(["object", "string"]):
        wider[name] = frame[name].astype("category")
    return wider


def large_strings(frame: pd.DataFrame) -> pa.Table:
    table = arrow(frame)
    texts = {field.name for field in table.schema if pa.types.is_string(field.type)}
    fields = [pa.field(field.name, pa.large_string()) if field.name in texts else field for field in table.schema]
    return table.cast(pa.schema(fields))


def json_lines(frame: pd.DataFrame, path: Path) -> None:
    """As Python's `json` writes: NaN is NaN."""
    with path.open("w") as lines:
        lines.writelines(json.dumps(row) + "\n" for row in frame.to_dict("records"))


#: Name, with the file's ending last.
WRITERS: dict[str, Writer] = {
    "pandas.csv": lambda frame, path: frame.to_csv(path, index=False),
    "pandas-index.csv": lambda frame, path: frame.to_csv(path),
    "pandas-quoted-crlf.csv": lambda frame, path: frame.to_csv(path, index=False, quoting=csv.QUOTE_ALL, lineterminator="\r\n"),
    "pandas-nan-bom.csv": lambda frame, path: frame.to_csv(path, index=False, na_rep="NaN", encoding="utf-8-sig"),
    "pandas.tsv": lambda frame, path: frame.to_csv(path, index=False, sep="\t"),
    "pandas.csv.gz": lambda frame, path: frame.to_csv(path, index=False, compression="gzip"),
    "pandas-records.jsonl": lambda frame, path: frame.to_json(path, orient="records", lines=True, double_precision=15),
    "python.jsonl": json_lines,
    "polars.csv": lambda frame, path: polars(frame).write_csv(path),
    "polars.ndjson": lambda frame, path: polars(frame).write_ndjson(path),
    "polars-zstd.parquet": lambda frame, path: polars(frame).write_parquet(path, compression="zstd"),
    "polars-rows.parquet": lambda frame, path: polars(frame).write_parquet(path, compression="lz4", row_group_size=37),
    "pandas-snappy.parquet": lambda frame, path: frame.to_parquet(path, index=False, compression="snappy"),
    "pandas-nullable.parquet": lambda frame, path: nullable(frame).to_parquet(path, index=False, compression="gzip"),
    "pandas-narrow.parquet": lambda frame, path: narrow(frame).to_parquet(path, index=False, compression=None),
    "pandas-categories.parquet": lambda frame, path: categories(frame).to_parquet(path, index=False, compression="zstd"),
    "arrow-plain.parquet": lambda frame, path: pq.write_table(arrow(frame), path, use_dictionary=False, compression="snappy"),
    "arrow-v2.parquet": lambda frame, path: pq.write_table(arrow(frame), path, data_page_version="2.0", version="2.6", row_group_size=53),
    "arrow-delta.parquet": lambda frame, path: pq.write_table(arrow(frame), path, use_dictionary=False, column_encoding=delta(frame)),
    "arrow-large.parquet": lambda frame, path: pq.write_table(large_strings(frame), path, data_page_size=256),
}


def delta(frame: pd.DataFrame) -> dict[str, str]:
    """An encoding that pyarrow uses only when asked. Those for texts and split doubles are refused by the reader, with a reason."""
    kinds = {field.name: field.type for field in arrow(frame).schema}
    return {name: "DELTA_BINARY_PACKED" for name, kind in kinds.items() if pa.types.is_integer(kind)}
