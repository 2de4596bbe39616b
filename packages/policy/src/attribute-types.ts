/** Attribute types that `otherSubjectAttributes` may name in words (RFC 4519; emailAddress: RFC 2985, 5.2.1). */
const oidByName: Readonly<Record<string, string>> = {
  serialNumber: "2.5.4.5",
  street: "2.5.4.9",
  postalCode: "2.5.4.17",
  DC: "0.9.2342.19200300.100.1.25",
  UID: "0.9.2342.19200300.100.1.1",
  emailAddress: "1.2.840.113549.1.9.1",
  title: "2.5.4.12",
  SN: "2.5.4.4",
  GN: "2.5.4.42",
};

/** The dotted object identifier of a type that may be given in words. */
export function oidOfAttribute(type: string): string {
  return (Object.hasOwn(oidByName, type) ? oidByName[type] : undefined) ?? type;
}
