/** Attribute types that have a short name here (RFC 4519, RFC 5280 A.1); every other is known by its dotted form. */
export const ATTRIBUTE_OIDS = {
  CN: "2.5.4.3",
  serialNumber: "2.5.4.5",
  C: "2.5.4.6",
  L: "2.5.4.7",
  ST: "2.5.4.8",
  O: "2.5.4.10",
  OU: "2.5.4.11",
} as const;

export type NamedAttributeType = keyof typeof ATTRIBUTE_OIDS;

/** A short name, or the dotted object identifier of a type that has none. */
export type AttributeType = NamedAttributeType | (string & Record<never, never>);

/** One attribute of a distinguished name, in the order of the certificate. */
export interface NameAttribute {
  readonly oid: string;
  readonly type: AttributeType;
  readonly value: string;
}

const TYPE_BY_OID: ReadonlyMap<string, NamedAttributeType> = new Map(
  (Object.entries(ATTRIBUTE_OIDS) as [NamedAttributeType, string][]).map(([type, oid]) => [oid, type]),
);

export function attributeTypeOf(oid: string): AttributeType {
  return TYPE_BY_OID.get(oid) ?? oid;
}

/** The object identifier of a short name; undefined for what has none. */
export function attributeOidOf(type: AttributeType): string | undefined {
  return Object.hasOwn(ATTRIBUTE_OIDS, type) ? ATTRIBUTE_OIDS[type as NamedAttributeType] : undefined;
}
