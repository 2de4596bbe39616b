// Writes the container image as a file: `pnpm image [FILE]`.
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { buildImage, imageName } from "./build-image.ts";

const [file = fileURLToPath(new URL("../../dist/capstan-image.tar", import.meta.url))] = process.argv.slice(2);
const { tar, digest } = await buildImage();
await mkdir(path.dirname(path.resolve(file)), { recursive: true });
await writeFile(file, tar);
process.stdout.write(`${imageName} ${digest}\n${file}: ${Math.round(tar.length / 1024 / 1024)} MiB\n`);
