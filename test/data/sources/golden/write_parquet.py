"""Writes the Parquet files that the tests read, and their rows as JSON: python write_parquet.py (needs pyarrow 26)."""
import datetime
import json
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

HERE = Path(__file__).parent
ROWS = 40


def column(make):
    return [None if i % 7 == 3 else make(i) for i in range(ROWS)]


DAY = datetime.datetime(2026, 1, 2, 3, 4, 5, 678000)
COLUMNS = {
    "id": (pa.int64(), list(range(ROWS))),
    "text": (pa.string(), column(lambda i: f"ticket {i} é 😀 " + "word " * (i % 5))),
    "label": (pa.string(), column(lambda i: ["bug", "wish", "question"][i % 3])),
    "flag": (pa.bool_(), column(lambda i: i % 2 == 0)),
    "small": (pa.int32(), column(lambda i: i * i - 300)),
    "unsigned": (pa.uint32(), column(lambda i: 4_000_000_000 + i)),
    "large": (pa.int64(), column(lambda i: (1 << 53) + i - 20)),
    "half": (pa.float32(), column(lambda i: i / 4)),
    "score": (pa.float64(), column(lambda i: i / 3)),
    "day": (pa.date32(), column(lambda i: DAY.date() + datetime.timedelta(days=i))),
    "millis": (pa.timestamp("ms"), column(lambda i: DAY + datetime.timedelta(hours=i))),
    "micros": (pa.timestamp("us", tz="UTC"), column(lambda i: (DAY + datetime.timedelta(hours=i)).replace(tzinfo=datetime.timezone.utc))),
    "price": (pa.decimal128(9, 2), column(lambda i: Decimal(i) / 4)),
    "bytes": (pa.binary(), column(lambda i: bytes([i, 255, 0]))),
    "tags": (pa.list_(pa.string()), column(lambda i: [None if j == 1 else f"t{j}" for j in range(i % 4)])),
    "grid": (pa.list_(pa.list_(pa.int64())), column(lambda i: [[j] * j for j in range(i % 3)])),
    "meta": (pa.struct([("lang", pa.string()), ("n", pa.int64())]), column(lambda i: {"lang": "en" if i % 2 else None, "n": i})),
}


def to_json(value):
    if isinstance(value, datetime.datetime):
        return {"$date": value.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"}
    if isinstance(value, datetime.date):
        return {"$date": value.isoformat() + "T00:00:00.000Z"}
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, bytes):
        return {"$bytes": list(value)}
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > (1 << 53) - 1:
        return {"$bigint": str(value)}
    if isinstance(value, list):
        return [to_json(part) for part in value]
    if isinstance(value, dict):
        return {key: to_json(part) for key, part in value.items()}
    return value


def table(names=COLUMNS):
    return pa.table({name: pa.array(COLUMNS[name][1], COLUMNS[name][0]) for name in names})


WHOLE = table()
(HERE / "rows.json").write_text(
    "[" + ",\n".join(json.dumps({name: to_json(values[i]) for name, (_, values) in COLUMNS.items()}, ensure_ascii=False) for i in range(ROWS)) + "]\n",
    encoding="utf-8",
)

for codec in ["none", "snappy", "gzip", "brotli", "zstd", "lz4"]:
    version = "1.0" if codec in ("none", "gzip", "lz4") else "2.0"
    pq.write_table(WHOLE, HERE / f"{codec}.parquet", compression=codec, data_page_version=version, row_group_size=16, write_statistics=False, store_schema=False)

# Encodings other than the dictionary, in pages of few rows; with checksums and an index.
NUMBERS = ["id", "small", "large"]
FLOATS = ["half", "score"]
ENCODINGS = {
    "plain": {},
    "delta": {**{name: "DELTA_BINARY_PACKED" for name in NUMBERS}, "text": "DELTA_BYTE_ARRAY", "label": "DELTA_LENGTH_BYTE_ARRAY"},
    "split": {name: "BYTE_STREAM_SPLIT" for name in NUMBERS + FLOATS},
}
for name, encodings in ENCODINGS.items():
    columns = ["id", "text", "label", "flag", "small", "large", "half", "score", "tags"]
    pq.write_table(
        table(columns), HERE / f"{name}.parquet", compression="none", use_dictionary=False, column_encoding=encodings or None, data_page_size=64,
        write_batch_size=5, write_page_checksum=True, write_page_index=name == "delta", write_statistics=False, store_schema=False,
        data_page_version="2.0" if name == "split" else "1.0",
    )
