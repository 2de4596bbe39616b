// Plays the scenes on a real cluster with the emulator, and writes what the plugin printed into the page that shows it. With
// --check it writes nothing, and fails when a transcript of the page is not what was printed.
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { startLab } from "../../../e2e/src/doctor-lab.ts";
import { readTranscripts, type Transcript, transcriptsPage, withTranscripts } from "./page.ts";
import { playScene, stageOf } from "./play-scene.ts";
import { scenes } from "./scenes.ts";
import { SteadyText } from "./steady-text.ts";

const page = path.join(fileURLToPath(new URL("../../../..", import.meta.url)), transcriptsPage);

async function playAll(): Promise<readonly Transcript[]> {
  await using lab = await startLab();
  const stage = stageOf(lab);
  const words = new SteadyText();
  const made: Transcript[] = [];
  for (const scene of scenes) {
    await scene.prepare?.(stage);
    const { command, text, exitCode, madeAt } = await playScene(lab, scene);
    if (exitCode !== scene.exitCode) throw new Error(`${command} ended with ${exitCode}:\n${text}`);
    await scene.after?.(stage);
    made.push({ name: scene.name, command: words.steady(command, madeAt), output: words.steady(text, madeAt) });
    process.stdout.write(`${scene.name}: played\n`);
  }
  return made;
}

/** Names of transcripts that are no longer what is printed. Progress is told as it was looked at, so it is not compared. */
function differences(shown: readonly Transcript[], made: readonly Transcript[]): readonly string[] {
  return made
    .filter(({ command }) => !/ --wait\b/.test(command))
    .filter(({ name, command, output }) => {
      const known = shown.find((one) => one.name === name);
      return known?.command !== command || known.output !== output;
    })
    .map(({ name }) => name);
}

const markdown = await readFile(page, "utf8");
const made = await playAll();
if (process.argv.includes("--check")) {
  const different = differences(readTranscripts(markdown), made);
  for (const name of different)
    process.stderr.write(`${transcriptsPage}: ${name} is not what is printed any more; pnpm transcripts\n`);
  process.exitCode = different.length === 0 ? 0 : 1;
} else await writeFile(page, withTranscripts(markdown, made));
