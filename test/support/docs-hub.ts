/** The hub that programs of the documentation ask: on loopback, with small models under the names that they use. */
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { NO_HUB_VARIABLES, withEnvironment } from "./environment";
import { type HubRepository, repositoryOf, serveHub } from "./hub-server";
import { inFolder, tinyBert, tinyTokenizer } from "./tiny-bert";

/** A commit that the documentation pins. */
const PINNED = "86b5e0934494bd15c9632b12f734a8a67f723594";

async function repository(folder: string): Promise<HubRepository> {
  const names = await readdir(folder);
  return repositoryOf(
    Object.fromEntries(
      await Promise.all(names.map(async (name) => [name, await readFile(path.join(folder, name))] as const)),
    ),
  );
}

/**
 * Runs `use` where the hub is such a one, with an empty cache, if `code` names one of its models; else without any hub.
 */
export async function withDocumentationHub(code: string, use: () => Promise<void>): Promise<void> {
  if (!/"(?:google-bert|your-team)\//.test(code)) {
    return withEnvironment({ ...NO_HUB_VARIABLES, HF_HUB_OFFLINE: "1" }, use);
  }
  await inFolder(async (root) => {
    using model = tinyBert(["x", "y"]);
    await model.save(path.join(root, "model"), { tokenizer: await tinyTokenizer() });
    await model.addAdapter();
    await model.saveAdapter(path.join(root, "adapter"));
    const bert = await repository(path.join(root, "model"));
    bert.refs.set(PINNED, bert.refs.get("main") ?? "");
    const hub = await serveHub({
      "google-bert/bert-base-uncased": bert,
      "your-team/tickets": bert,
      "your-team/spam-lora": await repository(path.join(root, "adapter")),
    });
    try {
      await withEnvironment({ ...NO_HUB_VARIABLES, HF_ENDPOINT: hub.url, HF_HOME: path.join(root, "home") }, use);
    } finally {
      await hub.close();
    }
  });
}
