package main

import (
	"context"

	"github.com/spf13/pflag"
	corev1 "k8s.io/api/core/v1"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
	kubescheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"
	logsapi "k8s.io/component-base/logs/api/v1"
	apiregistration "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	// Registers the feature gate that the injectors ask about.
	_ "github.com/cert-manager/cert-manager/internal/cainjector/feature"
	cmscheme "github.com/cert-manager/cert-manager/pkg/client/clientset/versioned/scheme"
	"github.com/cert-manager/cert-manager/pkg/controller/cainjector"
	logf "github.com/cert-manager/cert-manager/pkg/logs"
	"github.com/cert-manager/cert-manager/pkg/util"
)

// newCAInjector runs all of the release's injectors. cert-manager's CRDs must be there already.
func newCAInjector(flags *pflag.FlagSet) (func(context.Context) error, error) {
	kubeconfig := flags.String("kubeconfig", "", "path of the kubeconfig to use")
	metricsAddress := flags.String("metrics-listen-address", "0.0.0.0:9402", "host:port of /metrics")
	logging := logsapi.NewLoggingConfiguration()
	logf.AddFlagsNonDeprecated(logging, flags)

	return func(ctx context.Context) error {
		if err := logf.ValidateAndApply(logging); err != nil {
			return err
		}
		restConfig, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
		if err != nil {
			return err
		}
		scheme, err := newScheme()
		if err != nil {
			return err
		}
		manager, err := ctrl.NewManager(util.RestConfigWithUserAgent(restConfig, "cainjector"), ctrl.Options{
			Scheme: scheme,
			Cache:  cache.Options{ReaderFailOnMissingInformer: true},
			// Secrets are watched by metadata alone, so a cached read of one would fail.
			Client:  client.Options{Cache: &client.CacheOptions{DisableFor: []client.Object{&corev1.Secret{}}}},
			Metrics: server.Options{BindAddress: *metricsAddress},
		})
		if err != nil {
			return err
		}
		err = cainjector.RegisterAllInjectors(ctx, manager, cainjector.SetupOptions{
			EnableCertificatesDataSource: true,
			EnabledReconcilersFor: map[string]bool{
				cainjector.MutatingWebhookConfigurationName:   true,
				cainjector.ValidatingWebhookConfigurationName: true,
				cainjector.CustomResourceDefinitionName:       true,
				cainjector.APIServiceName:                     true,
			},
		})
		if err != nil {
			return err
		}
		return manager.Start(ctx)
	}, nil
}

func newScheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		kubescheme.AddToScheme, cmscheme.AddToScheme, apiextensions.AddToScheme, apiregistration.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			return nil, err
		}
	}
	return scheme, nil
}
