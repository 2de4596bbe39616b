// Command issuer-lib is the smallest issuer that can be made with the issuer-lib release that go.mod names: one key in a
// file, nothing asked of a request but what the library asks, nothing written down. It is there to be measured against.
//
// Its issuer kinds are those that the library's own tests use. The module's path lies below the library's, because Go
// lets only such a module import its internal packages.
//
//	issuer-lib --kubeconfig FILE --certificate FILE --key FILE --workers N --health-address HOST:PORT
package main

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/cert-manager/cert-manager/pkg/util/pki"
	"github.com/spf13/pflag"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/cert-manager/issuer-lib/api/v1alpha1"
	"github.com/cert-manager/issuer-lib/controllers"
	"github.com/cert-manager/issuer-lib/controllers/signer"
	"github.com/cert-manager/issuer-lib/internal/testapi/api"
)

const name = "issuer-lib"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, pflag.ErrHelp) {
		fmt.Fprintln(os.Stderr, name+":", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := pflag.NewFlagSet(name, pflag.ContinueOnError)
	kubeconfig := flags.String("kubeconfig", "", "path of the kubeconfig to use")
	certificateFile := flags.String("certificate", "", "PEM of the CA's certificate")
	keyFile := flags.String("key", "", "PEM of the CA's private key")
	workers := flags.Int("workers", 1, "requests in work at once")
	healthAddress := flags.String("health-address", "", "host:port of /readyz")
	if err := flags.Parse(args); err != nil {
		return err
	}
	ca, err := readCA(*certificateFile, *keyFile)
	if err != nil {
		return err
	}
	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		return err
	}
	// The API server's own limits alone, as cert-manager does.
	config.QPS = -1
	scheme, err := newScheme()
	if err != nil {
		return err
	}
	ctrl.SetLogger(klog.Background())
	manager, err := ctrl.NewManager(config, ctrl.Options{
		Scheme:                 scheme,
		Metrics:                metricsserver.Options{BindAddress: "0"},
		HealthProbeBindAddress: *healthAddress,
	})
	if err != nil {
		return err
	}
	if err := manager.AddReadyzCheck("ping", healthz.Ping); err != nil {
		return err
	}
	err = (&controllers.CombinedController{
		IssuerTypes:                    []v1alpha1.Issuer{&api.TestIssuer{}},
		ClusterIssuerTypes:             []v1alpha1.Issuer{&api.TestClusterIssuer{}},
		FieldOwner:                     name,
		MaxRetryDuration:               time.Minute,
		Check:                          func(context.Context, v1alpha1.Issuer) error { return nil },
		Sign:                           ca.sign,
		EventRecorder:                  manager.GetEventRecorder(name),
		SetCAOnCertificateRequest:      true,
		DisableKubernetesCSRController: true,
		ControllerOptions:              controller.Options{MaxConcurrentReconciles: *workers},
	}).SetupWithManager(ctx, manager)
	if err != nil {
		return err
	}
	return manager.Start(ctx)
}

func newScheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, eventsv1.AddToScheme, api.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, err
		}
	}
	return scheme, nil
}

type authority struct {
	chain []*x509.Certificate
	key   crypto.Signer
}

func readCA(certificateFile, keyFile string) (*authority, error) {
	certificatePEM, err := os.ReadFile(certificateFile)
	if err != nil {
		return nil, err
	}
	keyPEM, err := os.ReadFile(keyFile)
	if err != nil {
		return nil, err
	}
	chain, err := pki.DecodeX509CertificateChainBytes(certificatePEM)
	if err != nil {
		return nil, err
	}
	key, err := pki.DecodePrivateKeyBytes(keyPEM)
	if err != nil {
		return nil, err
	}
	return &authority{chain: chain, key: key}, nil
}

// sign does what cert-manager's own CA issuer does.
func (ca *authority) sign(_ context.Context, request signer.CertificateRequestObject, _ v1alpha1.Issuer) (signer.PEMBundle, error) {
	details, err := request.GetCertificateDetails()
	if err != nil {
		return signer.PEMBundle{}, err
	}
	template, err := details.CertificateTemplate()
	if err != nil {
		return signer.PEMBundle{}, signer.PermanentError{Err: err}
	}
	bundle, err := pki.SignCSRTemplate(ca.chain, ca.key, template)
	if err != nil {
		return signer.PEMBundle{}, err
	}
	return signer.PEMBundle(bundle), nil
}
