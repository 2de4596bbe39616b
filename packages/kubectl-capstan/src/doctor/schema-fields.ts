/** An OpenAPI v3 schema, as far as its fields go. */
export interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  /** The API server wraps an object that has a description of its own. */
  readonly allOf?: readonly Schema[];
}

/** Below this, fields come and go with those above them. */
const maxDepth = 4;

/**
 * Paths of the fields in spec and status, those of list items with `[]`, sorted.
 *
 * @example
 * fieldsOf({ properties: { spec: { properties: { a: {} } } } }); // ["spec", "spec.a"]
 */
export function fieldsOf({ properties = {} }: Schema): readonly string[] {
  return ["spec", "status"].flatMap((name) => {
    const schema = properties[name];
    return schema === undefined ? [] : [name, ...below(schema, name, 1)];
  });
}

function below(schema: Schema, path: string, depth: number): readonly string[] {
  if (depth >= maxDepth) return [];
  const properties = { ...schema.properties, ...schema.allOf?.[0]?.properties };
  const own = Object.entries(properties)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, inner]) => [`${path}.${name}`, ...below(inner, `${path}.${name}`, depth + 1)]);
  return schema.items === undefined ? own : [...own, ...below(schema.items, `${path}[]`, depth)];
}
