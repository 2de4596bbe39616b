package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/sets"
	logsapi "k8s.io/component-base/logs/api/v1"

	"github.com/cert-manager/cert-manager/pkg/apis/certmanager"
	"github.com/cert-manager/cert-manager/pkg/controller"
	"github.com/cert-manager/cert-manager/pkg/healthz"
	dnsutil "github.com/cert-manager/cert-manager/pkg/issuer/acme/dns/util"
	logf "github.com/cert-manager/cert-manager/pkg/logs"
	"github.com/cert-manager/cert-manager/pkg/util"
)

// The controllers of a default install, but for Venafi's (controllers.go says why), and those that the flags add.
// Leader election is off: one process without a peer.
func newController(flags *pflag.FlagSet) (func(context.Context) error, error) {
	kubeconfig := flags.String("kubeconfig", "", "path of the kubeconfig to use")
	clusterResourceNamespace := flags.String("cluster-resource-namespace", "kube-system", "namespace of the Secrets of cluster issuers")
	metricsAddress := flags.String("metrics-listen-address", "0.0.0.0:9402", "host:port of /metrics")
	healthAddress := flags.String("healthz-listen-address", "0.0.0.0:9403", "host:port of /livez")
	workersPerController := flags.Int("concurrent-workers", 5, "workers of each controller")
	qps := flags.Float32("kube-api-qps", 20, "calls a second to an API server that has no priority and fairness of its own")
	burst := flags.Int("kube-api-burst", 50, "calls at once to such an API server")
	flags.Var(featureGates{}, "feature-gates", "feature gates as name=true, separated by commas")
	enableGatewayAPI := flags.Bool("enable-gateway-api", false, "serve Gateways and, with gate ListenerSets, ListenerSets; their CRDs must be there")
	extraProtocols := flags.StringSlice("gateway-api-extra-protocols", nil, "listener protocols that are taken for TLS beside HTTPS and TLS")
	logging := logsapi.NewLoggingConfiguration()
	logf.AddFlagsNonDeprecated(logging, flags)

	return func(ctx context.Context) error {
		if err := logf.ValidateAndApply(logging); err != nil {
			return err
		}
		options := contextOptions(*kubeconfig, *clusterResourceNamespace)
		options.KubernetesAPIQPS = *qps
		options.KubernetesAPIBurst = *burst
		options.EnableGatewayAPI = *enableGatewayAPI
		options.EnableGatewayAPIListenerSet = *enableGatewayAPI
		options.IngressShimOptions.GatewayAPIExtraProtocols = sets.New(*extraProtocols...)
		group, ctx := errgroup.WithContext(ctx)
		factory, err := controller.NewContextFactory(ctx, options)
		if err != nil {
			return err
		}
		root, err := factory.Build()
		if err != nil {
			return err
		}

		log := logf.FromContext(ctx)
		for name, construct := range controller.Known() {
			if !isEnabled(name, *enableGatewayAPI) {
				continue
			}
			// All are constructed before the informers start, since that is what asks for informers.
			control, err := construct(factory)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			group.Go(func() error {
				log.Info("starting controller", "controller", name)
				if err := control.Run(*workersPerController, ctx); err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
				return nil
			})
		}
		// After the controllers: some of them add a collector.
		if err := serveMetrics(ctx, group, *metricsAddress, root.Metrics.NewServer); err != nil {
			return err
		}
		if err := serveHealth(ctx, group, *healthAddress); err != nil {
			return err
		}
		root.SharedInformerFactory.Start(ctx.Done())
		root.KubeSharedInformerFactory.Start(ctx.Done())
		root.HTTP01ResourceMetadataInformersFactory.Start(ctx.Done())
		if *enableGatewayAPI {
			root.GWShared.Start(ctx.Done())
		}
		return group.Wait()
	}, nil
}

// contextOptions holds what the release's binary passes when no flags but these are given.
func contextOptions(kubeconfig, clusterResourceNamespace string) controller.ContextOptions {
	return controller.ContextOptions{
		Kubeconfig: kubeconfig,
		IssuerOptions: controller.IssuerOptions{
			ClusterResourceNamespace:        clusterResourceNamespace,
			ClusterIssuerAmbientCredentials: true,
		},
		ACMEOptions: controller.ACMEOptions{
			HTTP01SolverImage:                 "quay.io/jetstack/cert-manager-acmesolver:" + util.AppVersion,
			HTTP01SolverResourceRequestCPU:    resource.MustParse("10m"),
			HTTP01SolverResourceRequestMemory: resource.MustParse("64Mi"),
			HTTP01SolverResourceLimitsCPU:     resource.MustParse("100m"),
			HTTP01SolverResourceLimitsMemory:  resource.MustParse("64Mi"),
			ACMEHTTP01SolverRunAsNonRoot:      true,
			DNS01CheckAuthoritative:           true,
			DNS01Nameservers:                  dnsutil.RecursiveNameservers,
			DNS01CheckRetryPeriod:             10 * time.Second,
		},
		IngressShimOptions: controller.IngressShimOptions{
			DefaultIssuerKind:                 "Issuer",
			DefaultIssuerGroup:                certmanager.GroupName,
			DefaultAutoCertificateAnnotations: []string{"kubernetes.io/tls-acme"},
		},
		CertificateOptions: controller.CertificateOptions{
			CopiedAnnotationPrefixes:                 []string{"*", "-kubectl.kubernetes.io/", "-fluxcd.io/", "-argocd.argoproj.io/"},
			CertificateRequestMinimumBackoffDuration: time.Hour,
			CertificateRequestMaximumBackoffDuration: 32 * time.Hour,
		},
		SchedulerOptions: controller.SchedulerOptions{MaxConcurrentChallenges: 60},
	}
}

func serveMetrics(ctx context.Context, group *errgroup.Group, address string, newServer func(net.Listener) *http.Server) error {
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("--metrics-listen-address: %w", err)
	}
	server := newServer(listener)
	group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		return server.Shutdown(grace)
	})
	return nil
}

func serveHealth(ctx context.Context, group *errgroup.Group, address string) error {
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("--healthz-listen-address: %w", err)
	}
	server := healthz.NewServer(20 * time.Second)
	group.Go(func() error { return server.Start(ctx, listener) })
	return nil
}
