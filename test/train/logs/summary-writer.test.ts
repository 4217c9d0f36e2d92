import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { SummaryWriter } from "../../../lib/train/logs/summary-writer";
import { crc32c, readEvents, readRecords } from "../../support/event-file";
import { rejection, thrown } from "../../support/rejection";
import { inFolder } from "../../support/tiny-bert";

const GOLDEN = join(__dirname, "..", "..", "golden");

interface Golden {
  readonly start: { readonly purgeStep: number; readonly wallTime: number };
  readonly scalars: readonly {
    readonly tag: string;
    readonly value: number | null;
    readonly step: number;
    readonly wallTime: number;
  }[];
  readonly text: { readonly tag: string; readonly text: string; readonly step: number; readonly wallTime: number };
}

/** The one event file of a folder. */
async function onlyFile(folder: string): Promise<Buffer> {
  const names = await readdir(folder);
  expect(names).to.have.length(1);
  return readFile(join(folder, names[0] as string));
}

describe("SummaryWriter", () => {
  it("is checked by a reader that knows the checksums of RFC 3720", () => {
    // Its appendix B.4
    expect(crc32c(Buffer.alloc(32))).to.equal(0x8a9136aa);
    expect(crc32c(Buffer.alloc(32, 0xff))).to.equal(0x62a8ab43);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).to.equal(0x46dd794e);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => 31 - i))).to.equal(0x113fdb5c);
  });

  it("writes scalars and texts to the byte as PyTorch's SummaryWriter does", () =>
    inFolder(async (folder) => {
      const golden = JSON.parse(await readFile(join(GOLDEN, "tensorboard.json"), "utf8")) as Golden;
      const { records: theirs } = readRecords(await readFile(join(GOLDEN, "tensorboard.tfevents")));
      const writer = new SummaryWriter(folder, { purgeStep: golden.start.purgeStep });
      for (const { tag, value, step, wallTime } of golden.scalars) writer.addScalar(tag, value ?? NaN, step, wallTime);
      writer.addText(golden.text.tag, golden.text.text, golden.text.step, golden.text.wallTime);
      await writer.close();
      const { records: ours } = readRecords(await onlyFile(folder));
      // Theirs begin with the version twice, the first of them with the writer's name.
      const values = golden.scalars.length + 1;
      expect(theirs).to.have.length(3 + values);
      expect(ours).to.have.length(2 + values);
      expect(ours.slice(2)).to.deep.equal(theirs.slice(3));
      const untimed = (record: Buffer): Buffer => record.subarray(9); // the first field is the time
      expect(ours.slice(0, 2).map(untimed)).to.deep.equal(theirs.slice(1, 3).map(untimed));
    }));

  it("begins with the file's version, and where work goes on with a session's start", () =>
    inFolder(async (folder) => {
      const before = Date.now() / 1000;
      await new SummaryWriter(join(folder, "new")).close();
      await new SummaryWriter(join(folder, "resumed"), { purgeStep: 200 }).close();
      const [first] = readEvents(await onlyFile(join(folder, "new")));
      expect(first).to.deep.include({ step: 0, version: "brain.Event:2" });
      expect(first?.wallTime).to.be.within(before, Date.now() / 1000);
      const [version, session] = readEvents(await onlyFile(join(folder, "resumed")));
      expect(version).to.deep.include({ step: 200, version: "brain.Event:2" });
      expect(session).to.deep.include({ step: 200, session: 1 });
    }));

  it("writes at each flush what was added since, in order, also where flushes overlap", () =>
    inFolder(async (folder) => {
      const writer = new SummaryWriter(folder);
      const flushes: Promise<void>[] = [];
      for (let step = 1; step <= 50; step++) {
        writer.addScalar("loss", step / 2, step);
        flushes.push(writer.flush());
      }
      await Promise.all(flushes);
      const events = readEvents(await onlyFile(folder));
      expect(events.slice(1).map(({ step, scalar }) => [step, scalar])).to.deep.equal(
        Array.from({ length: 50 }, (_, i) => [i + 1, { tag: "loss", value: (i + 1) / 2 }]),
      );
    }));

  it("leaves a file that can be read up to where its process was killed in the middle of writing", () =>
    inFolder(async (folder) => {
      const writer = new SummaryWriter(folder);
      for (let step = 1; step <= 3; step++) writer.addScalar("loss", step, step);
      await writer.close();
      const whole = await onlyFile(folder);
      const all = readRecords(whole).records;
      for (let length = 0; length < whole.length; length++) {
        const { records } = readRecords(whole.subarray(0, length));
        expect(records).to.deep.equal(all.slice(0, records.length));
      }
    }));

  it("takes a file of its own, behind all others of the folder in the order in which they are read", () =>
    inFolder(async (folder) => {
      await writeFile(join(folder, "events.out.tfevents.4000000000.elsewhere.1.0"), "");
      await Promise.all([new SummaryWriter(folder).close(), new SummaryWriter(folder).close()]);
      await new SummaryWriter(folder).close();
      const names = (await readdir(folder)).sort();
      expect(names).to.have.length(4);
      expect(names[0]).to.equal("events.out.tfevents.4000000000.elsewhere.1.0");
      for (const name of names.slice(1)) expect(readEvents(await readFile(join(folder, name)))).to.have.length(1);
    }));

  it("refuses what is no value, tag, step, time, text or folder, and stays as it was", () =>
    inFolder(async (folder) => {
      const writer = new SummaryWriter(folder);
      const wrong: (() => unknown)[] = [
        () => writer.addScalar("loss", "1" as never, 1),
        () => writer.addScalar("loss", undefined as never, 1),
        () => writer.addScalar("", 1, 1),
        () => writer.addScalar(3 as never, 1, 1),
        () => writer.addScalar("loss", 1, -1),
        () => writer.addScalar("loss", 1, 0.5),
        () => writer.addScalar("loss", 1, NaN),
        () => writer.addScalar("loss", 1, 2n as never),
        () => writer.addScalar("loss", 1, 1, Infinity),
        () => writer.addText("args", {} as never),
        () => new SummaryWriter(""),
        () => new SummaryWriter(undefined as never),
        () => new SummaryWriter(folder, { purgeStep: -2 }),
      ];
      for (const call of wrong) {
        expect(thrown(call, "ERR_INVALID_ARG").message).to.match(/^SummaryWriter: expected .*, got /);
      }
      await writer.close();
      expect(readEvents(await onlyFile(folder))).to.have.length(1);
    }));

  it("says which folder it could not write", () =>
    inFolder(async (folder) => {
      await writeFile(join(folder, "file"), "");
      const writer = new SummaryWriter(join(folder, "file", "runs"));
      expect((await rejection(writer.flush(), "ERR_FILE_WRITE")).message).to.contain(join(folder, "file", "runs"));
    }));
});
