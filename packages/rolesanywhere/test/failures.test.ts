import { createServer } from "node:net";
import type { AddressInfo } from "node:net";

import { describe, expect, test } from "vitest";

import type { RolesAnywhereControlPlane } from "../src/control-plane.ts";
import { rootA } from "./certificates.ts";
import { startScriptedServer } from "./scripted-server.ts";
import type { Answer } from "./scripted-server.ts";
import { anchorId, controlPlaneAt, crlId, errorOf, wireAnchor } from "./setup.ts";

const get = (aws: RolesAnywhereControlPlane): Promise<unknown> => aws.getTrustAnchor(anchorId);

describe("an AWS error is mapped by its type, wherever the answer carries it", () => {
  const types = [
    ["AccessDeniedException", 403, "ERR_AWS_ACCESS_DENIED", false],
    ["AccessDenied", 403, "ERR_AWS_ACCESS_DENIED", false],
    ["ValidationException", 400, "ERR_AWS_VALIDATION", false],
    ["TooManyTagsException", 400, "ERR_AWS_VALIDATION", false],
    ["ThrottlingException", 429, "ERR_AWS_THROTTLED", true],
    ["ThrottlingException", 400, "ERR_AWS_THROTTLED", true],
    ["TooManyRequestsException", 429, "ERR_AWS_THROTTLED", true],
    ["ServiceQuotaExceededException", 402, "ERR_AWS_QUOTA", false],
    ["InternalServerException", 500, "ERR_AWS_UNAVAILABLE", true],
    ["ServiceUnavailableException", 503, "ERR_AWS_UNAVAILABLE", true],
    ["UnrecognizedClientException", 403, "ERR_AWS_CREDENTIALS_REFUSED", true],
    ["ExpiredTokenException", 403, "ERR_AWS_CREDENTIALS_REFUSED", true],
    ["InvalidSignatureException", 403, "ERR_AWS_CREDENTIALS_REFUSED", true],
    ["RequestTimeTooSkewed", 403, "ERR_AWS_CLOCK_SKEW", true],
    ["NeverHeardOfException", 403, "ERR_AWS_ACCESS_DENIED", false],
    ["NeverHeardOfException", 409, "ERR_AWS_VALIDATION", false],
    ["NeverHeardOfException", 500, "ERR_AWS_UNAVAILABLE", true],
    // A name that every JavaScript object has as a property.
    ["constructor", 400, "ERR_AWS_RESPONSE", true],
  ] as const;
  const forms = {
    "header x-amzn-errortype": (type: string): Partial<Exclude<Answer, string>> => ({
      headers: { "x-amzn-errortype": `${type}:http://internal.amazon.com/coral/` },
      body: { message: "because" },
    }),
    "body __type": (type: string) => ({ body: { __type: `com.amazonaws.rolesanywhere#${type}`, Message: "because" } }),
    "body code": (type: string) => ({ body: { code: type, message: "because" } }),
  };

  describe.each(Object.entries(forms))("%s", (_name, form) => {
    test.each(types)("%s with HTTP %i is %s", async (type, status, code, retryable) => {
      await using server = await startScriptedServer(() => ({ status, ...form(type) }));

      const error = await errorOf(get(controlPlaneAt(server.url)));

      expect(error).toMatchObject({ code, retryable, operation: "GetTrustAnchor", httpStatus: status });
      if (code !== "ERR_AWS_RESPONSE") {
        expect(error).toMatchObject({ awsType: type, message: `GetTrustAnchor: AWS answered ${type}: because` });
      }
      expect(server.requests).toHaveLength(1);
    });
  });
});

describe("without a type", () => {
  test.each([
    [401, "ERR_AWS_RESPONSE"],
    [403, "ERR_AWS_RESPONSE"],
    [404, "ERR_AWS_RESPONSE"],
    [302, "ERR_AWS_RESPONSE"],
    [429, "ERR_AWS_THROTTLED"],
    [500, "ERR_AWS_UNAVAILABLE"],
    [502, "ERR_AWS_UNAVAILABLE"],
    [504, "ERR_AWS_UNAVAILABLE"],
  ])("HTTP %i is %s, with a body of JSON, HTML or nothing", async (status, code) => {
    const bodies = [{}, { message: "no" }, "<html>gateway</html>", ""];
    await using server = await startScriptedServer((_request, number) => ({ status, body: bodies[number] ?? "" }));
    const aws = controlPlaneAt(server.url);

    for (const _body of bodies) expect(await errorOf(get(aws))).toMatchObject({ code, retryable: true });
    expect(server.requests).toHaveLength(bodies.length);
  });
});

describe("not found", () => {
  const notFound: Answer = {
    status: 404,
    headers: { "x-amzn-errortype": "ResourceNotFoundException" },
    body: { message: "not here" },
  };

  test("is undefined for what was asked by its id", async () => {
    await using server = await startScriptedServer(() => notFound);
    const aws = controlPlaneAt(server.url);

    expect(await aws.getTrustAnchor(anchorId)).toBeUndefined();
    expect(await aws.getCrl(crlId)).toBeUndefined();
  });

  test("is an error for what was to be changed", async () => {
    await using server = await startScriptedServer(() => notFound);
    const update = controlPlaneAt(server.url).updateTrustAnchor({ id: anchorId, bundlePem: rootA });

    expect(await errorOf(update)).toMatchObject({ code: "ERR_AWS_NOT_FOUND", retryable: false });
  });

  test("is not believed of a server that does not say so in AWS's words", async () => {
    await using server = await startScriptedServer(() => ({ status: 404, body: "<html>404 page not found</html>" }));

    expect(await errorOf(get(controlPlaneAt(server.url)))).toMatchObject({ code: "ERR_AWS_RESPONSE" });
  });
});

describe("throttling", () => {
  const throttled = (retryAfter: string | undefined): Answer => ({
    status: 429,
    headers: {
      "x-amzn-errortype": "ThrottlingException",
      "x-amzn-requestid": "r-1",
      ...(retryAfter === undefined ? {} : { "retry-after": retryAfter }),
    },
    body: { message: "Rate exceeded" },
  });

  test.each([
    ["7", 7_000],
    ["0", 0],
    ["Wed, 21 Oct 2015 07:28:00 GMT", 0],
    ["soon", undefined],
    ["-1", undefined],
    [undefined, undefined],
  ])("Retry-After: %s gives %s ms", async (header, retryAfterMs) => {
    await using server = await startScriptedServer(() => throttled(header));

    const error = await errorOf(get(controlPlaneAt(server.url)));

    expect(error).toMatchObject({ code: "ERR_AWS_THROTTLED", retryable: true, requestId: "r-1" });
    expect(error.retryAfterMs).toBe(retryAfterMs);
    expect(server.requests).toHaveLength(1);
  });
});

describe("connections", () => {
  test("a refused connection is ERR_AWS_UNAVAILABLE", async () => {
    const aws = controlPlaneAt(`http://127.0.0.1:${await unusedPort()}`);

    expect(await errorOf(get(aws))).toMatchObject({
      code: "ERR_AWS_UNAVAILABLE",
      retryable: true,
      message: "GetTrustAnchor: AWS was not reached: ECONNREFUSED",
    });
  });

  test("a name that does not resolve is ERR_AWS_UNAVAILABLE", async () => {
    // RFC 6761: .invalid never resolves.
    expect(await errorOf(get(controlPlaneAt("http://aws.invalid")))).toMatchObject({ code: "ERR_AWS_UNAVAILABLE" });
  });

  test("a connection closed before the answer is ERR_AWS_UNAVAILABLE, and the request is not repeated", async () => {
    await using server = await startScriptedServer(() => "close the connection");

    expect(await errorOf(get(controlPlaneAt(server.url)))).toMatchObject({ code: "ERR_AWS_UNAVAILABLE" });
    expect(server.requests).toHaveLength(1);
  });

  test.each(["never answer", "stall in the body"] as const)("an AWS that would %s is given up in time", async (how) => {
    await using server = await startScriptedServer(() => how);

    expect(await errorOf(get(controlPlaneAt(server.url, { requestTimeoutMs: 300 })))).toMatchObject({
      code: "ERR_AWS_UNAVAILABLE",
      retryable: true,
      message: "GetTrustAnchor: no answer within 300 ms",
    });
  });

  test("after an outage the next call goes through", async () => {
    const outage: readonly Answer[] = ["close the connection", "never answer", { status: 503, body: "" }];
    await using server = await startScriptedServer(
      (_request, number) => outage[number] ?? { body: { trustAnchor: wireAnchor } },
    );
    const hasty = controlPlaneAt(server.url, { requestTimeoutMs: 1_000 });

    for (const _answer of outage) expect(await errorOf(get(hasty))).toMatchObject({ code: "ERR_AWS_UNAVAILABLE" });
    expect(await controlPlaneAt(server.url).getTrustAnchor(anchorId)).toMatchObject({ id: anchorId });
  });
});

describe("aborting", () => {
  test("ends a call under way with the signal's reason", async () => {
    const controller = new AbortController();
    await using server = await startScriptedServer(() => {
      controller.abort(new Error("shutting down"));
      return "never answer";
    });

    await expect(controlPlaneAt(server.url).getTrustAnchor(anchorId, controller.signal)).rejects.toThrow(
      "shutting down",
    );
  });

  test("before the call sends nothing", async () => {
    await using server = await startScriptedServer(() => ({}));
    const signal = AbortSignal.abort(new Error("shutting down"));

    await expect(controlPlaneAt(server.url).listCrls(signal)).rejects.toThrow("shutting down");
    expect(server.requests).toEqual([]);
  });

  test("between two pages asks for no further one", async () => {
    const controller = new AbortController();
    await using server = await startScriptedServer((_request, number) => ({ body: { nextToken: `${number}` } }));
    const list = controlPlaneAt(server.url, {
      log: { debug: () => controller.abort(new Error("shutting down")) },
    }).listCrls(controller.signal);

    await expect(list).rejects.toThrow("shutting down");
    expect(server.requests).toHaveLength(1);
  });
});

describe("what an error tells", () => {
  test("a bundle that AWS repeats, a header and a key do not get into it", async () => {
    await using server = await startScriptedServer(() => ({
      status: 400,
      headers: { "x-amzn-errortype": "ValidationException", "x-secret": "header value" },
      body: {
        message: `1 validation error detected: Value '${rootA.repeat(9)}' at 'source' failed to satisfy constraint: length`,
        bundle: rootA,
      },
    }));
    const secretAccessKey = "0123456789secretAccessKey";
    const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey };

    const error = await errorOf(get(controlPlaneAt(server.url, { credentials })));

    expect(error.message).toMatchInlineSnapshot(
      `"GetTrustAnchor: AWS answered ValidationException: 1 validation error detected: Value '[PEM removed] [PEM removed] [PEM removed] [PEM removed] [PEM removed] [PEM removed] [PEM removed] [PEM removed] [PEM removed] ' at 'source' failed to satisfy constraint: length"`,
    );
    expect(error.cause).toBeUndefined();
    const everything = JSON.stringify(error, [...Object.getOwnPropertyNames(error)]);
    for (const hidden of ["MII", "header value", secretAccessKey, "127.0.0.1"])
      expect(everything).not.toContain(hidden);
  });
});

async function unusedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}
