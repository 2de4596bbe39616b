import { readExtensionList, type CertificateExtension } from "../certificate/read-certificate.ts";
import { expectTag, fieldsOf, structureError, wholeOctetsOf } from "../der/fields.ts";
import { contentOf, encodingOf, readDerAt, readDerShallow, type DerNode } from "../der/read.ts";
import { TAG, contextConstructed } from "../der/tag.ts";
import { readTime } from "../der/time.ts";
import { DerError } from "../errors.ts";
import { EntryReader, type EntryView } from "./read-entry.ts";

/** A TBSCertList (RFC 5280, 5.1.2) taken apart by strict DER rules alone; byte fields are views into what was read. */
export interface TbsCertList {
  readonly tbs: Uint8Array;
  /** Content octets of the version's INTEGER. */
  readonly version: Uint8Array;
  readonly signatureAlgorithm: Uint8Array;
  readonly issuerDer: Uint8Array;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
  /** revokedCertificates; undefined when it is absent, which is not the same as empty. */
  readonly revoked: RevokedCertificates | undefined;
  readonly extensions: readonly CertificateExtension[];
}

export interface RevokedCertificates {
  /** The elements one after another, without the list's header. */
  readonly content: Uint8Array;
  /** Where each element begins in `content`, and, last, where the last one ends. */
  readonly offsets: Uint32Array;
}

export interface CertificateList extends TbsCertList {
  readonly outerAlgorithm: Uint8Array;
  readonly signature: Uint8Array;
}

/** Sees each entry once, in their order, when all but the entries has been read. The views live as `EntryReader` says. */
export type EntryVisitor = (entry: EntryView, previous: EntryView | undefined, list: TbsCertList) => void;

/** version, signature, issuer, thisUpdate, nextUpdate, revokedCertificates, crlExtensions */
const MAX_MEMBERS = 7;
/** Before it come version, signature, issuer and thisUpdate, and nextUpdate, which is no SEQUENCE. */
const FIRST_LONG_MEMBER = 4;

/** Time is linear, and no tree is built of the entries. @throws DerError, CaError ERR_SERIAL */
export function readCertificateList(der: Uint8Array, visit: EntryVisitor): CertificateList {
  const isWhole = (_: DerNode, index: number): boolean => index > 0; // all but tbsCertList
  const outer = fieldsOf(withMembers(readAlone(der), "CertificateList", 3, isWhole), TAG.sequence, "CertificateList");
  const tbs = outer.take(TAG.sequence, "tbsCertList");
  const outerAlgorithm = encodingOf(outer.take(TAG.sequence, "signatureAlgorithm"));
  const signature = wholeOctetsOf(outer.take(TAG.bitString, "signatureValue"), "signatureValue");
  outer.end();
  return { ...readTbs(tbs, visit), outerAlgorithm, signature };
}

/** As readCertificateList, for what is to be signed. */
export function readTbsCertList(tbs: Uint8Array, visit: EntryVisitor): TbsCertList {
  return readTbs(readAlone(tbs), visit);
}

function readTbs(node: DerNode, visit: EntryVisitor): TbsCertList {
  const isWhole = ({ tag }: DerNode, index: number): boolean => tag !== TAG.sequence || index < FIRST_LONG_MEMBER;
  const fields = fieldsOf(withMembers(node, "TBSCertList", MAX_MEMBERS, isWhole), TAG.sequence, "TBSCertList");
  const version = contentOf(fields.take(TAG.integer, "version"));
  const signatureAlgorithm = encodingOf(fields.take(TAG.sequence, "signature"));
  const issuerDer = encodingOf(fields.take(TAG.sequence, "issuer"));
  const thisUpdate = readTime(fields.takeAny("thisUpdate"));
  const nextUpdate = readTime(fields.takeAny("nextUpdate"));
  const revoked = fields.takeOptional(TAG.sequence);
  const extensions = readExtensionList(fields.take(contextConstructed(0), "crlExtensions"));
  fields.end();
  const tbs = encodingOf(node);
  const list = { tbs, version, signatureAlgorithm, issuerDer, thisUpdate, nextUpdate, revoked: undefined, extensions };
  if (revoked === undefined) return list;
  const offsets = readOffsets(revoked, (entry, previous) => visit(entry, previous, list));
  return { ...list, revoked: { content: contentOf(revoked), offsets } };
}

function readOffsets(list: DerNode, visit: (entry: EntryView, previous: EntryView | undefined) => void): Uint32Array {
  const { source, contentStart, end } = list;
  const reader = new EntryReader(source);
  let offsets = new Uint32Array(64);
  let previous: EntryView | undefined;
  let index = 0;
  for (let at = contentStart; at < end; index += 1) {
    const entry = reader.read(index, at, end);
    visit(entry, previous);
    previous = entry;
    at = entry.end;
    if (index + 1 === offsets.length) offsets = grown(offsets);
    offsets[index + 1] = at - contentStart;
  }
  return offsets.slice(0, index + 1);
}

function grown(offsets: Uint32Array): Uint32Array<ArrayBuffer> {
  const longer = new Uint32Array(offsets.length * 2);
  longer.set(offsets);
  return longer;
}

function readAlone(bytes: Uint8Array): DerNode {
  const node = readDerShallow(bytes, 0, bytes.length);
  if (node.end !== bytes.length) throw new DerError("ERR_DER_TRAILING", node.end, "bytes follow the value");
  return node;
}

/** The SEQUENCE with its members: whole where `isWhole` says so, and else without what is inside them. */
function withMembers(
  node: DerNode,
  what: string,
  max: number,
  isWhole: (member: DerNode, index: number) => boolean,
): DerNode {
  const { source, contentStart, end } = expectTag(node, TAG.sequence, what);
  const children: DerNode[] = [];
  for (let at = contentStart; at < end;) {
    if (children.length === max) throw structureError(at, `${what} has a member that its type does not have`);
    const member = readDerShallow(source, at, end);
    children.push(isWhole(member, children.length) ? readDerAt(source, at, member.end) : member);
    at = member.end;
  }
  return { ...node, children };
}
