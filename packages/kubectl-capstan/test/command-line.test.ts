import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { commands } from "../src/commands.ts";
import { complete } from "../src/completion/complete.ts";
import { pluginVersion } from "../src/version.ts";
import { run } from "./run.ts";

const seeRevoke = 'See "kubectl capstan revoke --help".\n';

describe("what cannot be meant ends with 2, says why on stderr and sends nothing", () => {
  test.each([
    [
      "unknown command",
      ["revok"],
      `error: unknown command 'revok'\n(Did you mean revoke?)\nSee "kubectl capstan --help".\n`,
    ],
    ["unknown flag", ["status", "--frob"], `error: unknown option '--frob'\nSee "kubectl capstan status --help".\n`],
    [
      "no target",
      ["revoke"],
      `error: say what to revoke: TARGET, --selector, --all, --certificate or --public-key\n${seeRevoke}`,
    ],
    [
      "two authorities",
      ["status", "a", "b"],
      `error: too many arguments for 'status'. Expected 1 argument but got 2: a, b.\nSee "kubectl capstan status --help".\n`,
    ],
    [
      "output of no known form",
      ["list", "-o", "xml"],
      `error: option '-o, --output <FORMAT>' argument 'xml' is invalid. Allowed choices are table, wide, json, yaml, name.\nSee "kubectl capstan list --help".\n`,
    ],
    [
      "namespace and all namespaces",
      ["list", "-n", "demo", "-A"],
      `error: --namespace and --all-namespaces clash: give one of them\nSee "kubectl capstan list --help".\n`,
    ],
    [
      "serial that is none",
      ["list", "--serial", "4g"],
      `error: serial "4g": not a hexadecimal number above zero, as in 4f1c… or 4F:1C:…\nSee "kubectl capstan list --help".\n`,
    ],
    [
      "namespace that cannot exist",
      ["list", "-n", "../demo"],
      `error: --namespace: "../demo" is not a namespace's name: use at most 63 lower-case letters, digits and "-"\nSee "kubectl capstan list --help".\n`,
    ],
    [
      "ledger's namespace that cannot exist",
      ["list", "--capstan-namespace", "Capstan"],
      `error: --capstan-namespace: "Capstan" is not a namespace's name: use at most 63 lower-case letters, digits and "-"\nSee "kubectl capstan list --help".\n`,
    ],
    [
      "reason of no leaf",
      ["revoke", "4f", "--reason", "cACompromise"],
      `error: option '--reason <REASON>' argument 'cACompromise' is invalid. Allowed choices are unspecified, keyCompromise, superseded, cessationOfOperation, privilegeWithdrawn.\n${seeRevoke}`,
    ],
    [
      "nobody to ask and no --yes",
      ["revoke", "4f"],
      `error: a revocation cannot be undone and nobody can be asked here: add --yes\n${seeRevoke}`,
    ],
    [
      "waiting for a dry run",
      ["revoke", "4f", "--wait", "--dry-run=server"],
      `error: --wait and --dry-run clash: a dry run revokes nothing that could be waited for\n${seeRevoke}`,
    ],
    [
      "time-out in days",
      ["revoke", "4f", "--yes", "--timeout", "1d"],
      `error: --timeout: "1d" is not a duration: write numbers with units from h, m, s, ms, us and ns, for example "24h" or "1h30m" (days are "168h", not "7d")\n${seeRevoke}`,
    ],
    [
      "time-out of nothing",
      ["revoke", "4f", "--yes", "--timeout", "0s"],
      `error: --timeout: 0s is no time to wait: give more than 0s\n${seeRevoke}`,
    ],
    [
      "kind that cannot be revoked",
      ["revoke", "configmap/web", "--yes"],
      `error: "configmap/web": "configmap" cannot be revoked; give a serial number, icert/NAME, certificate/NAME, certificaterequest/NAME, pod/NAME, secret/NAME or serviceaccount/NAME\n${seeRevoke}`,
    ],
    [
      "kind from an object's prototype",
      ["revoke", "constructor/web", "--yes"],
      `error: "constructor/web": "constructor" cannot be revoked; give a serial number, icert/NAME, certificate/NAME, certificaterequest/NAME, pod/NAME, secret/NAME or serviceaccount/NAME\n${seeRevoke}`,
    ],
    [
      "name that cannot exist",
      ["revoke", "secret/../web", "--yes"],
      `error: "secret/../web": "../web" is not an object's name\n${seeRevoke}`,
    ],
    [
      "one good and one bad target",
      ["revoke", "4f", "00", "--yes"],
      `error: serial "00": not a hexadecimal number above zero, as in 4f1c… or 4F:1C:…\n${seeRevoke}`,
    ],
    [
      "targets and --all",
      ["revoke", "4f", "--all", "--yes"],
      `error: TARGET and --all clash: give one of them\n${seeRevoke}`,
    ],
    [
      "--selector and --public-key",
      ["revoke", "-l", "app=web", "--public-key", "leaked.pem", "--yes"],
      `error: --selector and --public-key clash: give one of them\n${seeRevoke}`,
    ],
    [
      "a selector that selects everything",
      ["revoke", "-l", "", "--yes"],
      `error: --selector is empty: --all revokes everything of the namespace\n${seeRevoke}`,
    ],
    [
      "the policy and other output",
      ["revoke", "4f", "--end-sessions", "-o", "yaml", "--yes"],
      `error: --end-sessions prints a policy in JSON: leave --output out\n${seeRevoke}`,
    ],
    [
      "completion for another program",
      ["completion", "bash"],
      `error: command-argument value 'bash' is invalid for argument 'SHELL'. Allowed choices are kubectl.\nSee "kubectl capstan completion --help".\n`,
    ],
  ])("%s", async (_, argv, err) => {
    expect(await run(argv)).toEqual({ code: 2, out: "", err });
  });
});

test("no command at all shows the help among the words and ends with 2", async () => {
  const { out: help } = await run(["--help"]);
  expect(await run([])).toEqual({ code: 2, out: "", err: help });
});

test("no kubeconfig ends with 1 and says what to do", async () => {
  expect(await run(["status"])).toEqual({
    code: 1,
    out: "",
    err: "error: no kubeconfig: give one, set KUBECONFIG, or create HOME/.kube/config (no service account is mounted either)\n",
  });
});

test("an API server that cannot be reached is named", async () => {
  const server = { url: "http://127.0.0.1:1" };
  expect(await run(["status"], { server })).toEqual({
    code: 1,
    out: "",
    err: "error: GET /apis/capstan.dev/v1alpha1/certificateauthorities: ECONNREFUSED (API server SERVER)\n",
  });
});

test("version is the package's", async () => {
  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  expect(pluginVersion).toBe(version);
  expect(await run(["version"])).toEqual({ code: 0, out: `kubectl-capstan ${version}\n`, err: "" });
});

test.each(commands.map(({ name }) => name))(
  "help of %s goes to stdout, ends with 0 and speaks of kubectl",
  async (name) => {
    const { code, out, err } = await run([name, "--help"]);
    expect({ code, err, usage: out.split(" [")[0]?.split(" <")[0]?.trim().split("\n")[0] }).toEqual({
      code: 0,
      err: "",
      usage: `Usage: kubectl capstan ${name}`,
    });
  },
);

test("help of the plugin", async () => {
  expect((await run(["--help"])).out).toMatchInlineSnapshot(`
    "Usage: kubectl capstan [options] [command]

    Certificate authorities in the cluster for AWS IAM Roles Anywhere: see, find and revoke.

    Options:
      -h, --help                    show this help

    Commands:
      status [options] [CA]         Show certificate authorities, their trust anchors, issuers and
                                    pending revocations
      doctor [options] [CA]         Check the whole chain from the cluster to AWS, and name the cause
                                    and the cure of what is wrong
      check [options] [FILE]        Tell whether a Certificate or a request would be issued, and what
                                    AWS would make of the leaf
      list [options]                List issued certificates from the ledger, newest first
      show [options] <TARGET>       Show one certificate: names, key, request, what AWS makes of it
      revoke [options] [TARGET...]  Revoke certificates, which cannot be undone
      whois [options] [WHAT...]     Say whose a serial number, an AWS session or a certificate is
      audit [options]               Report every certificate issued, or check the ledger against audit
                                    logs
      rotate [options] <CA>         Replace the generation that signs
      freeze [options] <CA>         Hold issuing, or disable a trust anchor in AWS
      unfreeze [options] <CA>       Go on issuing, or enable a trust anchor in AWS again
      abandon [options] <CA>        Give up the generation that is being introduced
      recover [options] <CA>        Go on after a restore from a backup
      release [options] <CA>        Let an authority that is being deleted go, before its certificates
                                    have ended
      aws-setup [options] [CA]      Prepare an AWS account: trust anchors, and roles for the publisher,
                                    its canary and workloads
      retry [options] [NAME...]     Try again what a policy refused, after the policy was mended
      issue [options] <FILE>        Get a certificate for a person or an agent outside the cluster
      completion <SHELL>            Print the script that lets kubectl complete this plugin's commands
      version                       Print the plugin's version

    Use "kubectl capstan COMMAND --help" for a command's flags and examples.
    "
  `);
});

test("help of revoke", async () => {
  expect((await run(["revoke", "--help"])).out).toMatchInlineSnapshot(`
    "Usage: kubectl capstan revoke [options] [TARGET...]

    Asks Capstan to revoke certificates. A Revocation in a workload's namespace reaches the certificates
    issued to that namespace; one in Capstan's own namespace reaches all.
    A certificate that is being revoked already is left as it is, so the command can be repeated, for
    example with --wait.

    Arguments:
      TARGET                           SERIAL (hex; colons, 0x and upper case are fine), icert/NAME
                                       (ledger record), certificate/NAME (its current certificate),
                                       certificaterequest/NAME, pod/NAME (its csi volumes and the
                                       Secrets it can read), secret/NAME (its tls.crt) or
                                       serviceaccount/NAME (all that it has asked for itself)

    Options:
      -n, --namespace <NAMESPACE>      namespace of the certificate, and of the Revocation; else the
                                       context's
      -l, --selector <LABELS>          the Certificates and pods of the namespace with these labels,
                                       instead of TARGET
      --all                            everything valid that was issued to the namespace, instead of
                                       TARGET
      --certificate <FILE>             a certificate in PEM, instead of TARGET; in Capstan's own
                                       namespace also one that the ledger lacks
      --public-key <FILE>              every certificate with this key, and none is issued for it any
                                       more, instead of TARGET: a certificate, a public key or the
                                       leaked private key, in PEM
      --reason <REASON>                why, as in RFC 5280, 5.3.1; unspecified when not given (choices:
                                       "unspecified", "keyCompromise", "superseded",
                                       "cessationOfOperation", "privilegeWithdrawn")
      --reissue                        renew the Certificate, or evict the pod, that holds what is
                                       revoked
      --end-sessions                   print an IAM policy that ends the AWS sessions that are open
                                       already, for you to give to their roles
      --wait                           return when every trust anchor has the CRL; show each one's
                                       progress
      --timeout <DURATION>             how long --wait waits, like 90s or 2m (default: "2m")
      -y, --yes                        do not ask; needed where nobody can answer
      --dry-run <WHERE>                change nothing (choices: "client", "server")
      -o, --output <FORMAT>            print the Revocations instead of one line each (choices: "json",
                                       "yaml", "name")
      --capstan-namespace <NAMESPACE>  where Capstan keeps its ledger (default: "capstan-system")
      --context <NAME>                 context of the kubeconfig
      --kubeconfig <FILE>              kubeconfig; else $KUBECONFIG, else ~/.kube/config
      -h, --help                       show this help

    Examples:
      kubectl capstan revoke certificate/web -n demo --reason keyCompromise --wait
      kubectl capstan revoke pod/web-7f9c -n demo --reissue
      kubectl capstan revoke -l app=web -n demo --yes
      kubectl capstan revoke --certificate found.pem -n capstan-system
      kubectl capstan revoke --public-key leaked.pem -n demo --reason keyCompromise
      kubectl capstan revoke certificate/web -n demo --wait --end-sessions > policy.json
      kubectl capstan revoke 4f:1c:09:ab -n capstan-system --yes
    "
  `);
});

describe("completion", () => {
  test("script", async () => {
    expect((await run(["completion", "kubectl"])).out).toMatchInlineSnapshot(`
      "#!/bin/sh
      # Completes "kubectl capstan". Save it on the PATH as kubectl_complete-capstan, executable.
      exec kubectl capstan __complete "$@"
      "
    `);
  });

  test("is answered by a hidden command", async () => {
    expect(await run(["__complete", "vers"])).toEqual({
      code: 0,
      out: "version\tPrint the plugin's version\n:4\n",
      err: "",
    });
  });

  test.each([
    ["a flag's value", ["list", "-o", "j"], "json\n:4\n"],
    ["a flag's value after =", ["revoke", "4f", "--dry-run=c"], "--dry-run=client\n:4\n"],
    ["flags by their beginning", ["list", "--cont"], "--context\tcontext of the kubeconfig\n:4\n"],
    [
      "kinds of targets, to be typed on",
      ["revoke", ""],
      "icert/\ncertificate/\ncertificaterequest/\npod/\nsecret/\nserviceaccount/\n:6\n",
    ],
    ["an argument with choices", ["completion", ""], "kubectl\n:4\n"],
    ["no value in the word after a flag that may stand alone", ["rotate", "--dry-run", ""], ":4\n"],
    ["nothing for a value that is free", ["list", "-n", ""], ":4\n"],
    ["nothing after an unknown command", ["frob", ""], ":4\n"],
    ["nothing that does not fit", ["list", "-o", "xml"], ":4\n"],
  ])("offers %s", (_, words, lines) => {
    expect(complete(commands, words)).toBe(lines);
  });

  test("offers every command at first", () => {
    expect(complete(commands, [""])).toMatchInlineSnapshot(`
      "status	Show certificate authorities, their trust anchors, issuers and pending revocations
      doctor	Check the whole chain from the cluster to AWS, and name the cause and the cure of what is wrong
      check	Tell whether a Certificate or a request would be issued, and what AWS would make of the leaf
      list	List issued certificates from the ledger, newest first
      show	Show one certificate: names, key, request, what AWS makes of it
      revoke	Revoke certificates, which cannot be undone
      whois	Say whose a serial number, an AWS session or a certificate is
      audit	Report every certificate issued, or check the ledger against audit logs
      rotate	Replace the generation that signs
      freeze	Hold issuing, or disable a trust anchor in AWS
      unfreeze	Go on issuing, or enable a trust anchor in AWS again
      abandon	Give up the generation that is being introduced
      recover	Go on after a restore from a backup
      release	Let an authority that is being deleted go, before its certificates have ended
      aws-setup	Prepare an AWS account: trust anchors, and roles for the publisher, its canary and workloads
      retry	Try again what a policy refused, after the policy was mended
      issue	Get a certificate for a person or an agent outside the cluster
      completion	Print the script that lets kubectl complete this plugin's commands
      version	Print the plugin's version
      :4
      "
    `);
  });
});
