// Writes the pages of docs/reference that are made from the sources. CI runs it and fails when the committed pages differ.
import { writeFile } from "node:fs/promises";
import { makePages } from "./pages.ts";

const folder = new URL("../../docs/reference/", import.meta.url);

for (const [name, text] of Object.entries(await makePages())) await writeFile(new URL(name, folder), text);
