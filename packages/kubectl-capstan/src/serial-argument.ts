import { CaError, parseSerial, type SerialHex } from "@capstan/ca-core";
import { UsageError } from "./exit-code.ts";

/** A serial number as somebody pasted it: openssl's upper case and colons, 0x and leading zeros are understood. @throws {UsageError} */
export function parseSerialArgument(text: string): SerialHex {
  try {
    return parseSerial(text);
  } catch (error) {
    if (error instanceof CaError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}
