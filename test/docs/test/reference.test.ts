import { makePages } from "../../../tools/docs/pages.ts";
import { expect, test } from "vitest";

test.each(Object.entries(await makePages()))("%s-is-what-the-sources-make", async (name, text) => {
  await expect(text).toMatchFileSnapshot(`../../../docs/reference/${name}`);
});
