package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/rand"
)

const domainSuffix = "example.com"

// A scene is what one spec finds: a namespace and an issuer of its own.
type scene struct {
	*cluster
	waiting
	namespace   string
	issuer      *issuer
	unsupported featureSet
	protocol    string
}

func newScene(ctx context.Context, cluster *cluster, entry entry, options options) (*scene, error) {
	namespace, err := cluster.kube.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "conformance-" + entry.suite + "-"},
	}, metav1.CreateOptions{})
	if err != nil {
		return nil, fmt.Errorf("creating a namespace: %w", err)
	}
	scene := &scene{
		cluster:     cluster,
		waiting:     waiting{options.timeout},
		namespace:   namespace.Name,
		unsupported: options.unsupported,
		protocol:    options.protocol,
	}
	scene.issuer, err = entry.issuer.create(ctx, cluster, namespace.Name, scene.waiting)
	if err != nil {
		scene.clear(context.WithoutCancel(ctx))
		return nil, err
	}
	return scene, nil
}

func (scene *scene) clear(ctx context.Context) {
	if scene.issuer != nil {
		scene.issuer.delete(ctx)
	}
	_ = scene.kube.CoreV1().Namespaces().Delete(ctx, scene.namespace, metav1.DeleteOptions{})
}

// explain adds what the issuer said of the requests in the spec's namespace.
func (scene *scene) explain(ctx context.Context, err error) error {
	var reason skip
	if errors.As(err, &reason) {
		return err
	}
	requests, listing := scene.certmanager.CertmanagerV1().CertificateRequests(scene.namespace).List(ctx, metav1.ListOptions{})
	if listing != nil {
		return err
	}
	var said []string
	for _, request := range requests.Items {
		for _, condition := range request.Status.Conditions {
			said = append(said, fmt.Sprintf("%s %s: %s", condition.Type, condition.Status, condition.Message))
		}
	}
	if len(said) == 0 {
		return err
	}
	return fmt.Errorf("%w (its CertificateRequest says %s)", err, strings.Join(said, "; "))
}

// randomSubdomain of the domain that specs use.
func randomSubdomain() string {
	return rand.String(10) + "." + domainSuffix
}

// waiting for something in the cluster, each time for as long.
type waiting struct{ limit time.Duration }

const interval = 200 * time.Millisecond

// until the check says yes. The check may say what it saw instead, for the error; an error of its own ends the waiting.
func (wait waiting) until(ctx context.Context, what string, check func(context.Context) (bool, string, error)) error {
	ctx, cancel := context.WithTimeout(ctx, wait.limit)
	defer cancel()
	var seen string
	for {
		done, message, err := check(ctx)
		switch {
		case ctx.Err() != nil:
			return fmt.Errorf("gave up waiting for %s: %s", what, seen)
		case err != nil:
			return err
		case done:
			return nil
		}
		seen = message
		select {
		case <-ctx.Done():
		case <-time.After(interval):
		}
	}
}
