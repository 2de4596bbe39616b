import type { Crl, NotificationSetting, TrustAnchor } from "./control-plane.ts";
import { RolesAnywhereError } from "./errors.ts";

/** Reads a member of an answer; every method refuses what has another type, and names the member. */
export class AnswerReader {
  readonly #operation: string;
  readonly #path: string;
  readonly #members: Readonly<Record<string, unknown>>;

  /** @throws {RolesAnywhereError} ERR_AWS_RESPONSE when the value is no object */
  constructor(operation: string, value: unknown, path = "") {
    this.#operation = operation;
    this.#path = path;
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw this.#refuse("");
    this.#members = value as Record<string, unknown>;
  }

  text(name: string): string {
    const value = this.#members[name];
    if (typeof value !== "string") throw this.#refuse(name);
    return value;
  }

  flag(name: string): boolean {
    const value = this.#members[name];
    if (typeof value !== "boolean") throw this.#refuse(name);
    return value;
  }

  date(name: string): Date {
    const value = new Date(this.text(name));
    if (Number.isNaN(value.getTime())) throw this.#refuse(name);
    return value;
  }

  optionalText(name: string): string | undefined {
    return this.#isAbsent(name) ? undefined : this.text(name);
  }

  optionalNumber(name: string): number | undefined {
    const value = this.#members[name];
    if (this.#isAbsent(name)) return undefined;
    if (typeof value !== "number") throw this.#refuse(name);
    return value;
  }

  object(name: string): AnswerReader {
    return new AnswerReader(this.#operation, this.#members[name], this.#at(name));
  }

  optionalObject(name: string): AnswerReader | undefined {
    return this.#isAbsent(name) ? undefined : this.object(name);
  }

  /** None when the member is absent. */
  list(name: string): readonly AnswerReader[] {
    const value = this.#members[name];
    if (this.#isAbsent(name)) return [];
    if (!Array.isArray(value)) throw this.#refuse(name);
    return value.map((item, index) => new AnswerReader(this.#operation, item, `${this.#at(name)}[${index}]`));
  }

  #isAbsent(name: string): boolean {
    return this.#members[name] === undefined || this.#members[name] === null;
  }

  #at(name: string): string {
    return [this.#path, name].filter((part) => part !== "").join(".");
  }

  #refuse(name: string): RolesAnywhereError {
    const place = this.#at(name);
    return new RolesAnywhereError(
      "ERR_AWS_RESPONSE",
      `${this.#operation}: the answer has no ${place === "" ? "object" : `proper ${place}`}: check the endpoint and any proxy before it`,
      { operation: this.#operation },
    );
  }
}

export function readTrustAnchor(detail: AnswerReader): TrustAnchor {
  const source = detail.object("source");
  const bundlePem = source.optionalObject("sourceData")?.optionalText("x509CertificateData");
  return {
    id: detail.text("trustAnchorId"),
    arn: detail.text("trustAnchorArn"),
    name: detail.text("name"),
    enabled: detail.flag("enabled"),
    sourceType: source.text("sourceType"),
    ...(bundlePem === undefined ? {} : { bundlePem }),
    notificationSettings: detail.list("notificationSettings").map(readNotificationSetting),
  };
}

function readNotificationSetting(detail: AnswerReader): NotificationSetting {
  const thresholdDays = detail.optionalNumber("threshold");
  const configuredBy = detail.optionalText("configuredBy");
  return {
    event: detail.text("event"),
    enabled: detail.flag("enabled"),
    ...(thresholdDays === undefined ? {} : { thresholdDays }),
    ...(configuredBy === undefined ? {} : { configuredBy }),
  };
}

export function readCrl(detail: AnswerReader): Crl {
  return {
    id: detail.text("crlId"),
    arn: detail.text("crlArn"),
    name: detail.text("name"),
    enabled: detail.flag("enabled"),
    trustAnchorArn: detail.text("trustAnchorArn"),
    crlPem: Buffer.from(detail.text("crlData"), "base64").toString("utf8"),
  };
}
