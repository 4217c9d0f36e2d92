/** All commands and their options. Nothing is loaded for them before one is chosen. */
import { Command } from "commander";
import { ownPackage } from "../native/package-root";
import { addBuild } from "./commands/build";
import { addDoctor } from "./commands/doctor";
import { addEvaluate } from "./commands/evaluate";
import { addCompletion } from "./commands/completion";
import { addExport } from "./commands/export";
import { addInspect } from "./commands/inspect";
import { addPredict } from "./commands/predict";
import { addSetup } from "./commands/setup";
import { addTrain } from "./commands/train";

/** The command line's root; it throws where commander would end the process. */
export function createProgram(): Command {
  const program = new Command("torchwright")
    .description("Fine-tunes BERT on libtorch, without Python.")
    .version(ownPackage.version)
    .showHelpAfterError("(--help shows what there is)")
    .exitOverride();
  addTrain(program);
  addEvaluate(program);
  addPredict(program);
  addExport(program);
  addInspect(program);
  addSetup(program);
  addDoctor(program);
  addBuild(program);
  addCompletion(program);
  return program;
}
