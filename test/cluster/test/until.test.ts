import { expect, test } from "vitest";
import { ClusterError } from "../src/errors.ts";
import { until } from "../src/until.ts";

test("the-first-answer-is-returned", async () => {
  const answers = [undefined, new Error("not yet"), "there"];
  const look = async (): Promise<string | undefined> => {
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer;
  };
  expect(await until("it", look)).toBe("there");
});

test("what-was-thrown-last-says-why-it-took-too-long", async () => {
  const look = (): Promise<undefined> => Promise.reject(new Error("connection refused"));
  await expect(until("the server", look, 0)).rejects.toThrow("waiting for the server: connection refused");
});

test("a-process-that-has-ended-is-not-waited-for", async () => {
  const ended = new ClusterError("ERR_PROCESS_EXITED", "etcd ended");
  await expect(until("etcd", () => Promise.reject(ended))).rejects.toBe(ended);
});
