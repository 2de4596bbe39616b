import { RolesAnywhereError } from "./errors.ts";

/** One PEM block (RFC 7468). */
export interface PemBlock {
  readonly label: string;
  readonly der: Uint8Array;
}

const block = /-----BEGIN (?<label>[^\r\n-]*)-----(?<body>[^-]*)-----END (?<end>[^\r\n-]*)-----/gu;
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/u;

/**
 * The blocks of a PEM text in their order; what lies outside them is passed over (see `outsidePem`).
 * @throws {RolesAnywhereError} ERR_INVALID_ARGUMENT naming `field`
 */
export function decodePemBlocks(text: string, field: string): readonly PemBlock[] {
  const blocks = [...text.matchAll(block)].map(({ groups }, index) => {
    const { label = "", body = "", end = "" } = groups ?? {};
    const place = `block ${index + 1}`;
    if (label !== end) throw refuse(field, `${place} begins and ends with different labels`);
    const data = body.replaceAll(/[\t\n\r ]/gu, "");
    const der = Buffer.from(data, "base64");
    // The second reading refuses base64 whose unused last bits are set, of which one DER would have several forms.
    if (data === "" || !base64.test(data) || der.toString("base64") !== data) {
      throw refuse(field, `${place} is not base64`);
    }
    return { label, der: new Uint8Array(der) };
  });
  if (/-----(?:BEGIN|END) /u.test(outsidePem(text))) {
    throw refuse(field, "a BEGIN or END line stands alone");
  }
  return blocks;
}

/** What a PEM text holds besides its blocks. */
export function outsidePem(text: string): string {
  return text.replaceAll(block, "");
}

/** Canonical PEM: lines of 64 characters, each ended by LF. */
export function encodePemBlock(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/gu) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}

function refuse(field: string, fault: string): RolesAnywhereError {
  return new RolesAnywhereError(
    "ERR_INVALID_ARGUMENT",
    `${field}: ${fault} (RFC 7468): write each block with its BEGIN and END lines, and with real line breaks`,
    { operation: "decodePemBlocks", field },
  );
}
