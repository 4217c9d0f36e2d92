/**
 * A certificate that only who is told of it trusts: for a server on loopback, made anew for each run, so that no key
 * lies in the repository.
 */
import { generateKeyPairSync, randomBytes, sign } from "node:crypto";

export interface SelfSigned {
  /** In PEM, as is the certificate. */
  readonly key: string;
  readonly cert: string;
}

/** For a host name, valid for a day before and after now. X.509 version 3 (RFC 5280), written as DER by hand. */
export function selfSigned(host: string): SelfSigned {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const algorithm = der(0x30, oid(1, 2, 840, 10045, 4, 3, 2)); // ecdsa-with-SHA256
  const name = der(0x30, der(0x31, der(0x30, oid(2, 5, 4, 3), der(0x0c, Buffer.from(host)))));
  const day = 86_400_000;
  const validity = der(0x30, utcTime(new Date(Date.now() - day)), utcTime(new Date(Date.now() + day)));
  const subjectAltName = der(0x30, oid(2, 5, 29, 17), der(0x04, der(0x30, der(0x82, Buffer.from(host)))));
  const authority = der(
    0x30,
    oid(2, 5, 29, 19),
    der(0x01, Buffer.from([0xff])),
    der(0x04, der(0x30, der(0x01, Buffer.from([0xff])))),
  );
  const serial = Buffer.concat([Buffer.from([1]), randomBytes(8)]);
  const body = der(
    0x30,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, serial),
    algorithm,
    name,
    validity,
    name,
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, der(0x30, subjectAltName, authority)),
  );
  const signature = der(0x03, Buffer.from([0]), sign("sha256", body, privateKey));
  const lines =
    der(0x30, body, algorithm, signature)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`,
  };
}

function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const size = content.length;
  const length = size < 128 ? [size] : size < 256 ? [0x81, size] : [0x82, size >> 8, size & 255];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}

function oid(first: number, second: number, ...rest: readonly number[]): Buffer {
  const bytes = rest.flatMap((part) =>
    part < 128
      ? [part]
      : part < 16384
        ? [128 | (part >> 7), part & 127]
        : [128 | (part >> 14), 128 | ((part >> 7) & 127), part & 127],
  );
  return der(0x06, Buffer.from([40 * first + second, ...bytes]));
}

function utcTime(date: Date): Buffer {
  return der(0x17, Buffer.from(`${date.toISOString().replace(/[-:T]/g, "").slice(2, 14)}Z`));
}
