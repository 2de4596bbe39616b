import { readFile } from "node:fs/promises";

// The fields stand in the source with their meaning: the page takes both from there.

const source = new URL("../../packages/kube/src/audit-chain.ts", import.meta.url);

/** docs/reference/audit-log.md. */
export async function auditLogPage(): Promise<string> {
  const text = await readFile(source, "utf8");
  const fields = signatureFields(text).map(({ name, words }) => `| \`signature.${name}\` | ${words} |`);
  return `# The audit log

Made from packages/kube/src/audit-chain.ts; do not edit. Every use of a private key of an authority leaves two lines of JSON, one before it
and one after it; what cannot be written is not signed. The issuer controller and the publisher have one each: \`--audit-log FILE\`, synced
to disk, or standard output, where nothing else is written.

| field of every line | |
| --- | --- |
| \`audit\` | \`true\`, in no other line of a log |
| \`chain\` | a random name, new with each start of the process |
| \`sequence\` | counts from 0 within the chain, without gaps |
| \`previous\` | SHA-256, in hex, of the line before it; 64 zeros in the first |
| \`time\` | RFC 3339, UTC, with milliseconds |
| \`event\` | one of the below |

| event | means | more fields |
| --- | --- | --- |
| \`start\` | the chain begins | \`program\`, \`version\` |
| \`signing\` | a signature is about to be made | \`signature\` |
| \`signed\` | it was made, and the result may leave the process | \`of\`: chain/sequence of the line before it; \`sha256\` of what was signed, in DER |
| \`failed\` | it was not made | \`of\`, \`code\` |
| \`end\` | the process ended in order. A chain without it was cut off, by a crash or by somebody | |

| field of a signature | |
| --- | --- |
${fields.join("\n")}

The chain shows that a line was changed, dropped or added by whoever could not write it anew from there to its end: keep a copy elsewhere.
What a \`signed\` Leaf or OwnLeaf without a ledger record means: the process was stopped between signing and recording, and nobody was
given that leaf. \`kubectl capstan audit --log FILE\` finds those, and lines that do not fit.
`;
}

/** Fields whose name says it all in the source, or whose comment there is of several. */
const own: Readonly<Record<string, string>> = {
  purpose: "What is signed: `Leaf`, `OwnLeaf` (of Capstan's own), `Root`, `CRL` or `Probe`",
  authority: "The CertificateAuthority",
  generation: "The number of the generation whose key it is",
  subject: "Of a certificate: its subject as in RFC 4514",
  notAfter: "Of a certificate: its end, RFC 3339",
  crlNumber: "Of a CRL: its number",
};

/** The fields of SignatureIntent, with what their comments say. */
export function signatureFields(text: string): readonly { readonly name: string; readonly words: string }[] {
  const [, body = ""] = /export interface SignatureIntent \{\n([^]*?)\n\}/.exec(text) ?? [];
  let comment = "";
  const fields: { readonly name: string; readonly words: string }[] = [];
  for (const line of body.split("\n").map((each) => each.trim())) {
    const [, said] = /^\/\*\* (.*) \*\/$/.exec(line) ?? [];
    const [, name, type = ""] = /^readonly (\w+)\??: (.*);$/.exec(line) ?? [];
    if (said !== undefined) comment = said;
    if (name === undefined) continue;
    const words = own[name] ?? comment;
    if (words === "") throw new Error(`${name}: ${type} has no comment in the source; say here what it holds`);
    fields.push({ name, words: words.replace(/\.$/, "") });
    comment = "";
  }
  return fields;
}
