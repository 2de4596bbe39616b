/**
 * Whether an entry may be missing in the next CRL: only once it stood on a CRL that was issued after its certificate's
 * end, for "An entry MUST NOT be removed from the CRL until it appears on one regularly scheduled CRL issued beyond the
 * revoked certificate's validity period" (RFC 5280, 3.3). A date that does not exist keeps the entry.
 *
 * @param entry.notAfter The certificate's last moment, inclusive.
 * @param entry.listedAt thisUpdate of the last published CRL, if that lists the entry; the last one alone, since an
 *   entry that was dropped once may be back for a reason.
 * @example mayDropEntry({ notAfter: leaf.notAfter, listedAt: published.entries.has(leaf.serial) ? published.thisUpdate : undefined })
 */
export function mayDropEntry(entry: { readonly notAfter: Date; readonly listedAt: Date | undefined }): boolean {
  const { notAfter, listedAt } = entry;
  return listedAt !== undefined && notAfter < listedAt;
}
