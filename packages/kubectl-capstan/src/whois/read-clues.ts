import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import { PluginError, UsageError } from "../exit-code.ts";
import { readPresentedCertificate } from "../presented-certificate.ts";
import type { Clue } from "./clue.ts";
import { readSerials, sessionNameOfArn, serialOfSessionName } from "./read-serial.ts";
import { readTrail } from "./read-trail.ts";
import { clueOfEvent } from "./trail-event.ts";

export interface ReadClues {
  readonly clues: readonly Clue[];
  /** Events that tell of no session of IAM Roles Anywhere. */
  readonly otherEvents: number;
}

/** What CloudTrail's files become at most, unpacked: a string holds no more. */
const maxBytes = 400_000_000;

/**
 * Makes clues of what the user has named: serial numbers, ARNs of sessions, and files, `-` being standard input.
 *
 * @throws {UsageError} for what is none of these
 * @throws {PluginError} for a file that cannot be read, or holds neither a certificate nor events
 */
export async function readClues(targets: readonly string[], readInput: () => Promise<Uint8Array>): Promise<ReadClues> {
  const read: ReadClues[] = [];
  for (const target of targets) read.push(await readTarget(target, readInput));
  return {
    clues: read.flatMap(({ clues }) => clues),
    otherEvents: read.reduce((sum, { otherEvents }) => sum + otherEvents, 0),
  };
}

function readTarget(target: string, readInput: () => Promise<Uint8Array>): ReadClues | Promise<ReadClues> {
  if (target === "-") return readInput().then((bytes) => cluesOfBytes(bytes, "standard input"));
  if (target.startsWith("arn:")) return { clues: [clueOfArn(target)], otherEvents: 0 };
  const [first, ...others] = readSerials(target);
  if (first !== undefined) return { clues: [{ given: target, serials: [first, ...others] }], otherEvents: 0 };
  return readFileOrFail(target).then((bytes) => cluesOfBytes(bytes, target));
}

function clueOfArn(arn: string): Clue {
  const sessionName = sessionNameOfArn(arn);
  if (sessionName === undefined) {
    throw new UsageError(
      `${JSON.stringify(arn)} is no role session: give arn:aws:sts::ACCOUNT:assumed-role/ROLE/SERIAL, as CloudTrail's userIdentity.arn has it`,
    );
  }
  const serial = serialOfSessionName(sessionName);
  if (serial === undefined) {
    throw new UsageError(
      `${JSON.stringify(arn)}: the session's name is no serial number, so it is none of IAM Roles Anywhere, or its profile lets callers choose the name: give its CreateSession event instead`,
    );
  }
  return { given: arn, serials: [serial] };
}

function cluesOfBytes(packed: Uint8Array, where: string): ReadClues {
  const bytes = unpacked(packed, where);
  const start = bytes.subarray(0, 64).toString("latin1").trimStart();
  if (start === "") throw new PluginError(`${where} is empty`);
  if (start.startsWith("{") || start.startsWith("[")) {
    const events = readTrail(bytes.toString(), where);
    const clues = events.flatMap((event) => clueOfEvent(event) ?? []);
    return { clues, otherEvents: events.length - clues.length };
  }
  const certificate = readPresentedCertificate(bytes, where);
  return { clues: [{ given: where, serials: [certificate.serial], certificate }], otherEvents: 0 };
}

/** CloudTrail's files in S3 are gzip (RFC 1952, 2.3.1). */
function unpacked(bytes: Uint8Array, where: string): Buffer {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    return gunzipSync(bytes, { maxOutputLength: maxBytes });
  } catch (cause) {
    throw new PluginError(`${where} cannot be unpacked (${cause instanceof Error ? cause.message : "unknown"})`, {
      cause,
    });
  }
}

async function readFileOrFail(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT") {
      throw new UsageError(`${JSON.stringify(path)} is no serial number, no ARN of a role session and no file`, {
        cause,
      });
    }
    throw new PluginError(`${path} cannot be read (${code ?? "unknown"})`, { cause });
  }
}
