import {
  CreateTrustAnchorCommand,
  EnableCrlCommand,
  EnableTrustAnchorCommand,
  GetCrlCommand,
  GetTrustAnchorCommand,
  ImportCrlCommand,
  ListCrlsCommand,
  ListTrustAnchorsCommand,
  UpdateCrlCommand,
  UpdateTrustAnchorCommand,
} from "@aws-sdk/client-rolesanywhere";
import type {
  CrlDetail,
  ListCrlsCommandOutput,
  ListTrustAnchorsCommandOutput,
  Source,
  Tag,
  TrustAnchorDetail,
} from "@aws-sdk/client-rolesanywhere";

import { checkBundle, checkCrl, checkId, checkName, checkPlace, checkTrustAnchorArn } from "./check-arguments.ts";
import { monotonicClock } from "./clock.ts";
import type { Clock } from "./clock.ts";
import type { RolesAnywhereControlPlane, Tags } from "./control-plane.ts";
import type { AwsCredentialSource } from "./credentials.ts";
import { RolesAnywhereError } from "./errors.ts";
import { sharedPacers } from "./pacer.ts";
import { parseCrl, parseTrustAnchor } from "./parse-answer.ts";
import { createSender } from "./send.ts";
import type { Call, CallLog } from "./send.ts";

export interface ControlPlaneOptions {
  readonly region: string;
  /** An http or https URL; by default the region's own, as the SDK knows it. See `endpointFromEnvironment`. */
  readonly endpoint?: string | undefined;
  /** Default is AWS's standard provider chain. */
  readonly credentials?: AwsCredentialSource | undefined;
  /** Times the pacing. Default is the monotonic clock of the process. */
  readonly clock?: Clock;
  /** From a request's turn until its whole answer is here, credentials included. Default is 30,000 (30 seconds). */
  readonly requestTimeoutMs?: number;
  /** One debug line per answered request. Failures are thrown, and logged by whoever handles them. */
  readonly log?: CallLog;
}

/**
 * @throws {RolesAnywhereError} ERR_AWS_CONFIGURATION for a region or endpoint that makes no sense
 *
 * @example
 * const aws = createControlPlane({ region: "eu-central-1" });
 * for (const anchor of await aws.listTrustAnchors()) report(anchor.name, anchor.enabled);
 */
export function createControlPlane(options: ControlPlaneOptions): RolesAnywhereControlPlane {
  const { region, endpoint, credentials, clock = monotonicClock, requestTimeoutMs = 30_000, log } = options;
  checkPlace(region, endpoint);
  const { trustAnchors, crls } = sharedPacers({ clock, credentials, region, endpoint });
  const send = createSender({ region, endpoint, credentials, clock, requestTimeoutMs, log });

  type Request<T> = Call<T>["request"];
  type AnchorRequest = Request<{ readonly trustAnchor?: TrustAnchorDetail | undefined }>;
  type CrlRequest = Request<{ readonly crl?: CrlDetail | undefined }>;
  // For the operations that answer with one trust anchor, or one CRL.
  const anchorOf = async (operation: string, signal: AbortSignal | undefined, request: AnchorRequest) =>
    parseTrustAnchor(operation, (await send({ operation, pacer: trustAnchors, signal, request })).trustAnchor);
  const crlOf = async (operation: string, signal: AbortSignal | undefined, request: CrlRequest) =>
    parseCrl(operation, (await send({ operation, pacer: crls, signal, request })).crl);

  return {
    async listTrustAnchors(signal) {
      const operation = "ListTrustAnchors";
      const details = await allPages(operation, async (from) => {
        const request: Request<ListTrustAnchorsCommandOutput> = (client, options) =>
          client.send(new ListTrustAnchorsCommand(from), options);
        const page = await send({ operation, pacer: trustAnchors, signal, request });
        return { items: page.trustAnchors, nextToken: page.nextToken };
      });
      return details.map((detail) => parseTrustAnchor(operation, detail));
    },

    async getTrustAnchor(id, signal) {
      checkId("GetTrustAnchor", id);
      const command = new GetTrustAnchorCommand({ trustAnchorId: id });
      return unlessNotFound(anchorOf("GetTrustAnchor", signal, (client, options) => client.send(command, options)));
    },

    async createTrustAnchor({ name, bundlePem, tags }, signal) {
      checkName("CreateTrustAnchor", name);
      checkBundle("CreateTrustAnchor", bundlePem);
      // What AWS does without `enabled` is not documented.
      const input = { name, source: bundleSource(bundlePem), enabled: true, ...tagMember(tags) };
      const command = new CreateTrustAnchorCommand(input);
      return anchorOf("CreateTrustAnchor", signal, (client, options) => client.send(command, options));
    },

    async updateTrustAnchor({ id, bundlePem }, signal) {
      checkId("UpdateTrustAnchor", id);
      checkBundle("UpdateTrustAnchor", bundlePem);
      const command = new UpdateTrustAnchorCommand({ trustAnchorId: id, source: bundleSource(bundlePem) });
      return anchorOf("UpdateTrustAnchor", signal, (client, options) => client.send(command, options));
    },

    async enableTrustAnchor(id, signal) {
      checkId("EnableTrustAnchor", id);
      const command = new EnableTrustAnchorCommand({ trustAnchorId: id });
      return anchorOf("EnableTrustAnchor", signal, (client, options) => client.send(command, options));
    },

    async listCrls(signal) {
      const operation = "ListCrls";
      const details = await allPages(operation, async (from) => {
        const request: Request<ListCrlsCommandOutput> = (client, options) =>
          client.send(new ListCrlsCommand(from), options);
        const page = await send({ operation, pacer: crls, signal, request });
        return { items: page.crls, nextToken: page.nextToken };
      });
      return details.map((detail) => parseCrl(operation, detail));
    },

    async getCrl(id, signal) {
      checkId("GetCrl", id);
      const command = new GetCrlCommand({ crlId: id });
      return unlessNotFound(crlOf("GetCrl", signal, (client, options) => client.send(command, options)));
    },

    async importCrl({ name, trustAnchorArn, crlPem, tags }, signal) {
      checkName("ImportCrl", name);
      checkTrustAnchorArn("ImportCrl", trustAnchorArn, region);
      checkCrl("ImportCrl", crlPem);
      const crlData = new TextEncoder().encode(crlPem);
      // Without `enabled` an imported CRL is disabled and revokes nothing.
      const command = new ImportCrlCommand({ name, trustAnchorArn, crlData, enabled: true, ...tagMember(tags) });
      return crlOf("ImportCrl", signal, (client, options) => client.send(command, options));
    },

    async updateCrl({ id, crlPem }, signal) {
      checkId("UpdateCrl", id);
      checkCrl("UpdateCrl", crlPem);
      const command = new UpdateCrlCommand({ crlId: id, crlData: new TextEncoder().encode(crlPem) });
      return crlOf("UpdateCrl", signal, (client, options) => client.send(command, options));
    },

    async enableCrl(id, signal) {
      checkId("EnableCrl", id);
      const command = new EnableCrlCommand({ crlId: id });
      return crlOf("EnableCrl", signal, (client, options) => client.send(command, options));
    },
  };
}

interface Page<T> {
  readonly items: readonly T[] | undefined;
  readonly nextToken: string | undefined;
}

async function allPages<T>(
  operation: string,
  readPage: (from: { readonly nextToken?: string }) => Promise<Page<T>>,
): Promise<readonly T[]> {
  const all: T[] = [];
  const seen = new Set<string>();
  let from: { readonly nextToken?: string } = {};
  for (;;) {
    const { items = [], nextToken } = await readPage(from);
    all.push(...items);
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

function tagMember(tags: Tags | undefined): { readonly tags?: Tag[] } {
  return tags === undefined ? {} : { tags: Object.entries(tags).map(([key, value]) => ({ key, value })) };
}
