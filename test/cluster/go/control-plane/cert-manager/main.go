// Command cert-manager runs one component of the cert-manager release that go.mod names.
//
// cert-manager publishes its components' libraries as one module, and its binaries as modules of
// their own, which a Go proxy need not have. This command is a composition root: it decides
// nothing, and starts what the released module exports. The three components share one binary
// because they share most of their packages, and linking is the slow part.
//
//	cert-manager controller --kubeconfig FILE …
//	cert-manager webhook    --kubeconfig FILE …
//	cert-manager cainjector --kubeconfig FILE …
//
// Flags have the names and defaults of the release's binaries.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/pflag"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"

	logf "github.com/cert-manager/cert-manager/pkg/logs"
	"github.com/cert-manager/cert-manager/pkg/util"
)

// component adds its flags, and returns what runs it once they are parsed.
type component func(flags *pflag.FlagSet) (run func(ctx context.Context) error, err error)

var components = map[string]component{
	"controller": newController,
	"webhook":    newWebhook,
	"cainjector": newCAInjector,
}

func main() {
	err := runCommand(os.Args[1:])
	if err != nil && !errors.Is(err, pflag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "cert-manager:", err)
		logf.FlushLogs()
		os.Exit(1)
	}
	logf.FlushLogs()
}

func runCommand(args []string) error {
	if len(args) == 1 && args[0] == "version" {
		fmt.Println(util.VersionInfo().GitVersion)
		return nil
	}
	if len(args) == 0 || components[args[0]] == nil {
		return errors.New("usage: cert-manager controller|webhook|cainjector [flags], or cert-manager version")
	}
	name := args[0]
	flags := pflag.NewFlagSet(name, pflag.ContinueOnError)
	run, err := components[name](flags)
	if err != nil {
		return err
	}
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%s: unexpected argument %q", name, flags.Arg(0))
	}

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	logf.InitLogs()
	ctrl.SetLogger(klog.Background())
	if err := run(logf.NewContext(ctx, logf.Log, name)); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
