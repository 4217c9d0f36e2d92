import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { Command } from "commander";
import ts from "typescript";
import { TRAIN_SECTIONS } from "../../../lib/cli/commands/train";
import { addSettings, givenSettings } from "../../../lib/cli/settings/add-settings";
import { HUB_SETTINGS } from "../../../lib/cli/settings/hub-settings";
import { LOADER_SETTINGS } from "../../../lib/cli/settings/loader-settings";
import { LORA_SETTINGS } from "../../../lib/cli/settings/lora-settings";
import { flagName } from "../../../lib/cli/settings/setting";
import { OPTIMIZERS, SCHEDULERS, TRAINER_SETTINGS } from "../../../lib/cli/settings/trainer-settings";
import { trainerOptions } from "../../../lib/cli/train/trainer-options";
import { LORA_OPTIONS } from "../../../lib/models/lora/lora-config";
import { SCHEDULER_TYPES } from "../../../lib/optim/schedules/by-name";
import { TRAINER_OPTIONS } from "../../../lib/train/check-options";
import { OPTIMIZER_NAMES } from "../../../lib/train/parameters/optimizer-by-name";
import { inFolder } from "../../support/tiny-bert";
import { rejection } from "../../support/rejection";
import { writeFile } from "node:fs/promises";

/** Names of an interface's properties, by its source. */
function membersOf(file: string, name: string): string[] {
  const source = ts.createSourceFile(
    file,
    readFileSync(join(__dirname, "../../../lib", file), "utf8"),
    ts.ScriptTarget.Latest,
    true,
  );
  const found: string[] = [];
  source.forEachChild((node) => {
    if (ts.isInterfaceDeclaration(node) && node.name.text === name) {
      found.push(...node.members.map((member) => member.name?.getText() ?? ""));
    }
  });
  return found;
}

async function settingsOf(args: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  const command = addSettings(
    new Command().exitOverride().configureOutput({ writeErr: () => undefined }),
    TRAIN_SECTIONS,
  );
  command.parse(args, { from: "user" });
  return givenSettings(command, TRAIN_SECTIONS);
}

/** What the Trainer gets for flags. Each option of the Trainer has a case; those of groups have several flags. */
const CASES: Readonly<Record<string, readonly [flags: readonly string[], value: unknown]>> = {
  epochs: [["--epochs", "1.5"], 1.5],
  maxSteps: [["--max-steps", "7"], 7],
  maxSeconds: [["--max-seconds", "60"], 60],
  learningRate: [["--learning-rate", "2e-5"], 2e-5],
  lrSchedulerType: [["--lr-scheduler-type", "polynomial"], "polynomial"],
  lrSchedulerKwargs: [["--lr-scheduler-kwargs", "power=2,lrEnd=1e-7"], { power: 2, lrEnd: 1e-7 }],
  warmupSteps: [["--warmup-steps", "3"], 3],
  warmupRatio: [["--warmup-ratio", "0.1"], 0.1],
  gradientAccumulationSteps: [["--gradient-accumulation-steps", "2"], 2],
  precision: [["--precision", "bf16"], "bf16"],
  weightDecay: [["--weight-decay", "0.01"], 0.01],
  adamBeta1: [["--adam-beta1", "0.8"], 0.8],
  adamBeta2: [["--adam-beta2", "0.99"], 0.99],
  adamEpsilon: [["--adam-epsilon", "1e-6"], 1e-6],
  optim: [["--optim", "sgd"], "sgd"],
  optimArgs: [["--optim-args", "momentum=0.9", "--optim-args", "nesterov=true"], { momentum: 0.9, nesterov: true }],
  maxGradNorm: [["--max-grad-norm", "0"], 0],
  layerwiseLrDecay: [["--layerwise-lr-decay", "0.9"], 0.9],
  paramGroups: [
    ["--param-groups", "match=classifier.*,learningRate=1e-3", "--param-groups", "match=/bias$/,weightDecay=0"],
    [
      { match: "classifier.*", learningRate: 1e-3 },
      { match: /bias$/, weightDecay: 0 },
    ],
  ],
  freeze: [
    ["--freeze", "bert.embeddings.*", "--freeze", "/layer\\.[01]\\./"],
    ["bert.embeddings.*", /layer\.[01]\./],
  ],
  gradualUnfreezing: [["--gradual-unfreezing"], true],
  labelSmoothingFactor: [["--label-smoothing-factor", "0.1"], 0.1],
  classWeights: [["--class-weights", "good=1,bad=2.5"], { good: 1, bad: 2.5 }],
  focalGamma: [["--focal-gamma", "2"], 2],
  averageWeights: [
    ["--average-weights", "swa", "--average-weights-start", "0.5", "--average-weights-every", "3"],
    { type: "swa", start: 0.5, every: 3 },
  ],
  gradientCheckpointing: [["--gradient-checkpointing"], true],
  autoFindBatchSize: [["--auto-find-batch-size"], true],
  nonFinite: [["--non-finite", "skip"], "skip"],
  seed: [["--seed", "1"], 1],
  device: [["--device", "cpu"], "cpu"],
  outputDir: [["--output", "runs/a"], "runs/a"],
  logEvery: [["--log-every", "1"], 1],
  reportTo: [
    ["--report-to", "csv,tensorboard", "--output-dir", "runs/a"],
    ["csv", "tensorboard"],
  ],
  saveStrategy: [["--save-strategy", "steps"], "steps"],
  saveSteps: [["--save-steps", "20"], 20],
  saveSeconds: [["--save-seconds", "30"], 30],
  saveTotalLimit: [["--save-total-limit", "1"], 1],
  evalStrategy: [["--eval-strategy", "steps"], "steps"],
  evalSteps: [["--eval-steps", "5"], 5],
  earlyStoppingPatience: [["--early-stopping-patience", "2"], 2],
  earlyStoppingThreshold: [["--early-stopping-threshold", "0.01"], 0.01],
  metricForBestModel: [["--metric-for-best-model", "macroF1"], "macroF1"],
  greaterIsBetter: [["--no-greater-is-better"], false],
  loadBestModelAtEnd: [["--load-best-model-at-end"], true],
  progress: [["--progress", "lines"], "lines"],
};

/** Those that say something about the model, or are functions of a file: tested with whole runs. */
const ELSEWHERE = ["labels", "problemType", "distillation", "computeLoss", "callbacks"];

describe("flags of torchwright train", () => {
  it("are there for every option that the type TrainerOptions has, but for the signal", () => {
    const members = membersOf("train/options.ts", "TrainerOptions");
    expect(members.length).to.be.greaterThan(45);
    expect(Object.keys(TRAINER_SETTINGS)).to.have.members(members);
    expect(TRAINER_OPTIONS).to.have.members(members);
    expect([...Object.keys(CASES), ...ELSEWHERE, "signal"]).to.have.members(members);
  });

  it("are there for every option of the loader, of LoRA and of the hub", () => {
    const elsewhere = ["device", "labels", "problemType", "seed"];
    expect([...Object.keys(LOADER_SETTINGS), ...elsewhere]).to.have.members(
      membersOf("data/loading/options.ts", "DataLoaderOptions"),
    );
    expect(Object.keys(HUB_SETTINGS)).to.have.members(membersOf("hub/options.ts", "HubOptions"));
    expect(Object.keys(LORA_SETTINGS.lora.settings)).to.have.members([...LORA_OPTIONS]);
  });

  it("name the optimizers and schedules that there are", () => {
    expect(OPTIMIZERS).to.have.members([...OPTIMIZER_NAMES]);
    expect(SCHEDULERS).to.have.members([...SCHEDULER_TYPES, "reduce_lr_on_plateau"]);
  });

  it("are each there once", () => {
    const flags = TRAIN_SECTIONS.flatMap(({ settings }) => settings.map(flagName));
    expect(flags.filter((flag, at) => flags.indexOf(flag) !== at)).to.deep.equal([]);
  });

  for (const [name, [flags, value]] of Object.entries(CASES)) {
    it(`${flags.join(" ")} is the Trainer's ${name}`, async () => {
      const output = name === "outputDir" ? {} : { outputDir: "runs/a" };
      const { options } = trainerOptions({ ...output, ...(await settingsOf(flags)) });
      expect(options[name as keyof typeof options]).to.deep.equal(value);
    });
  }

  it("give weights of classes as a word, by name or by number", async () => {
    expect((await settingsOf(["--class-weights", "balanced"]))["classWeights"]).to.equal("balanced");
    expect((await settingsOf(["--class-weights", "1,2.5"]))["classWeights"]).to.deep.equal([1, 2.5]);
  });

  it("switch groups on, alone or with any of their settings, and off over the file", async () => {
    expect((await settingsOf(["--lora"]))["lora"]).to.deep.equal({});
    expect((await settingsOf(["--lora-r", "4", "--lora-target-modules", "query,dense"]))["lora"]).to.deep.equal({
      r: 4,
      targetModules: ["query", "dense"],
    });
    expect(
      (await settingsOf(["--lora-target-modules", "all-linear", "--lora-init-lora-weights", "false"]))["lora"],
    ).to.deep.equal({ targetModules: "all-linear", initLoraWeights: false });
    expect((await settingsOf(["--windows-stride", "16"]))["windows"]).to.deep.equal({ stride: 16 });
    await inFolder(async (folder) => {
      await writeFile(join(folder, "a.yaml"), "lora: { r: 4, loraAlpha: 16 }\n");
      expect((await settingsOf(["--config", join(folder, "a.yaml"), "--lora-r", "2"]))["lora"]).to.deep.equal({
        r: 2,
        loraAlpha: 16,
      });
      expect(await settingsOf(["--config", join(folder, "a.yaml"), "--lora"])).to.deep.equal({
        lora: { r: 4, loraAlpha: 16 },
      });
      expect(await settingsOf(["--config", join(folder, "a.yaml"), "--no-lora"])).to.deep.equal({});
    });
  });

  it("refuse what is no value of their kind, and settings without what they belong to", async () => {
    for (const flags of [
      ["--epochs", "many"],
      ["--max-steps", "1.5"],
      ["--optim", "adamax"],
      ["--optim-args", "momentum"],
      ["--class-weights", "none"],
    ]) {
      expect(await settingsOf(flags).catch((error: Error) => error.message), flags.join(" ")).to.match(/is invalid/);
    }
    const wrong = [
      ["--epochs", "-1"],
      ["--distillation-alpha", "0.1"],
      ["--average-weights-decay", "0.9"],
      ["--freeze", "/[/"],
      ["--compute-loss", "nowhere.js"],
      ["--metric-for-best-model", "loss", "--load-best-model-at-end", "--save-strategy", "no"],
    ];
    for (const flags of wrong) {
      await rejection(
        settingsOf(flags).then((given) => trainerOptions({ outputDir: "runs/a", ...given })),
        "ERR_INVALID_ARG",
      );
    }
  });
});
