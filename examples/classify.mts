/** Opens the folder that `fine-tune.mts` saved and classifies texts. */
import { Classifier } from "torchwright";

const classifier = await Classifier.load("runs/tickets/model");

const { label, probability } = await classifier.predict("the printer is on fire");
console.log(`${label}, with a probability of ${probability.toFixed(2)}`);

for (const { top } of await classifier.predict(["I cannot log in", "where is my refund"], { topK: 2 })) {
  console.log(top.map((guess) => `${guess.label} ${guess.probability.toFixed(2)}`).join(", "));
}
classifier.dispose();
