import { call, type CallOptions } from "./call.ts";
import {
  checkAccount,
  checkBundle,
  checkCrl,
  checkEvents,
  checkId,
  checkName,
  checkNotifications,
  checkPlace,
  checkTrustAnchorArn,
} from "./check-arguments.ts";
import { monotonicClock } from "./clock.ts";
import type { Clock } from "./clock.ts";
import type { RolesAnywhereControlPlane, Tags, WantedNotification } from "./control-plane.ts";
import { type AwsCredentials, type AwsCredentialSource, keepCredentials } from "./credentials.ts";
import { RolesAnywhereError } from "./errors.ts";
import { noCredentials } from "./map-error.ts";
import { type OperationName, operations } from "./operations.ts";
import { sharedPacers } from "./pacer.ts";
import { AnswerReader, readCrl, readTrustAnchor } from "./parse-answer.ts";
import type { EndpointVariant } from "./partitions.ts";
import { createRequestHandler } from "./request-handler.ts";
import { ServerClock } from "./server-clock.ts";
import { signSigV4 } from "./sign-sigv4.ts";

export interface ControlPlaneOptions extends CallOptions, EndpointVariant {
  readonly region: string;
  /** An http or https URL without a path; by default the region's own. See `endpointFromEnvironment`. */
  readonly endpoint?: string | undefined;
  /** Default is AWS's standard provider chain. */
  readonly credentials?: AwsCredentialSource | undefined;
  /** Twelve digits: whose quota paces the calls. By default whatever has the same credential source counts as one account. */
  readonly account?: string;
  /** Times the pacing. Default is the monotonic clock of the process. */
  readonly clock?: Clock;
}

/** The credential source of whoever gives none. */
const chain = {};

/**
 * @throws {RolesAnywhereError} ERR_AWS_CONFIGURATION for a region or endpoint that makes no sense
 *
 * @example
 * const aws = createControlPlane({ region: "eu-central-1" });
 * for (const anchor of await aws.listTrustAnchors()) report(anchor.name, anchor.enabled);
 */
export function createControlPlane(options: ControlPlaneOptions): RolesAnywhereControlPlane {
  const { region, account, credentials: source, clock = monotonicClock } = options;
  const { requestHandler = createRequestHandler(), requestTimeoutMs = 30_000, now = () => new Date() } = options;
  const base = checkPlace("createControlPlane", options);
  if (account !== undefined) checkAccount("createControlPlane", account);
  const pacers = sharedPacers({ clock, owner: account ?? source ?? chain, region, endpoint: base.origin });
  const keeper = keepCredentials({ source, region, requestHandler, now });
  const serverClock = new ServerClock(now);
  const shared: CallOptions = {
    ...options,
    onServerDate: (reading) => {
      serverClock.read(reading);
      options.onServerDate?.(reading);
    },
  };

  /** Sends one request and reads its answer, an object. */
  const send = async (
    operation: OperationName,
    input: { readonly id?: string; readonly nextToken?: string; readonly body?: unknown },
    signal: AbortSignal | undefined,
  ): Promise<AnswerReader> => {
    const { method, path, rate } = operations[operation];
    const { id = "", nextToken, body } = input;
    let used: AwsCredentials | undefined;
    try {
      const answer = await call({
        operation,
        request: {
          method,
          url: new URL(path.replace("{id}", id), base),
          query: nextToken === undefined ? {} : { nextToken },
          headers: body === undefined ? {} : { "content-type": "application/json" },
          body: body === undefined ? "" : JSON.stringify(body),
        },
        sign: async (request) => {
          const credentials = await keeper.current().catch((error: unknown) => {
            throw noCredentials(operation, error);
          });
          used = credentials;
          return signSigV4(request, { credentials, region, at: serverClock.now() });
        },
        pacer: pacers[rate],
        clock,
        options: { ...shared, requestHandler, requestTimeoutMs, now },
        signal,
      });
      return new AnswerReader(operation, answer);
    } catch (error) {
      const isRefused = error instanceof RolesAnywhereError && error.code === "ERR_AWS_CREDENTIALS_REFUSED";
      if (isRefused && used !== undefined) keeper.discard(used);
      throw error;
    }
  };

  /** Of an operation that answers with one trust anchor, or one CRL. */
  const anchorOf = async (...[operation, input, signal]: Parameters<typeof send>) =>
    readTrustAnchor((await send(operation, input, signal)).object("trustAnchor"));
  const crlOf = async (...[operation, input, signal]: Parameters<typeof send>) =>
    readCrl((await send(operation, input, signal)).object("crl"));

  const allPages = async (
    operation: OperationName,
    member: string,
    signal: AbortSignal | undefined,
  ): Promise<readonly AnswerReader[]> => {
    const all: AnswerReader[] = [];
    const seen = new Set<string>();
    for (let from: { readonly nextToken?: string } = {}; ;) {
      const page = await send(operation, from, signal);
      all.push(...page.list(member));
      const nextToken = page.optionalText("nextToken");
      if (nextToken === undefined) return all;
      if (seen.has(nextToken)) {
        throw new RolesAnywhereError(
          "ERR_AWS_RESPONSE",
          `${operation}: the pages of the answer run in a circle: check the endpoint and any proxy before it`,
          { operation },
        );
      }
      seen.add(nextToken);
      from = { nextToken };
    }
  };

  return {
    async listTrustAnchors(signal) {
      return (await allPages("ListTrustAnchors", "trustAnchors", signal)).map(readTrustAnchor);
    },

    async getTrustAnchor(id, signal) {
      checkId("GetTrustAnchor", id);
      return unlessNotFound(anchorOf("GetTrustAnchor", { id }, signal));
    },

    async createTrustAnchor({ name, bundlePem, notificationSettings, tags }, signal) {
      checkName("CreateTrustAnchor", name);
      checkBundle("CreateTrustAnchor", bundlePem);
      if (notificationSettings !== undefined) checkNotifications("CreateTrustAnchor", notificationSettings);
      // What AWS does without `enabled` is not documented.
      const body = {
        name,
        source: bundleSource(bundlePem),
        enabled: true,
        ...(notificationSettings === undefined ? {} : { notificationSettings: notificationSettings.map(wireSetting) }),
        ...tagMember(tags),
      };
      return anchorOf("CreateTrustAnchor", { body }, signal);
    },

    async updateTrustAnchor({ id, bundlePem }, signal) {
      checkId("UpdateTrustAnchor", id);
      checkBundle("UpdateTrustAnchor", bundlePem);
      return anchorOf("UpdateTrustAnchor", { id, body: { source: bundleSource(bundlePem) } }, signal);
    },

    async enableTrustAnchor(id, signal) {
      checkId("EnableTrustAnchor", id);
      return anchorOf("EnableTrustAnchor", { id }, signal);
    },

    async disableTrustAnchor(id, signal) {
      checkId("DisableTrustAnchor", id);
      return anchorOf("DisableTrustAnchor", { id }, signal);
    },

    async deleteTrustAnchor(id, signal) {
      checkId("DeleteTrustAnchor", id);
      await unlessNotFound(send("DeleteTrustAnchor", { id }, signal));
    },

    async putNotificationSettings({ id, settings }, signal) {
      checkId("PutNotificationSettings", id);
      checkNotifications("PutNotificationSettings", settings);
      const body = { trustAnchorId: id, notificationSettings: settings.map(wireSetting) };
      return anchorOf("PutNotificationSettings", { body }, signal);
    },

    async resetNotificationSettings({ id, events }, signal) {
      checkId("ResetNotificationSettings", id);
      checkEvents("ResetNotificationSettings", "events", events);
      const body = { trustAnchorId: id, notificationSettingKeys: events.map((event) => ({ event })) };
      return anchorOf("ResetNotificationSettings", { body }, signal);
    },

    async listCrls(signal) {
      return (await allPages("ListCrls", "crls", signal)).map(readCrl);
    },

    async getCrl(id, signal) {
      checkId("GetCrl", id);
      return unlessNotFound(crlOf("GetCrl", { id }, signal));
    },

    async importCrl({ name, trustAnchorArn, crlPem, tags }, signal) {
      checkName("ImportCrl", name);
      checkTrustAnchorArn("ImportCrl", trustAnchorArn, region);
      checkCrl("ImportCrl", crlPem);
      // Without `enabled` an imported CRL is disabled and revokes nothing.
      const body = { name, trustAnchorArn, crlData: base64(crlPem), enabled: true, ...tagMember(tags) };
      return crlOf("ImportCrl", { body }, signal);
    },

    async updateCrl({ id, crlPem }, signal) {
      checkId("UpdateCrl", id);
      checkCrl("UpdateCrl", crlPem);
      return crlOf("UpdateCrl", { id, body: { crlData: base64(crlPem) } }, signal);
    },

    async enableCrl(id, signal) {
      checkId("EnableCrl", id);
      return crlOf("EnableCrl", { id }, signal);
    },

    async deleteCrl(id, signal) {
      checkId("DeleteCrl", id);
      await unlessNotFound(send("DeleteCrl", { id }, signal));
    },
  };
}

async function unlessNotFound<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof RolesAnywhereError && error.code === "ERR_AWS_NOT_FOUND") return undefined;
    throw error;
  }
}

function bundleSource(bundlePem: string): unknown {
  return { sourceType: "CERTIFICATE_BUNDLE", sourceData: { x509CertificateData: bundlePem } };
}

function wireSetting(setting: WantedNotification): unknown {
  const { event, enabled } = setting;
  return { event, enabled, ...(setting.enabled ? { threshold: setting.thresholdDays } : {}) };
}

function tagMember(tags: Tags | undefined): { readonly tags?: readonly unknown[] } {
  return tags === undefined ? {} : { tags: Object.entries(tags).map(([key, value]) => ({ key, value })) };
}

function base64(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}
