import { expect } from "chai";
import { isHubName } from "../../lib/hub/hub-name";

describe("what names a model of the hub", () => {
  for (const name of [
    "bert-base-uncased",
    "google-bert/bert-base-uncased",
    "sentence-transformers/all-MiniLM-L6-v2",
    "a/b",
    "_x/y_",
    "v1.0/model.v2",
    "x".repeat(96),
  ]) {
    it(`does: ${name.slice(0, 40)}`, () => expect(isHubName(name)).to.equal(true));
  }

  for (const path of [
    "./minilm",
    "../minilm",
    "/models/minilm",
    "~/minilm",
    "~",
    ".",
    "..",
    "",
    "runs/tickets/model",
    "minilm/",
    "a//b",
    "C:\\models\\minilm",
    "models\\minilm",
    "a--b/c",
    "a/b..c",
    "a/b.git",
    "-a/b",
    "a/b-",
    "a/.b",
    "a b",
    "a/b\n",
    "ä/b",
    "x".repeat(97),
    "file:///x",
    "https://huggingface.co/a/b",
  ]) {
    it(`is a path: ${JSON.stringify(path.slice(0, 40))}`, () => expect(isHubName(path)).to.equal(false));
  }
});
