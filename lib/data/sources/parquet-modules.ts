/**
 * The libraries that decode Parquet, loaded when they are first needed: they are ES modules, and few programs need
 * them.
 */

import type * as Hyparquet from "hyparquet" with { "resolution-mode": "import" };
import type * as HyparquetColumn from "hyparquet/src/column.js" with { "resolution-mode": "import" };
import type * as HyparquetSchema from "hyparquet/src/schema.js" with { "resolution-mode": "import" };
import type * as HyparquetThrift from "hyparquet/src/thrift.js" with { "resolution-mode": "import" };
import type * as HyparquetCompressors from "hyparquet-compressors" with { "resolution-mode": "import" };

export type ParquetModules = Pick<typeof Hyparquet, "parquetMetadataAsync" | "parquetScan" | "parquetSchema"> &
  Pick<typeof HyparquetColumn, "parquetHeader"> &
  Pick<typeof HyparquetSchema, "getMaxDefinitionLevel" | "getMaxRepetitionLevel" | "getTreePath"> &
  Pick<typeof HyparquetThrift, "readVarInt"> &
  Pick<typeof HyparquetCompressors, "compressors">;

let loading: Promise<ParquetModules> | undefined;

export function parquetModules(): Promise<ParquetModules> {
  return (loading ??= Promise.all([
    import("hyparquet"),
    import("hyparquet/src/column.js"),
    import("hyparquet/src/schema.js"),
    import("hyparquet/src/thrift.js"),
    import("hyparquet-compressors"),
  ]).then(([main, { parquetHeader }, schema, { readVarInt }, { compressors }]) => ({
    ...main,
    ...schema,
    parquetHeader,
    readVarInt,
    compressors,
  })));
}
