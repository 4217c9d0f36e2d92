/** The libraries that decode Parquet, loaded when they are first needed: they are ES modules, and few programs need them. */

import type * as Hyparquet from "hyparquet" with { "resolution-mode": "import" };
import type * as HyparquetColumn from "hyparquet/src/column.js" with { "resolution-mode": "import" };
import type * as HyparquetCompressors from "hyparquet-compressors" with { "resolution-mode": "import" };

export type ParquetModules = Pick<typeof Hyparquet, "parquetMetadataAsync" | "parquetScan" | "parquetSchema"> &
  Pick<typeof HyparquetColumn, "parquetHeader"> &
  Pick<typeof HyparquetCompressors, "compressors">;

let loading: Promise<ParquetModules> | undefined;

export function parquetModules(): Promise<ParquetModules> {
  return (loading ??= Promise.all([import("hyparquet"), import("hyparquet/src/column.js"), import("hyparquet-compressors")]).then(
    ([{ parquetMetadataAsync, parquetScan, parquetSchema }, { parquetHeader }, { compressors }]) => ({
      parquetMetadataAsync,
      parquetScan,
      parquetSchema,
      parquetHeader,
      compressors,
    }),
  ));
}
