// Command conformance runs the specs of cert-manager's conformance suites against any issuer.
//
//	conformance --kubeconfig FILE --issuer LABEL=MANIFEST [--issuer …] [--unsupported FEATURE,…]
//	conformance --list
//
// It prints one JSON object per line on standard output: first what it is going to run, then each spec as it ends. It
// exits with 0 when every spec ended, whatever came out; what that means is for the reader of the lines to say.
//
// The specs are a port of cert-manager's, by their names, and validate with the libraries of the cert-manager release
// that go.mod names. Its own suite is a module that no module proxy serves to this project's builds.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("conformance: ")
	// The log of client-go would mix with the results.
	klog.SetLogger(logr.Discard())
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			log.Print(err)
		}
		os.Exit(1)
	}
}

// options of one run.
type options struct {
	kubeconfig  string
	manifests   []labelledFile
	unsupported featureSet
	protocol    string
	focus       *regexp.Regexp
	workers     int
	timeout     time.Duration
	list        bool
}

type labelledFile struct{ label, file string }

func parseOptions(args []string) (options, error) {
	parsed := options{unsupported: featureSet{}, focus: regexp.MustCompile("")}
	flags := flag.NewFlagSet("conformance", flag.ContinueOnError)
	flags.BoolVar(&parsed.list, "list", false, "print each spec as a line `suite / name`, and run none")
	flags.StringVar(&parsed.kubeconfig, "kubeconfig", "", "kubeconfig of an administrator")
	flags.Func("issuer", "LABEL=FILE: objects that make an issuer, itself the last of them; may be given more than once", func(value string) error {
		label, file, found := strings.Cut(value, "=")
		if !found {
			return errors.New("not of the form LABEL=FILE")
		}
		parsed.manifests = append(parsed.manifests, labelledFile{label, file})
		return nil
	})
	flags.Func("unsupported", "features that the issuers do not have, separated by commas", func(value string) error {
		for name := range strings.SplitSeq(value, ",") {
			if !allFeatures[feature(name)] {
				return fmt.Errorf("there is no feature %q", name)
			}
			parsed.unsupported[feature(name)] = true
		}
		return nil
	})
	flags.StringVar(&parsed.protocol, "extra-protocol", "", "listener protocol that cert-manager was told to take for TLS")
	flags.Func("focus", "run only specs whose `suite / name` this regular expression finds", func(value string) (err error) {
		parsed.focus, err = regexp.Compile(value)
		return err
	})
	flags.IntVar(&parsed.workers, "workers", 4, "how many specs run at a time")
	flags.DurationVar(&parsed.timeout, "timeout", 8*time.Minute, "how long a spec waits for its certificate")
	if err := flags.Parse(args); err != nil {
		return options{}, err
	}
	if flags.NArg() > 0 {
		return options{}, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if len(parsed.manifests) == 0 && !parsed.list {
		return options{}, errors.New("--issuer is missing")
	}
	return parsed, nil
}

func run(ctx context.Context, args []string, out io.Writer) error {
	options, err := parseOptions(args)
	if err != nil {
		return err
	}
	if options.list {
		for _, spec := range allSpecs() {
			if _, err := fmt.Fprintln(out, spec.title()); err != nil {
				return err
			}
		}
		return nil
	}
	cluster, err := connect(options.kubeconfig)
	if err != nil {
		return err
	}
	var issuers []issuerTemplate
	for _, manifest := range options.manifests {
		issuer, err := readIssuerTemplate(manifest.label, manifest.file)
		if err != nil {
			return err
		}
		issuers = append(issuers, issuer)
	}
	plan := makePlan(issuers, options)
	return execute(ctx, cluster, plan, options, json.NewEncoder(out))
}
