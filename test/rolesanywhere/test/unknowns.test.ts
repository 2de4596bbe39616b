import {
  CreateProfileCommand,
  CreateTrustAnchorCommand,
  DeleteTrustAnchorCommand,
  DisableTrustAnchorCommand,
  GetCrlCommand,
  GetTrustAnchorCommand,
  ImportCrlCommand,
  ListCrlsCommand,
  ListTrustAnchorsCommand,
  UpdateCrlCommand,
  UpdateTrustAnchorCommand,
} from "@aws-sdk/client-rolesanywhere";
import { rootCertificates } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UNKNOWNS, type Unknowns } from "../src/index.ts";
import { ACCOUNT, ADMIN, type Fixture, newClient, refusal, startFixture, trustPolicy, WEB_ROLE } from "./fixture.ts";
import { type Issued, LEAF_EXTENSIONS, type OpensslCa, OpensslPki } from "./openssl-pki.ts";

const HOUR_MS = 3_600_000;
const GHOST = "00000000-0000-0000-0000-000000000000";
const USER = {
  accessKeyId: "AKIAUSER",
  secretAccessKey: "user-secret",
  arn: `arn:aws:iam::${ACCOUNT}:user/clerk`,
  policies: [],
} as const;

const pki = new OpensslPki();
const hours = (count: number): Date => new Date(Date.now() + count * HOUR_MS);

let root: OpensslCa;
let next: OpensslCa;
let third: OpensslCa;
let issuing: OpensslCa;
let leaf: Issued;
let leafBelow: Issued;
/** Lists `leaf` alone. */
let leafCrl: Uint8Array;

beforeAll(() => {
  root = pki.root({ notAfter: hours(96) });
  next = pki.root({ notAfter: hours(96) });
  third = pki.root({ notAfter: hours(96) });
  issuing = root.intermediate();
  leaf = root.issue({ notAfter: hours(96) });
  leafBelow = issuing.issue();
  leafCrl = root.crl({ revoked: [leaf] });
});

afterAll(() => pki.dispose());

const source = (x509CertificateData: string) =>
  ({ sourceType: "CERTIFICATE_BUNDLE", sourceData: { x509CertificateData } }) as const;

const idOf = (arn: string): string => arn.split("/")[1] ?? "";

/** `done`, or the status and name of the refusal. */
async function outcome(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => "done",
    async (error: unknown) => {
      const { status, name } = await refusal(Promise.reject(error));
      return `${status} ${name}`;
    },
  );
}

async function session(f: Fixture, trustAnchorArn: string, of = leaf, chain: readonly Issued[] = []): Promise<string> {
  const { status, message } = await f.session({
    leaf: of,
    trustAnchorArn,
    ...(chain.length === 0 ? {} : { chain }),
  });
  return status === 201 ? "session" : `${status} ${message}`;
}

async function bundleOf(f: Fixture, trustAnchorArn: string): Promise<string> {
  const read = await f.client.send(new GetTrustAnchorCommand({ trustAnchorId: idOf(trustAnchorArn) }));
  return read.trustAnchor?.source?.sourceData?.x509CertificateData ?? "";
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** What to do to learn the answer, and what is then seen in each position. */
interface Experiment<Position extends string> {
  readonly look: (f: Fixture) => Promise<string>;
  readonly seen: Readonly<Record<Position, string>>;
}

const REFUSED = "400 ValidationException";

const EXPERIMENTS: { readonly [Name in keyof Unknowns]: Experiment<Unknowns[Name]> } = {
  thirdCertificate: {
    look: async (f) => {
      const created = f.anchor(root, next, third);
      const answer = await outcome(created);
      if (answer !== "done") return answer;
      const arn = await created;
      return `${await session(f, arn)}, of the third ${await session(f, arn, third.issue())}`;
    },
    seen: { refuse: REFUSED, ignore: "session, of the third 403 Untrusted signing certificate" },
  },
  bundleLimit: {
    look: async (f) => {
      const padded = (length: number): Promise<string> => {
        const bundle = root.certificatePem.padEnd(length, "\n");
        return outcome(f.client.send(new CreateTrustAnchorCommand({ name: "long", source: source(bundle) })));
      };
      return [await padded(8000), await padded(8001), await padded(16_000), await padded(16_001)].join(", ");
    },
    seen: {
      "8000": `done, ${REFUSED}, ${REFUSED}, ${REFUSED}`,
      "16000": `done, done, done, ${REFUSED}`,
    },
  },
  caOutsideValidity: {
    look: async (f) => {
      const expired = pki.root({ notBefore: hours(-48), notAfter: hours(-24) });
      const created = f.anchor(root, expired);
      const answer = await outcome(created);
      return answer === "done" ? `done, of the expired ${await session(f, await created, expired.issue())}` : answer;
    },
    seen: { refuse: REFUSED, accept: "done, of the expired 403 Untrusted signing certificate" },
  },
  sameSubjectAndKey: {
    look: async (f) => outcome(f.anchor(root, root.renamed("/CN=Example Fleet CA"))),
    seen: { accept: "done", refuse: REFUSED },
  },
  publicCa: {
    look: async (f) => {
      const seen = new Set<string>();
      // Not every public root keeps the rules for CA certificates; those that do are treated alike.
      for (const bundle of rootCertificates.slice(0, 20)) {
        const create = new CreateTrustAnchorCommand({ name: "public", source: source(bundle) });
        const { message } = await refusal(f.client.send(create));
        if (message === "the call was not refused" || message.includes("public CA")) seen.add(message);
      }
      return `${[...seen].join()}; own ${await outcome(f.anchor(root))}`;
    },
    seen: {
      accept: "the call was not refused; own done",
      refuse: "A certificate of a public CA cannot be used as a trust anchor.; own done",
    },
  },
  bundleReadBack: {
    look: async (f) => {
      const read = await bundleOf(f, await f.anchor(root, next));
      const [a, b] = [root.certificatePem, next.certificatePem];
      const forms: Readonly<Record<string, string>> = {
        [a + b]: "as sent",
        [`${a}${b}\n`]: "one more newline",
        [(a + b).replaceAll("\n", "\r\n")]: "CRLF",
        [b + a]: "reversed",
      };
      return forms[read] ?? read;
    },
    seen: { verbatim: "as sent", "trailing-newline": "one more newline", crlf: "CRLF", reversed: "reversed" },
  },
  enabledOmitted: {
    look: async (f) => {
      const { trustAnchor } = await f.client.send(
        new CreateTrustAnchorCommand({ name: "prod", source: source(root.certificatePem) }),
      );
      const { profile } = await f.client.send(new CreateProfileCommand({ name: "new", roleArns: [] }));
      const { crl } = await f.client.send(
        new ImportCrlCommand({ name: "fleet", trustAnchorArn: trustAnchor?.trustAnchorArn, crlData: leafCrl }),
      );
      return [trustAnchor?.enabled, profile?.enabled, crl?.enabled].join(", ");
    },
    seen: { disabled: "false, false, false", enabled: "true, true, false" },
  },
  anchorWithCrls: {
    look: async (f) => {
      const arn = await f.anchor(root);
      await f.crl(arn, leafCrl);
      const deleted = await outcome(f.client.send(new DeleteTrustAnchorCommand({ trustAnchorId: idOf(arn) })));
      const { crls } = await f.client.send(new ListCrlsCommand({}));
      return `${deleted}, ${crls?.length} left`;
    },
    seen: { refuse: `${REFUSED}, 1 left`, "delete-crls": "done, 0 left", "keep-crls": "done, 1 left" },
  },
  quotaError: {
    look: async (f) => {
      const arn = await f.anchor(root);
      await f.crl(arn, leafCrl);
      await f.crl(arn, leafCrl);
      return outcome(f.crl(arn, leafCrl));
    },
    seen: { validation: REFUSED, "quota-exceeded": "402 ServiceQuotaExceededException" },
  },
  derCrl: {
    look: async (f) => {
      const arn = await f.anchor(root);
      const crlData = new Uint8Array(root.crl({ revoked: [leaf], form: "DER" }));
      const imported = f.crl(arn, crlData);
      const answer = await outcome(imported);
      if (answer !== "done") return answer;
      const { crl } = await f.client.send(new GetCrlCommand({ crlId: await imported }));
      return `${Buffer.compare(crl?.crlData ?? bytes(""), crlData) === 0 ? "as sent" : "changed"}, ${await session(f, arn)}`;
    },
    seen: { refuse: REFUSED, accept: "as sent, 403 Certificate revoked" },
  },
  emptyCrl: {
    look: async (f) => outcome(f.crl(await f.anchor(root), root.crl({ revoked: [] }))),
    seen: { refuse: REFUSED, accept: "done" },
  },
  foreignCrl: {
    look: async (f) => {
      const arn = await f.anchor(root);
      const answer = await outcome(f.crl(arn, third.crl({ revoked: [leaf] })));
      return `${answer}, ${await session(f, arn)}`;
    },
    seen: { refuse: `${REFUSED}, session`, accept: "done, session" },
  },
  crlOutsideValidity: {
    look: async (f) => {
      const arn = await f.anchor(root);
      const expired = root.crl({ revoked: [leaf], lastUpdate: hours(-2), nextUpdate: hours(-1) });
      const future = root.crl({ revoked: [leaf], lastUpdate: hours(1), nextUpdate: hours(2) });
      return `${await outcome(f.crl(arn, expired))}, ${await outcome(f.crl(arn, future))}`;
    },
    seen: { refuse: `${REFUSED}, ${REFUSED}`, accept: "done, done" },
  },
  expiredCrl: {
    look: async (f) => {
      const arn = await f.anchor(root, next);
      await f.crl(arn, leafCrl);
      const spared = root.issue({ notAfter: hours(96) });
      f.clock.advance(48 * HOUR_MS);
      return `listed ${await session(f, arn)}, other ${await session(f, arn, spared)}`;
    },
    seen: {
      enforce: "listed 403 Certificate revoked, other session",
      "deny-issuer":
        "listed 403 Certificate revoked, other 403 The certificate revocation list of the issuer has expired.",
      ignore: "listed session, other session",
    },
  },
  lowerCrlNumber: {
    look: async (f) => {
      const numbered = (number: number): Uint8Array =>
        root.crl({ revoked: [leaf], extensions: [`2.5.29.20 = ASN1:INTEGER:${number}`] });
      const crlId = await f.crl(await f.anchor(root), numbered(7));
      const update = (number: number): Promise<string> =>
        outcome(f.client.send(new UpdateCrlCommand({ crlId, crlData: numbered(number) })));
      return [await update(7), await update(8), await update(7)].join(", ");
    },
    seen: { accept: "done, done, done", refuse: `done, done, ${REFUSED}` },
  },
  unusualCrl: {
    look: async (f) => {
      const arn = await f.anchor(root);
      const delta = root.crl({ revoked: [leaf], extensions: ["2.5.29.27 = critical, ASN1:INTEGER:1"] });
      return `${await outcome(f.crl(arn, delta))}, ${await session(f, arn)}`;
    },
    seen: { refuse: `${REFUSED}, session`, accept: "done, 403 Certificate revoked" },
  },
  importForUnknownAnchor: {
    look: (f) => outcome(f.crl(`arn:aws:rolesanywhere:eu-central-1:${ACCOUNT}:trust-anchor/${GHOST}`, leafCrl)),
    seen: { refuse: REFUSED, accept: "done" },
  },
  crlReadBack: {
    look: async (f) => {
      const crlData = new TextDecoder().decode(leafCrl);
      const crlId = await f.crl(await f.anchor(root), bytes(crlData));
      const { crl } = await f.client.send(new GetCrlCommand({ crlId }));
      const forms: Readonly<Record<string, string>> = {
        [crlData]: "as sent",
        [`${crlData}\n`]: "one more newline",
        [crlData.replaceAll("\n", "\r\n")]: "CRLF",
      };
      return forms[new TextDecoder().decode(crl?.crlData)] ?? "changed";
    },
    seen: { verbatim: "as sent", "trailing-newline": "one more newline", crlf: "CRLF" },
  },
  twoCrlsOfOneIssuer: {
    look: async (f) => {
      const arn = await f.anchor(root);
      const other = root.issue();
      await f.crl(arn, root.crl({ revoked: [other], lastUpdate: hours(-1) }));
      await f.crl(arn, root.crl({ revoked: [leaf], lastUpdate: hours(-2) }));
      return `newer ${await session(f, arn, other)}, older ${await session(f, arn)}`;
    },
    seen: {
      union: "newer 403 Certificate revoked, older 403 Certificate revoked",
      newest: "newer 403 Certificate revoked, older session",
    },
  },
  revokedIntermediate: {
    look: async (f) => {
      const arn = await f.anchor(root);
      await f.crl(arn, root.crl({ revoked: [issuing, leaf] }));
      return `leaf ${await session(f, arn)}, below ${await session(f, arn, leafBelow, [issuing])}`;
    },
    seen: {
      refuse: "leaf 403 Certificate revoked, below 403 Certificate revoked",
      ignore: "leaf 403 Certificate revoked, below session",
    },
  },
  sessionPropagation: {
    look: async (f) => {
      const arn = await f.anchor(root);
      f.clock.advance(HOUR_MS);
      const bundle = root.certificatePem + next.certificatePem;
      await f.client.send(new UpdateTrustAnchorCommand({ trustAnchorId: idOf(arn), source: source(bundle) }));
      const ofNext = next.issue();
      const read = (await bundleOf(f, arn)) === bundle ? "read" : "not read";
      f.clock.advance(20_000);
      const early = await session(f, arn, ofNext);
      f.clock.advance(10_000);
      return `${read}, ${early}, ${await session(f, arn, ofNext)}, old ${await session(f, arn)}`;
    },
    seen: {
      "at-once": "read, session, session, old session",
      "30-seconds": "read, 403 Untrusted signing certificate, session, old session",
    },
  },
  sessionThrottling: {
    look: async (f) => {
      const arn = await f.anchor(root);
      f.clock.freeze();
      for (let i = 0; i < 10; i++) await session(f, arn);
      return session(f, arn);
    },
    seen: { throttling: "429 Rate exceeded", "unable-to-assume": `403 Unable to assume role for ${WEB_ROLE}.` },
  },
  throttlingError: {
    look: async (f) => {
      f.clock.freeze();
      await f.client.send(new ListCrlsCommand({}));
      return outcome(f.client.send(new ListCrlsCommand({})));
    },
    seen: {
      "429-throttling": "429 ThrottlingException",
      "400-throttling": "400 ThrottlingException",
      "429-too-many-requests": "429 TooManyRequestsException",
    },
  },
  clockSkew: {
    look: async (f) => {
      const arn = await f.anchor(root);
      const at = async (minutes: number): Promise<number> => {
        const signedAt = new Date(f.clock.now().getTime() + minutes * 60_000);
        return (await f.session({ leaf, trustAnchorArn: arn, signedAt })).status;
      };
      return [await at(-16), await at(-14), await at(-4), await at(4), await at(14), await at(16)].join(", ");
    },
    seen: { "5-minutes": "403, 403, 201, 201, 403, 403", "15-minutes": "403, 201, 201, 201, 201, 403" },
  },
  disabledResource: {
    look: async (f) => {
      const arn = await f.anchor(root);
      await f.client.send(new DisableTrustAnchorCommand({ trustAnchorId: idOf(arn) }));
      const { status, error } = await f.session({ leaf, trustAnchorArn: arn });
      return `${status} ${error}`;
    },
    seen: { "access-denied": "403 AccessDeniedException", "not-found": "404 ResourceNotFoundException" },
  },
  unknownArn: {
    look: async (f) => {
      const trustAnchorArn = await f.anchor(root);
      const profileArn = `arn:aws:rolesanywhere:eu-central-1:${ACCOUNT}:profile/${GHOST}`;
      const noProfile = await f.session({ leaf, trustAnchorArn, profileArn });
      const noAnchor = await f.session({ leaf, trustAnchorArn: trustAnchorArn.replace(/[^/]*$/, GHOST) });
      const noAccount = await f.session({ leaf, trustAnchorArn: trustAnchorArn.replace(ACCOUNT, "444455556666") });
      return [noProfile, noAnchor, noAccount].map(({ status, error }) => `${status} ${error}`).join(", ");
    },
    seen: {
      "not-found": Array(3).fill("404 ResourceNotFoundException").join(", "),
      "access-denied": Array(3).fill("403 AccessDeniedException").join(", "),
    },
  },
  chainHeader: {
    look: async (f) => {
      const arn = await f.anchor(root);
      const lower = issuing.intermediate({ subject: "/CN=Lower" });
      const end = lower.issue();
      const chains = [
        [lower, issuing],
        [issuing, lower],
        [end, lower, issuing],
        [lower, issuing, root],
      ];
      const seen: string[] = [];
      for (const chain of chains) seen.push((await session(f, arn, end, chain)).slice(0, 7));
      return seen.join(", ");
    },
    seen: {
      tolerant: "session, session, session, session",
      strict: "session, 403 Unt, 403 Unt, 403 Unt",
    },
  },
  extendedKeyUsage: {
    look: async (f) => {
      const arn = await f.anchor(root);
      const [basic, usage] = LEAF_EXTENSIONS;
      const none = root.issue({ extensions: [basic, usage] });
      const server = root.issue({ extensions: [basic, usage, "extendedKeyUsage = serverAuth"] });
      const both = root.issue({ extensions: [basic, usage, "extendedKeyUsage = serverAuth, clientAuth"] });
      const seen = [await session(f, arn, none), await session(f, arn, server), await session(f, arn, both)];
      return seen.join(", ");
    },
    seen: {
      ignore: "session, session, session",
      "client-auth": `${Array(2).fill("403 Untrusted certificate. Insufficient certificate").join(", ")}, session`,
    },
  },
  sourceIdentity: {
    look: async (f) => {
      const arn = await f.anchor(root);
      const wide = root.issue({ subject: "/CN=system:serviceaccount:demo:web" });
      return `${await session(f, arn)}, with colons ${await session(f, arn, wide)}`;
    },
    seen: {
      wide: "session, with colons session",
      narrow: `session, with colons 403 Unable to assume role for ${WEB_ROLE}.`,
    },
  },
  pageSizeLimit: {
    look: async (f) => {
      const page = (pageSize: number): Promise<string> => outcome(f.client.send(new ListCrlsCommand({ pageSize })));
      return [await page(100), await page(101), await page(1000), await page(1001)].join(", ");
    },
    seen: { "1000": `done, done, done, ${REFUSED}`, "100": `done, ${REFUSED}, ${REFUSED}, ${REFUSED}` },
  },
  pageToken: {
    look: async (f) => {
      const arns = [await f.anchor(root), await f.anchor(root), await f.anchor(root)];
      const first = await f.client.send(new ListTrustAnchorsCommand({ pageSize: 1 }));
      await f.client.send(new DeleteTrustAnchorCommand({ trustAnchorId: idOf(arns[0] ?? "") }));
      const { nextToken } = first;
      const rest = f.client.send(
        new ListTrustAnchorsCommand({ pageSize: 9, ...(nextToken === undefined ? {} : { nextToken }) }),
      );
      const answer = await outcome(rest);
      return answer === "done" ? `${(await rest).trustAnchors?.length} of 2 seen` : answer;
    },
    seen: { item: REFUSED, position: "1 of 2 seen" },
  },
  importCrlResource: {
    look: async (f) => {
      const arn = await f.anchor(root);
      const crls = `arn:aws:rolesanywhere:eu-central-1:${ACCOUNT}:crl/*`;
      const clerk = newClient(f.emulator, f.clock, USER);
      const seen: string[] = [];
      for (const resource of [arn, crls]) {
        f.emulator.setPolicies(USER.arn, [allow("rolesanywhere:ImportCrl", resource)]);
        seen.push(
          await outcome(clerk.send(new ImportCrlCommand({ name: "fleet", trustAnchorArn: arn, crlData: leafCrl }))),
        );
      }
      return seen.join(", ");
    },
    seen: {
      both: "403 AccessDeniedException, 403 AccessDeniedException",
      "trust-anchor": "done, 403 AccessDeniedException",
      crl: "403 AccessDeniedException, done",
    },
  },
  collectionResource: {
    look: async (f) => {
      const clerk = newClient(f.emulator, f.clock, USER);
      f.emulator.setPolicies(USER.arn, [allow("rolesanywhere:List*", "arn:aws:rolesanywhere:*:*:*")]);
      return outcome(clerk.send(new ListCrlsCommand({})));
    },
    seen: { everything: "403 AccessDeniedException", kind: "done" },
  },
};

function allow(action: string, resource: string): unknown {
  return { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: action, Resource: resource }] };
}

const rows = Object.entries<Experiment<string>>(EXPERIMENTS).flatMap(([name, { look, seen }]) =>
  Object.entries(seen).map(([position, expected]) => ({ name, position, look, expected })),
);

const OPTIONS = {
  accessKeys: [ADMIN, USER],
  roles: [{ arn: WEB_ROLE, trustPolicy: trustPolicy() }],
  profiles: [{ name: "web", roleArns: [WEB_ROLE] }],
};

describe("an open question is answered as its setting says:", () => {
  test.each(rows)("$name is $position", async ({ name, position, look, expected }) => {
    const fixture = await startFixture({ ...OPTIONS, unknowns: { [name]: position } });
    try {
      expect(await look(fixture)).toBe(expected);
    } finally {
      await fixture.emulator.stop();
    }
  });

  test("a change while it runs is followed by the next call", async () => {
    const fixture = await startFixture(OPTIONS);
    try {
      const { look, seen } = EXPERIMENTS.emptyCrl;
      for (const position of ["refuse", "accept", "refuse"] as const) {
        fixture.emulator.setUnknowns({ emptyCrl: position });
        expect(await look(fixture)).toBe(seen[position]);
      }
    } finally {
      await fixture.emulator.stop();
    }
  });
});

test("what a stranger does reaches sessions as late as every other change", async () => {
  const fixture = await startFixture({ unknowns: { sessionPropagation: "30-seconds" } });
  try {
    const arn = await fixture.anchor(root);
    await fixture.crl(arn, root.crl({ revoked: [leafBelow] }));
    fixture.clock.advance(HOUR_MS);
    fixture.emulator.interfere({ kind: "replace-bundle", arn, pem: next.certificatePem });
    expect(await session(fixture, arn)).toBe("session");
    fixture.clock.advance(30_000);
    expect(await session(fixture, arn)).toBe("403 Untrusted signing certificate");
    const [crl] = fixture.emulator.trustAnchors()[0]?.crls ?? [];
    fixture.emulator.interfere({ kind: "replace-bundle", arn, pem: root.certificatePem });
    fixture.clock.advance(HOUR_MS);
    const pem = new TextDecoder().decode(leafCrl);
    fixture.emulator.interfere({ kind: "replace-crl", arn: crl?.arn ?? "", pem });
    expect(await session(fixture, arn)).toBe("session");
    fixture.clock.advance(30_000);
    expect(await session(fixture, arn)).toBe("403 Certificate revoked");
    fixture.emulator.interfere({ kind: "delete", arn });
    expect(await session(fixture, arn)).toBe("403 Certificate revoked");
    fixture.clock.advance(30_000);
    expect(await session(fixture, arn)).toBe(`404 Resource not found: ${arn}`);
  } finally {
    await fixture.emulator.stop();
  }
});

test.each(Object.entries<Experiment<string>>(EXPERIMENTS))(
  "the positions of %s can be told apart",
  (_name, { seen }) => {
    expect(new Set(Object.values(seen)).size).toBe(Object.keys(seen).length);
  },
);

test("without a word the first position of each question holds", async () => {
  const fixture = await startFixture();
  try {
    const first = Object.entries(UNKNOWNS).map(([name, { positions }]) => [name, Object.keys(positions)[0]]);
    expect(fixture.emulator.unknowns()).toEqual(Object.fromEntries(first));
  } finally {
    await fixture.emulator.stop();
  }
});

test.each([
  ["a question that nobody asked", { life: "42" }, "unknowns.life: no such question"],
  [
    "an answer that is not among the positions",
    { emptyCrl: "maybe" },
    "unknowns.emptyCrl: must be one of refuse, accept",
  ],
  ["a name of every object", { toString: "x" }, "unknowns.toString: no such question"],
])("%s is refused, and nothing changes", async (_fact, given, message) => {
  const fixture = await startFixture();
  try {
    const before = fixture.emulator.unknowns();
    const both = { derCrl: "accept", ...given } as unknown as Partial<Unknowns>;
    expect(() => fixture.emulator.setUnknowns(both)).toThrow(
      expect.objectContaining({ code: "ERR_UNKNOWNS", message: expect.stringContaining(message) }),
    );
    expect(fixture.emulator.unknowns()).toEqual(before);
  } finally {
    await fixture.emulator.stop();
  }
});
