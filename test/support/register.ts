/** What `node -r` takes so that child processes and workers run the TypeScript of `lib/` and `test/`. */
import { join } from "node:path";

export const REGISTER = join(__dirname, "run-typescript.js");
