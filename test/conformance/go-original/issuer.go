package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/restmapper"

	cmmeta "github.com/cert-manager/cert-manager/pkg/apis/meta/v1"
	"github.com/cert-manager/cert-manager/test/e2e/framework"
)

// readyTimeout is for an issuer that nothing is wrong with.
const readyTimeout = 2 * time.Minute

// An issuerTemplate makes a fresh issuer for every spec. The last object is the issuer and has a generateName; what is
// namespaced is made in the spec's own namespace.
type issuerTemplate struct {
	label   string
	objects []*unstructured.Unstructured
}

func readIssuerTemplate(label, file string) (issuerTemplate, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return issuerTemplate{}, err
	}
	template := issuerTemplate{label: label}
	for _, document := range strings.Split(string(text), "\n---\n") {
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(document), &object.Object); err != nil {
			return issuerTemplate{}, fmt.Errorf("%s: %w", file, err)
		}
		template.objects = append(template.objects, object)
	}
	return template, nil
}

// A madeIssuer can be named in both ways, and deleted.
type madeIssuer struct {
	reference cmmeta.ObjectReference
	signer    string
	remove    func()
}

// create makes the objects, and waits until the issuer says that it is ready.
func (template issuerTemplate) create(f *framework.Framework) madeIssuer {
	ctx := context.Background()
	untyped, err := dynamic.NewForConfig(f.KubeClientConfig)
	Expect(err).NotTo(HaveOccurred())
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(f.KubeClientSet.Discovery()))
	var made madeIssuer
	for _, object := range template.objects {
		kind := object.GroupVersionKind()
		mapping, err := mapper.RESTMapping(kind.GroupKind(), kind.Version)
		Expect(err).NotTo(HaveOccurred())
		scope, client := "", dynamic.ResourceInterface(untyped.Resource(mapping.Resource))
		if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
			scope, client = f.Namespace.Name+".", untyped.Resource(mapping.Resource).Namespace(f.Namespace.Name)
		}
		created, err := client.Create(ctx, object, metav1.CreateOptions{})
		Expect(err).NotTo(HaveOccurred())
		made = madeIssuer{
			reference: cmmeta.ObjectReference{Name: created.GetName(), Kind: kind.Kind, Group: kind.Group},
			signer:    fmt.Sprintf("%s/%s%s", mapping.Resource.GroupResource(), scope, created.GetName()),
			remove:    func() { _ = client.Delete(ctx, created.GetName(), metav1.DeleteOptions{}) },
		}
		if object != template.objects[len(template.objects)-1] {
			continue
		}
		Eventually(func(g Gomega) {
			current, err := client.Get(ctx, created.GetName(), metav1.GetOptions{})
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(statusOfReady(current)).To(Equal("True"))
		}, readyTimeout, "200ms").Should(Succeed())
	}
	return made
}

func statusOfReady(issuer *unstructured.Unstructured) any {
	conditions, _, _ := unstructured.NestedSlice(issuer.Object, "status", "conditions")
	for _, condition := range conditions {
		if fields, ok := condition.(map[string]any); ok && fields["type"] == "Ready" {
			return fields["status"]
		}
	}
	return nil
}
