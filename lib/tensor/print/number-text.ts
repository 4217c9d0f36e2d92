/** Python's text of floating-point numbers: ties go to the even digit, which JavaScript's `toFixed` does not do. */

/** As Python's `f"{value:.4f}"`. */
export function fixedText(value: number): string {
  if (!Number.isFinite(value)) return nonFiniteText(value);
  const size = Math.abs(value);
  // Four decimals leave a tie only for an odd multiple of 1/32, whose ten-thousandth part is exact.
  const tie = (size * 32) % 2 === 1;
  const digits = tie ? evenTenThousandths(size) : size.toFixed(4);
  return sign(value) + digits;
}

/** As Python's `f"{value:.4e}"`. */
export function scientificText(value: number): string {
  if (!Number.isFinite(value)) return nonFiniteText(value);
  const size = Math.abs(value);
  // Exact digits, enough of them to tell a tie from its neighbours.
  const [, kept = "", last = ""] = /^(\d\.\d{3}(\d))50*e/.exec(size.toExponential(60)) ?? [];
  const rounded = size.toExponential(4);
  const tieToEven = kept !== "" && Number(last) % 2 === 0;
  const [mantissa = "", exponent = "+0"] = rounded.split("e");
  return `${sign(value)}${tieToEven ? kept : mantissa}e${exponent[0]}${exponent.slice(1).padStart(2, "0")}`;
}

/** As Python's `f"{value:.0f}"` of an integral number. */
export function integralText(value: number): string {
  if (!Number.isFinite(value)) return nonFiniteText(value);
  return sign(value) + BigInt(Math.abs(value)).toString();
}

function sign(value: number): string {
  return value < 0 || Object.is(value, -0) ? "-" : "";
}

function nonFiniteText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  return value > 0 ? "inf" : "-inf";
}

function evenTenThousandths(size: number): string {
  const below = Math.floor(size * 10000);
  const digits = String(below % 2 === 0 ? below : below + 1).padStart(5, "0");
  return `${digits.slice(0, -4)}.${digits.slice(-4)}`;
}
