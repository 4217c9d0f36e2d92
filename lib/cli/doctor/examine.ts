/** Looks at all that training needs, in the order in which one thing rests on the other. */
import { TorchwrightError } from "../../errors";
import { majorMinor } from "../../native/locate";
import { nvidiaDriver } from "../../setup/nvidia";
import type { Finding, Report } from "./finding";
import { addonFinding, diskFinding, nodeFinding, systemFinding } from "./machine";
import {
  addonsBuiltFor,
  librariesFinding,
  libtorchFinding,
  locate,
  openingFinding,
  stepFinding,
} from "./native-findings";
import { driverFindings } from "./gpu-findings";
import { runProbe } from "./probe";
import type { AddonAnswer, OpenAnswer, StepAnswer } from "./probes";

/** Examines this machine; each probe gets `timeoutMs`. Never throws for what is wrong with the machine. */
export async function examine(timeoutMs: number): Promise<Report> {
  const findings: Finding[] = [nodeFinding(), systemFinding()];
  const addon = await runProbe<AddonAnswer>("addon", timeoutMs);
  const located = locate(addon.ok ? addon.value.release : undefined);
  findings.push(addonFinding(addon, located instanceof TorchwrightError ? undefined : addonsBuiltFor(located)));
  findings.push(await libtorchFinding(located, addon.ok ? addon.value.release : undefined));

  const driver = nvidiaDriver();
  const devices: string[] = [];
  if (located instanceof TorchwrightError) {
    findings.push(...driverFindings(driver, undefined, undefined));
  } else {
    findings.push(
      librariesFinding(
        located,
        addon.ok && majorMinor(addon.value.release) === majorMinor(located.version) ? addon.value.folder : undefined,
      ),
    );
    const opened = await runProbe<OpenAnswer>("open", timeoutMs);
    findings.push(openingFinding(opened), ...driverFindings(driver, located, opened.ok ? opened.value : undefined));
    for (const device of opened.ok ? ["cpu", ...opened.value.gpus.map((gpu) => gpu.device)] : []) {
      const step = await runProbe<StepAnswer>(`train:${device}`, timeoutMs);
      findings.push(stepFinding(device, step));
      if (step.ok) devices.push(device);
    }
  }
  findings.push(await diskFinding(located instanceof TorchwrightError));
  return { trains: !findings.some(({ status }) => status === "problem"), devices, findings };
}
