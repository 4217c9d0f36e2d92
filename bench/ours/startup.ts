/**
 * Our start-up: imports, opens a saved folder, classifies one text, prints that it did.
 *
 * `node startup.js <model folder> <text>`; counterpart of `bench/peers/startup.py`.
 */
import { Classifier } from "../../lib/index";
import { peakBytes, reply } from "./serve";

async function main(): Promise<void> {
  const [folder = "", text = ""] = process.argv.slice(2);
  const classifier = await Classifier.load(folder, { device: "cpu" });
  const { label, probability } = await classifier.predict(text);
  reply({ label, probability, peakBytes: peakBytes() });
}

void main();
