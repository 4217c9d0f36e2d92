/** For tests: the error that a promise or a function ends in, checked to be Torchwright's with a code. */
import { expect } from "chai";
import { type ErrorCode, TorchwrightError } from "../../lib/errors";

/** The error that a promise is rejected with; fails when it resolves or the code is another. */
export async function rejection(work: Promise<unknown>, code: ErrorCode): Promise<TorchwrightError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return checked(error, code);
}

/** The error that a function throws; fails when it returns or the code is another. */
export function thrown(work: () => unknown, code: ErrorCode): TorchwrightError {
  let error: unknown;
  try {
    work();
  } catch (reason) {
    error = reason;
  }
  return checked(error, code);
}

function checked(error: unknown, code: ErrorCode): TorchwrightError {
  expect(error, "the error").to.be.instanceOf(TorchwrightError);
  const coded = error as TorchwrightError;
  expect(coded.code, coded.message).to.equal(code);
  return coded;
}
