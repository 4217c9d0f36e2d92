/** Saves a model as TorchScript and says what came of it: `node save-torchscript.js <file>`. */
import { TorchwrightError } from "../../lib/index";
import { tinyBert } from "./tiny-bert";

async function main(): Promise<void> {
  using model = tinyBert();
  const said = await model.saveTorchScript(process.argv[2] as string).then(
    () => "saved",
    (error: unknown) => (error instanceof TorchwrightError ? error.code : String(error)),
  );
  console.log(said, model.labels.join());
}

void main();
