import { type Account, findByArn, findById, NAME, newResource, type Resource, timestamp } from "./account.ts";
import { readImportedCrl } from "./crl-import.ts";
import type { CertificateRevocationList } from "./crl.ts";
import { quotaExceeded, validation } from "./errors.ts";
import { blob, flag, optional, readInput, required, text } from "./input.ts";
import type { Call, Operation } from "./operation.ts";
import { page } from "./paging.ts";
import { rewritten } from "./pem.ts";
import { setTags, TAGS } from "./tags.ts";
import type { TrustAnchor } from "./trust-anchors.ts";

export interface Crl extends Resource {
  /** `crlData` as sent. */
  readonly data: Uint8Array;
  readonly list: CertificateRevocationList;
  readonly trustAnchorArn: string;
}

const MAX_CRLS_PER_ANCHOR = 2;

const DATA = blob({ min: 1, max: 300_000 });

const IMPORT = {
  name: required(text(NAME)),
  crlData: required(DATA),
  trustAnchorArn: required(
    text({ min: 1, max: 1011, pattern: /^arn:aws(-[^:]+)?:rolesanywhere(:.*){2}(:trust-anchor.*)$/ }),
  ),
  enabled: optional(flag),
  tags: optional(TAGS),
};

const UPDATE = { name: optional(text(NAME)), crlData: optional(DATA) };

const ITEM = "/crl/{id}";

export const crlOperations: readonly Operation[] = [
  {
    name: "ImportCrl",
    method: "POST",
    path: "/crls",
    status: 201,
    quota: "crls",
    handle(account, { body }) {
      const { name, crlData, trustAnchorArn, enabled, tags } = readInput(IMPORT, body);
      const anchor = anchorOf(account, trustAnchorArn);
      const list = readImportedCrl(crlData, anchor, account);
      const siblings = [...account.crls.values()].filter((crl) => crl.trustAnchorArn === trustAnchorArn);
      if (siblings.length >= MAX_CRLS_PER_ANCHOR) {
        throw quotaExceeded(
          account.unknowns,
          `A trust anchor can have ${MAX_CRLS_PER_ANCHOR} certificate revocation lists.`,
        );
      }
      const crl = { ...newResource(account, "crl", { name, enabled }), data: crlData, list, trustAnchorArn };
      setTags(account, crl.arn, tags ?? []);
      return store(account, crl);
    },
  },
  {
    name: "ListCrls",
    method: "GET",
    path: "/crls",
    status: 200,
    quota: "crls",
    handle(account, { query }) {
      const { items, nextToken } = page([...account.crls.values()], query, account.unknowns);
      return { crls: items.map((crl) => detail(account, crl)), nextToken };
    },
  },
  {
    name: "GetCrl",
    method: "GET",
    path: ITEM,
    status: 200,
    quota: "crls",
    handle: (account, call) => ({ crl: detail(account, find(account, call)) }),
  },
  {
    name: "UpdateCrl",
    method: "PATCH",
    path: ITEM,
    status: 200,
    quota: "crls",
    handle(account, call) {
      const crl = find(account, call);
      const { name, crlData } = readInput(UPDATE, call.body);
      const content = crlData === undefined ? {} : { data: crlData, list: readUpdate(account, crl, crlData) };
      return store(account, { ...crl, ...content, name: name ?? crl.name, updatedAt: account.now() });
    },
  },
  {
    name: "DeleteCrl",
    method: "DELETE",
    path: ITEM,
    status: 200,
    quota: "crls",
    handle(account, call) {
      const crl = find(account, call);
      account.crls.delete(crl.id);
      return { crl: detail(account, crl) };
    },
  },
  ...[true, false].map((enabled): Operation => ({
    name: enabled ? "EnableCrl" : "DisableCrl",
    method: "POST",
    path: `${ITEM}/${enabled ? "enable" : "disable"}`,
    status: 200,
    quota: "crls",
    handle: (account, call) => store(account, { ...find(account, call), enabled, updatedAt: account.now() }),
  })),
];

function readUpdate(account: Account, crl: Crl, data: Uint8Array): CertificateRevocationList {
  const list = readImportedCrl(data, anchorOf(account, crl.trustAnchorArn), account);
  const isLower = list.number !== undefined && crl.list.number !== undefined && list.number < crl.list.number;
  if (isLower && account.unknowns.lowerCrlNumber === "refuse") {
    throw validation(`The CRL has the number ${list.number}, lower than ${crl.list.number}.`);
  }
  return list;
}

function anchorOf(account: Account, arn: string): TrustAnchor | undefined {
  const anchor = findByArn(account.trustAnchors, arn);
  // ImportCrl models no ResourceNotFoundException.
  if (anchor === undefined && account.unknowns.importForUnknownAnchor === "refuse")
    throw validation(`There is no trust anchor ${arn}.`);
  return anchor;
}

function find(account: Account, call: Call): Crl {
  return findById(account.crls, call.id, "crlId");
}

function store(account: Account, crl: Crl): unknown {
  account.crls.set(crl.id, crl);
  return { crl: detail(account, crl) };
}

function detail(account: Account, crl: Crl): unknown {
  const shown = rewritten(Buffer.from(crl.data).toString("latin1"), account.unknowns.crlReadBack);
  return {
    crlId: crl.id,
    crlArn: crl.arn,
    name: crl.name,
    enabled: crl.enabled,
    crlData: Buffer.from(shown, "latin1").toString("base64"),
    trustAnchorArn: crl.trustAnchorArn,
    createdAt: timestamp(crl.createdAt),
    updatedAt: timestamp(crl.updatedAt),
  };
}
