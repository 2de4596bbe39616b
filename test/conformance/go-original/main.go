// Command original runs cert-manager's own conformance suites, unchanged, as they were last released in its root module:
// with v1.11.5.
//
//	original --kubeconfig FILE --issuer LABEL=MANIFEST [--issuer …]
//
// It prints one JSON object per line on standard output, like the program in ../go: each spec as it ends, and how many
// there were. What Ginkgo and the suites say goes to standard error.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"strings"
	"syscall"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"
	"github.com/onsi/gomega"

	cmmeta "github.com/cert-manager/cert-manager/pkg/apis/meta/v1"
	feature "github.com/cert-manager/cert-manager/pkg/util/feature"
	"github.com/cert-manager/cert-manager/test/e2e/framework"
	"github.com/cert-manager/cert-manager/test/e2e/framework/helper/featureset"
	"github.com/cert-manager/cert-manager/test/e2e/suite/conformance/certificates"
	"github.com/cert-manager/cert-manager/test/e2e/suite/conformance/certificatesigningrequests"
)

// What the suites look at to skip specs of alpha features. It says nothing to cert-manager.
const featureGates = "ExperimentalCertificateSigningRequestControllers=true,ExperimentalGatewayAPISupport=true,LiteralCertificateSubject=true"

// The spec of this feature takes for granted that a Certificate keeps its private key, which it has had to ask for
// since cert-manager v1.18: no issuer could pass it.
var unsupported = featureset.NewFeatureSet(featureset.ReusePrivateKeyFeature)

const domainSuffix = "example.com"

func main() {
	log.SetFlags(0)
	log.SetPrefix("original: ")
	out, err := reserveStdout()
	if err == nil {
		err = run(os.Args[1:], json.NewEncoder(out))
	}
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		log.Fatal(err)
	}
}

// reserveStdout returns what was standard output, and has everybody else write to standard error.
func reserveStdout() (*os.File, error) {
	descriptor, err := syscall.Dup(syscall.Stdout)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(descriptor), "results"), syscall.Dup3(syscall.Stderr, syscall.Stdout, 0)
}

func run(args []string, out *json.Encoder) error {
	suiteConfig, reporterConfig := ginkgo.GinkgoConfiguration()
	flags := flag.NewFlagSet("original", flag.ContinueOnError)
	kubeconfig := flags.String("kubeconfig", "", "kubeconfig of an administrator")
	var issuers []issuerTemplate
	flags.Func("issuer", "LABEL=FILE: objects that make an issuer, itself the last of them; may be given more than once", func(value string) error {
		label, file, _ := strings.Cut(value, "=")
		issuer, err := readIssuerTemplate(label, file)
		issuers = append(issuers, issuer)
		return err
	})
	flags.Func("focus", "run only specs whose text this regular expression finds", func(value string) error {
		suiteConfig.FocusStrings = []string{value}
		return nil
	})
	if err := flags.Parse(args); err != nil {
		return err
	}
	if len(issuers) == 0 {
		return errors.New("--issuer is missing")
	}
	if err := feature.DefaultMutableFeatureGate.Set(featureGates); err != nil {
		return err
	}
	config := framework.DefaultConfig
	// For the defaults.
	config.AddFlags(flag.NewFlagSet("defaults", flag.ContinueOnError))
	config.KubeConfig = *kubeconfig
	config.Addons.ACMEServer.IngressIP = "127.0.0.1"

	for _, issuer := range issuers {
		define(issuer)
	}
	printed := &results{out: out}
	ginkgo.ReportAfterEach(printed.report)
	ginkgo.ReportAfterSuite("count", func(types.Report) {
		printed.encode(map[string]int{"planned": printed.count})
	})
	gomega.RegisterFailHandler(ginkgo.Fail)
	// A spec that fails is a result like any other.
	ginkgo.RunSpecs(testing{}, "cert-manager", suiteConfig, reporterConfig)
	return printed.err
}

// testing is what Ginkgo tells that something failed.
type testing struct{}

func (testing) Fail() {}

// define both suites for one kind of issuer. Specs run one after another, so the last issuer made is the one to delete.
func define(template issuerTemplate) {
	var made madeIssuer
	(&certificates.Suite{
		Name: template.label,
		CreateIssuerFunc: func(f *framework.Framework) cmmeta.ObjectReference {
			made = template.create(f)
			return made.reference
		},
		DeleteIssuerFunc:    func(*framework.Framework, cmmeta.ObjectReference) { made.remove() },
		DomainSuffix:        domainSuffix,
		HTTP01TestType:      "Ingress",
		UnsupportedFeatures: unsupported,
	}).Define()
	(&certificatesigningrequests.Suite{
		Name: template.label,
		CreateIssuerFunc: func(f *framework.Framework) string {
			made = template.create(f)
			return made.signer
		},
		DeleteIssuerFunc:    func(*framework.Framework, string) { made.remove() },
		DomainSuffix:        domainSuffix,
		UnsupportedFeatures: unsupported,
	}).Define()
}

// results of the specs, as they are printed.
type results struct {
	out   *json.Encoder
	count int
	err   error
}

var outcomes = map[types.SpecState]string{types.SpecStatePassed: "passed", types.SpecStateSkipped: "skipped"}

func (results *results) report(report types.SpecReport) {
	if report.State == types.SpecStateSkipped && report.Failure.Message == "" {
		// The focus left it out.
		return
	}
	outcome, known := outcomes[report.State]
	if !known {
		outcome = "failed"
	}
	// "with issuer type X", or "CertificateSigningRequest with issuer type X"
	about, label, _ := strings.Cut(report.ContainerHierarchyTexts[0], "with issuer type ")
	suite := "certificates"
	if about != "" {
		suite = "certificatesigningrequests"
	}
	results.count++
	results.encode(struct {
		Suite        string `json:"suite"`
		Spec         string `json:"spec"`
		Issuer       string `json:"issuer"`
		Outcome      string `json:"outcome"`
		Reason       string `json:"reason,omitempty"`
		Milliseconds int64  `json:"milliseconds"`
	}{suite, report.LeafNodeText, label, outcome, report.Failure.Message, report.RunTime.Milliseconds()})
}

func (results *results) encode(value any) {
	if err := results.out.Encode(value); err != nil {
		results.err = errors.Join(results.err, fmt.Errorf("printing a result: %w", err))
	}
}
