/** Attribute types that may be named in words (RFC 4519; emailAddress: RFC 2985, 5.2.1), in the spelling of policies. */
const oidByName: Readonly<Record<string, string>> = {
  CN: "2.5.4.3",
  O: "2.5.4.10",
  OU: "2.5.4.11",
  C: "2.5.4.6",
  ST: "2.5.4.8",
  L: "2.5.4.7",
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

/** The types that ca-core knows by a short name; every other it names by the object identifier. */
const shortNames: readonly string[] = ["CN", "O", "OU", "C", "ST", "L", "serialNumber"];

/** The dotted object identifier of a type that may be given in words, in any case of letters. */
export function oidOfAttribute(type: string): string {
  const name = Object.keys(oidByName).find((name) => name.toLowerCase() === type.toLowerCase());
  return (name === undefined ? undefined : oidByName[name]) ?? type;
}

/** What ca-core calls a type, whose object identifier is given. */
export function shortNameOf(oid: string): string {
  return shortNames.find((name) => oidByName[name] === oid) ?? oid;
}
