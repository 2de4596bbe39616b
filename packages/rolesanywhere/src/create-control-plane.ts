import {
  CreateTrustAnchorCommand,
  DeleteCrlCommand,
  DeleteTrustAnchorCommand,
  DisableTrustAnchorCommand,
  EnableCrlCommand,
  EnableTrustAnchorCommand,
  GetCrlCommand,
  GetTrustAnchorCommand,
  ImportCrlCommand,
  ListCrlsCommand,
  ListTrustAnchorsCommand,
  type RolesAnywhereClient,
  type Source,
  type Tag,
  UpdateCrlCommand,
  UpdateTrustAnchorCommand,
} from "@aws-sdk/client-rolesanywhere";

import { call, type CallOptions, type Carry } from "./call.ts";
import type { SignableRequest } from "./canonical-request.ts";
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
import type { HttpAnswer } from "./exchange.ts";
import { type OperationName, rates } from "./operations.ts";
import { sharedPacers } from "./pacer.ts";
import { AnswerReader, readCrl, readTrustAnchor } from "./parse-answer.ts";
import type { EndpointVariant } from "./partitions.ts";
import { createRequestHandler } from "./request-handler.ts";
import { ServerClock } from "./server-clock.ts";
import { sendBySdk } from "./sdk-client.ts";
import { type Signing, signSigV4 } from "./sign-sigv4.ts";

export interface ControlPlaneOptions extends CallOptions, EndpointVariant {
  readonly region: string;
  /** An http or https URL without a path; by default the region's own. See `endpointFromEnvironment`. */
  readonly endpoint?: string | undefined;
  /** Default is AWS's standard provider chain. */
  readonly credentials?: AwsCredentialSource | undefined;
  /**
   * Twelve digits: whose quota paces the calls, and whose every resource must be that AWS answers with. By default whatever has the
   * same credential source counts as one account.
   */
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
  let lastRequestId: string | undefined;
  const shared: CallOptions = {
    ...options,
    onRequestId: (requestId) => {
      lastRequestId = requestId;
      options.onRequestId?.(requestId);
    },
    onServerDate: (reading) => {
      serverClock.read(reading);
      options.onServerDate?.(reading);
    },
  };

  type Write = (options: Signing & { readonly carry: Carry }) => Promise<HttpAnswer>;

  /** Sends one request and reads its answer, an object. */
  const send = async (
    operation: OperationName,
    write: Write,
    signal: AbortSignal | undefined,
    beforeSend?: () => void,
  ): Promise<AnswerReader> => {
    let used: AwsCredentials | undefined;
    const credentials = async () => {
      used = await keeper.current().catch((error: unknown) => {
        throw noCredentials(operation, error);
      });
      return used;
    };
    try {
      const answer = await call({
        operation,
        request: (carry) => write({ region, credentials, now: () => serverClock.now(), carry }),
        pacer: pacers[rates[operation]],
        clock,
        options: {
          ...shared,
          requestHandler,
          requestTimeoutMs,
          now,
          beforeSend: () => {
            options.beforeSend?.();
            beforeSend?.();
          },
        },
        signal,
      });
      return new AnswerReader(operation, answer);
    } catch (error) {
      const isRefused = error instanceof RolesAnywhereError && error.code === "ERR_AWS_CREDENTIALS_REFUSED";
      if (isRefused && used !== undefined) keeper.discard(used);
      throw error;
    }
  };

  /** A command of AWS's client. */
  const by =
    (command: (client: RolesAnywhereClient) => Promise<unknown>): Write =>
    (options) =>
      sendBySdk({ ...options, endpoint: base.origin, command });

  /** A request with members that this release of AWS's client does not know. */
  const json =
    (method: SignableRequest["method"], path: string, body: unknown): Write =>
    async ({ carry, ...signing }) => {
      const request: SignableRequest = {
        method,
        url: new URL(path, base),
        query: {},
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      };
      return carry({ ...request, headers: await signSigV4(request, signing) });
    };

  /** Of an operation that answers with one trust anchor, or one CRL. */
  const anchorOf = async (...question: Parameters<typeof send>) =>
    ofAccount(question[0], readTrustAnchor((await send(...question)).object("trustAnchor")));
  const crlOf = async (...question: Parameters<typeof send>) =>
    ofAccount(question[0], readCrl((await send(...question)).object("crl")));

  /** What is of another account was found, or made, by another account's credentials. */
  const ofAccount = <T extends { readonly arn: string }>(operation: OperationName, found: T): T => {
    const { 4: owner = "" } = found.arn.split(":");
    if (account === undefined || owner === account) return found;
    throw new RolesAnywhereError(
      "ERR_AWS_WRONG_ACCOUNT",
      `${operation}: AWS answered with ${found.arn}, which is not of account ${account}: give credentials of that account`,
      { operation },
    );
  };

  const allPages = async (
    operation: OperationName,
    member: string,
    page: (from: { readonly nextToken?: string }) => Write,
    signal: AbortSignal | undefined,
  ): Promise<readonly AnswerReader[]> => {
    const all: AnswerReader[] = [];
    const seen = new Set<string>();
    for (let from: { readonly nextToken?: string } = {}; ;) {
      const answer = await send(operation, page(from), signal);
      all.push(...answer.list(member));
      const nextToken = answer.optionalText("nextToken");
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
    get lastRequestId() {
      return lastRequestId;
    },

    async listTrustAnchors(signal) {
      const page = (from: { readonly nextToken?: string }) =>
        by((client) => client.send(new ListTrustAnchorsCommand(from)));
      const all = await allPages("ListTrustAnchors", "trustAnchors", page, signal);
      return all.map((anchor) => ofAccount("ListTrustAnchors", readTrustAnchor(anchor)));
    },

    async getTrustAnchor(id, signal) {
      checkId("GetTrustAnchor", id);
      const write = by((client) => client.send(new GetTrustAnchorCommand({ trustAnchorId: id })));
      return unlessNotFound(anchorOf("GetTrustAnchor", write, signal));
    },

    async createTrustAnchor({ name, bundlePem, notificationSettings, tags }, signal) {
      checkName("CreateTrustAnchor", name);
      checkBundle("CreateTrustAnchor", bundlePem);
      if (notificationSettings !== undefined) checkNotifications("CreateTrustAnchor", notificationSettings);
      // What AWS does without `enabled` is not documented.
      const input = { name, source: bundleSource(bundlePem), enabled: true, ...tagMember(tags) };
      const write =
        notificationSettings === undefined
          ? by((client) => client.send(new CreateTrustAnchorCommand(input)))
          : json("POST", "/trustanchors", { ...input, notificationSettings: notificationSettings.map(wireSetting) });
      return anchorOf("CreateTrustAnchor", write, signal);
    },

    async updateTrustAnchor({ id, bundlePem, beforeSend }, signal) {
      checkId("UpdateTrustAnchor", id);
      checkBundle("UpdateTrustAnchor", bundlePem);
      const input = { trustAnchorId: id, source: bundleSource(bundlePem) };
      return anchorOf(
        "UpdateTrustAnchor",
        by((client) => client.send(new UpdateTrustAnchorCommand(input))),
        signal,
        beforeSend,
      );
    },

    async enableTrustAnchor(id, signal) {
      checkId("EnableTrustAnchor", id);
      const write = by((client) => client.send(new EnableTrustAnchorCommand({ trustAnchorId: id })));
      return anchorOf("EnableTrustAnchor", write, signal);
    },

    async disableTrustAnchor(id, signal) {
      checkId("DisableTrustAnchor", id);
      const write = by((client) => client.send(new DisableTrustAnchorCommand({ trustAnchorId: id })));
      return anchorOf("DisableTrustAnchor", write, signal);
    },

    async deleteTrustAnchor(id, signal) {
      checkId("DeleteTrustAnchor", id);
      const write = by((client) => client.send(new DeleteTrustAnchorCommand({ trustAnchorId: id })));
      await unlessNotFound(send("DeleteTrustAnchor", write, signal));
    },

    async putNotificationSettings({ id, settings }, signal) {
      checkId("PutNotificationSettings", id);
      checkNotifications("PutNotificationSettings", settings);
      const body = { trustAnchorId: id, notificationSettings: settings.map(wireSetting) };
      return anchorOf("PutNotificationSettings", json("PATCH", "/put-notifications-settings", body), signal);
    },

    async resetNotificationSettings({ id, events }, signal) {
      checkId("ResetNotificationSettings", id);
      checkEvents("ResetNotificationSettings", "events", events);
      const body = { trustAnchorId: id, notificationSettingKeys: events.map((event) => ({ event })) };
      return anchorOf("ResetNotificationSettings", json("PATCH", "/reset-notifications-settings", body), signal);
    },

    async listCrls(signal) {
      const page = (from: { readonly nextToken?: string }) => by((client) => client.send(new ListCrlsCommand(from)));
      const all = await allPages("ListCrls", "crls", page, signal);
      return all.map((crl) => ofAccount("ListCrls", readCrl(crl)));
    },

    async getCrl(id, signal) {
      checkId("GetCrl", id);
      const write = by((client) => client.send(new GetCrlCommand({ crlId: id })));
      return unlessNotFound(crlOf("GetCrl", write, signal));
    },

    async importCrl({ name, trustAnchorArn, crlPem, tags }, signal) {
      checkName("ImportCrl", name);
      checkTrustAnchorArn("ImportCrl", trustAnchorArn, region);
      checkCrl("ImportCrl", crlPem);
      const crlData = new TextEncoder().encode(crlPem);
      // Without `enabled` an imported CRL is disabled and revokes nothing.
      const input = { name, trustAnchorArn, crlData, enabled: true, ...tagMember(tags) };
      return crlOf(
        "ImportCrl",
        by((client) => client.send(new ImportCrlCommand(input))),
        signal,
      );
    },

    async updateCrl({ id, crlPem }, signal) {
      checkId("UpdateCrl", id);
      checkCrl("UpdateCrl", crlPem);
      const input = { crlId: id, crlData: new TextEncoder().encode(crlPem) };
      return crlOf(
        "UpdateCrl",
        by((client) => client.send(new UpdateCrlCommand(input))),
        signal,
      );
    },

    async enableCrl(id, signal) {
      checkId("EnableCrl", id);
      return crlOf(
        "EnableCrl",
        by((client) => client.send(new EnableCrlCommand({ crlId: id }))),
        signal,
      );
    },

    async deleteCrl(id, signal) {
      checkId("DeleteCrl", id);
      const write = by((client) => client.send(new DeleteCrlCommand({ crlId: id })));
      await unlessNotFound(send("DeleteCrl", write, signal));
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

function bundleSource(bundlePem: string): Source {
  return { sourceType: "CERTIFICATE_BUNDLE", sourceData: { x509CertificateData: bundlePem } };
}

function wireSetting(setting: WantedNotification): unknown {
  const { event, enabled } = setting;
  return { event, enabled, ...(setting.enabled ? { threshold: setting.thresholdDays } : {}) };
}

function tagMember(tags: Tags | undefined): { readonly tags?: Tag[] } {
  return tags === undefined ? {} : { tags: Object.entries(tags).map(([key, value]) => ({ key, value })) };
}
