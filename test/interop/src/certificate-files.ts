import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { encodePem } from "@capstan/ca-core";
import type { CrlSpecimen } from "./make-crl.ts";
import type { LeafSpecimen } from "./make-leaf.ts";
import type { Specimen } from "./specimens.ts";

/** A certificate or CRL as a file, in both forms. */
export interface FiledSpecimen {
  readonly label: string;
  readonly der: string;
  readonly pem: string;
}

/** The specimens in a new temporary folder, for programs that read files. The caller removes it. */
export interface SpecimenFiles {
  readonly folder: string;
  readonly fileOf: (specimen: Specimen | LeafSpecimen | CrlSpecimen) => FiledSpecimen;
  /** Puts texts one after the other into a new file, and returns its path. */
  readonly bundle: (texts: readonly (string | Uint8Array)[]) => Promise<string>;
}

export async function writeSpecimens(specimens: readonly Specimen[]): Promise<SpecimenFiles> {
  const folder = await mkdtemp(path.join(tmpdir(), "capstan-interop-"));
  const files = new Map<Specimen | LeafSpecimen | CrlSpecimen, FiledSpecimen>();
  const add = async (
    specimen: Specimen | LeafSpecimen | CrlSpecimen,
    label: string,
    pemLabel: string,
    content: Uint8Array,
  ): Promise<void> => {
    const name = path.join(folder, String(files.size));
    files.set(specimen, { label, der: `${name}.der`, pem: `${name}.pem` });
    await Promise.all([writeFile(`${name}.der`, content), writeFile(`${name}.pem`, encodePem(pemLabel, content))]);
  };
  for (const specimen of specimens) {
    await add(specimen, specimen.label, "CERTIFICATE", specimen.root.root.der);
    for (const leaf of specimen.leaves) await add(leaf, leaf.label, "CERTIFICATE", leaf.leaf.der);
    for (const crl of [specimen.sparingCrl, specimen.revokingCrl]) await add(crl, crl.label, "X509 CRL", crl.der);
  }
  let bundles = 0;
  return {
    folder,
    fileOf: (specimen) => {
      const file = files.get(specimen);
      if (file === undefined) throw new RangeError("not a specimen of this folder");
      return file;
    },
    bundle: async (texts) => {
      bundles += 1;
      const name = path.join(folder, `bundle-${bundles}`);
      await writeFile(name, Buffer.concat(texts.map((text) => Buffer.from(text))));
      return name;
    },
  };
}
