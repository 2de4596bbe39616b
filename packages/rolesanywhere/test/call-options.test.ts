import { describe, expect, test, vi } from "vitest";

import type { ServerDate } from "../src/call.ts";
import { type Answer, startScriptedServer } from "./scripted-server.ts";
import { anchorId, controlPlaneAt, errorOf, wireAnchor } from "./setup.ts";

const answer: Answer = { body: { trustAnchor: wireAnchor } };
const at = Date.UTC(2026, 10, 22, 3, 0, 0);
const date = "Sun, 22 Nov 2026 03:00:00 GMT";
const now = (): Date => new Date(at + 1_500);

describe("onServerDate", () => {
  test.each<[string, Answer, boolean]>([
    ["a success", { ...answer, headers: { date } }, true],
    ["a refusal", { status: 403, headers: { date, "x-amzn-errortype": "AccessDeniedException" }, body: {} }, true],
    ["an outage", { status: 503, headers: { date }, body: "" }, true],
    ["what is no answer of AWS's", { status: 200, headers: { date }, body: "<html>" }, true],
    ["a Date that is none", { ...answer, headers: { date: "soon" } }, false],
    ["a connection that closes", "close the connection", false],
  ])("is told the time of %s if it has one", async (_name, scripted, isTold) => {
    await using server = await startScriptedServer(() => scripted);
    const heard: ServerDate[] = [];
    const aws = controlPlaneAt(server.url, { now, onServerDate: (reading) => void heard.push(reading) });

    await aws.getTrustAnchor(anchorId).catch(() => undefined);

    expect(heard).toEqual(isTold ? [{ at, received: at + 1_500 }] : []);
  });
});

describe("now", () => {
  test("is what requests are signed by", async () => {
    await using server = await startScriptedServer(() => ({ ...answer, headers: { date } }));

    await controlPlaneAt(server.url, { now }).getTrustAnchor(anchorId);

    expect(server.requests[0]?.headers["x-amz-date"]).toBe("20261122T030001Z");
    expect(server.requests[0]?.headers.authorization).toContain("/20261122/eu-central-1/rolesanywhere/aws4_request,");
  });

  test.each([
    [0, "20261122T030000Z"],
    [3 * 60_000, "20261122T030000Z"],
    [-3 * 60_000, "20261122T030000Z"],
    [5 * 60_000, "20261122T030500Z"],
    [-5 * 60_000, "20261122T025500Z"],
    [86_400_000, "20261123T030000Z"],
  ])("is put right by AWS's time, which is %i ms ahead, only when AWS would mind", async (aheadMs, signedAt) => {
    const theirs = new Date(at + aheadMs).toUTCString();
    await using server = await startScriptedServer(() => ({ ...answer, headers: { date: theirs } }));
    const aws = controlPlaneAt(server.url, { now: () => new Date(at) });

    for (const _call of [1, 2]) await aws.getTrustAnchor(anchorId);

    expect(server.requests.map(({ headers }) => headers["x-amz-date"])).toEqual(["20261122T030000Z", signedAt]);
  });
});

describe("beforeSend", () => {
  test("runs once for each request, after it was signed", async () => {
    await using server = await startScriptedServer((_request, number) => ({
      body: number === 0 ? { trustAnchors: [], nextToken: "more" } : { trustAnchors: [] },
    }));
    const order: string[] = [];
    const credentials = async () => {
      order.push("credentials");
      return { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "not a real key" };
    };

    await controlPlaneAt(server.url, { credentials, beforeSend: () => void order.push("sent") }).listTrustAnchors();

    expect(order).toEqual(["credentials", "sent", "sent"]);
  });

  test.each<[string, unknown]>([
    ["an error", new Error("the lease was lost")],
    ["an abort", new DOMException("over", "AbortError")],
    ["anything", "a string"],
    ["nothing", undefined],
  ])("that throws %s ends the call with exactly that, and not a byte is sent", async (_name, thrown) => {
    await using server = await startScriptedServer(() => answer);
    const aws = controlPlaneAt(server.url, {
      beforeSend: () => {
        throw thrown;
      },
    });

    const outcome: unknown = await aws.getTrustAnchor(anchorId).then(
      () => "no error",
      (error: unknown) => error,
    );

    expect(outcome).toBe(thrown);
    expect(server.requests).toEqual([]);
  });

  test("of one call runs after the one of all, at the call's turn, and ends it in the same way", async () => {
    await using server = await startScriptedServer(() => answer);
    const order: string[] = [];
    const aws = controlPlaneAt(server.url, { beforeSend: () => void order.push("lease") });
    const thrown = new Error("too late");
    const update = { id: anchorId, bundlePem: wireAnchor.source.sourceData.x509CertificateData };

    const before = aws.getTrustAnchor(anchorId).then(() => order.push("answered"));
    const late = aws.updateTrustAnchor({
      ...update,
      beforeSend: () => {
        order.push("own");
        throw thrown;
      },
    });

    await expect(late).rejects.toBe(thrown);
    await before;
    expect(order).toEqual(["lease", "answered", "lease", "own"]);
    expect(server.requests).toHaveLength(1);
  });

  test("is not reached by a request that cannot be signed or connected", async () => {
    const beforeSend = vi.fn();
    const server = await startScriptedServer(() => answer);
    await server[Symbol.asyncDispose]();

    expect(await errorOf(controlPlaneAt(server.url, { beforeSend }).getTrustAnchor(anchorId))).toMatchObject({
      code: "ERR_AWS_UNAVAILABLE",
    });
    expect(beforeSend).not.toHaveBeenCalled();
  });

  test("lets the next call through when it is content again", async () => {
    await using server = await startScriptedServer(() => answer);
    let isLeader = false;
    const aws = controlPlaneAt(server.url, {
      beforeSend: () => {
        if (!isLeader) throw new Error("not the leader");
      },
    });

    await expect(aws.getTrustAnchor(anchorId)).rejects.toThrow("not the leader");
    isLeader = true;
    expect(await aws.getTrustAnchor(anchorId)).toMatchObject({ id: anchorId });
    expect(server.requests).toHaveLength(1);
  });
});

describe("requestTimeoutMs as a function", () => {
  test("is asked at each call's turn", async () => {
    await using server = await startScriptedServer((_request, number) => (number === 1 ? "never answer" : answer));
    const left = [20_000, 100];
    const aws = controlPlaneAt(server.url, { requestTimeoutMs: () => left.shift() ?? 0 });

    expect(await aws.getTrustAnchor(anchorId)).toMatchObject({ id: anchorId });
    expect((await errorOf(aws.getTrustAnchor(anchorId))).message).toBe("GetTrustAnchor: no answer within 100 ms");
    expect(left).toEqual([]);
  });

  test.each([0, -1, Number.NaN])("that says %d lets nothing be sent", async (left) => {
    await using server = await startScriptedServer(() => answer);
    const credentials = vi.fn();

    const error = await errorOf(
      controlPlaneAt(server.url, { requestTimeoutMs: () => left, credentials }).getTrustAnchor(anchorId),
    );

    expect(error).toMatchObject({
      code: "ERR_AWS_UNAVAILABLE",
      retryable: true,
      message: "GetTrustAnchor: not sent, since no time is left for an answer",
    });
    expect(credentials).not.toHaveBeenCalled();
    expect(server.requests).toEqual([]);
  });
});
