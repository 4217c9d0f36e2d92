/** Where a user's own files are. */
import { homedir } from "node:os";
import path from "node:path";

/**
 * A container's user without an entry in the system's list has none: the root then, as Docker sets HOME, where only
 * root can write.
 */
export function homeFolder(): string {
  try {
    return homedir();
  } catch {
    return path.parse(process.cwd()).root;
  }
}
