package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"

	cmmeta "github.com/cert-manager/cert-manager/pkg/apis/meta/v1"
)

// An issuerTemplate makes a fresh issuer for every spec, as cert-manager's CreateIssuerFunc does. What is namespaced is
// made in the spec's own namespace. The last object is the issuer and has a generateName.
type issuerTemplate struct {
	label   string
	objects []*unstructured.Unstructured
}

func readIssuerTemplate(label, file string) (issuerTemplate, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return issuerTemplate{}, fmt.Errorf("--issuer: %w", err)
	}
	template := issuerTemplate{label: label}
	for document := range strings.SplitSeq(string(text), "\n---\n") {
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(document), &object.Object); err != nil {
			return issuerTemplate{}, fmt.Errorf("--issuer: %s: %w", file, err)
		}
		template.objects = append(template.objects, object)
	}
	if issuer := template.objects[len(template.objects)-1]; issuer.GetGenerateName() == "" {
		return issuerTemplate{}, fmt.Errorf("--issuer: %s: the issuer has no metadata.generateName", file)
	}
	return template, nil
}

// An issuer that a spec asks for certificates.
type issuer struct {
	ref cmmeta.IssuerReference
	// signer is what a Kubernetes CertificateSigningRequest names it by: <plural>.<group>/[<namespace>.]<name>.
	signer  string
	objects []madeObject
}

type madeObject struct {
	client dynamic.ResourceInterface
	name   string
}

// create makes the template's objects, and waits until the issuer says that it is ready.
func (template issuerTemplate) create(ctx context.Context, cluster *cluster, namespace string, wait waiting) (*issuer, error) {
	made := &issuer{}
	for index, object := range template.objects {
		kind := object.GroupVersionKind()
		mapping, err := cluster.mapper.RESTMapping(kind.GroupKind(), kind.Version)
		if err != nil {
			return made, err
		}
		client := clientOf(cluster, mapping, namespace)
		created, err := client.Create(ctx, object, metav1.CreateOptions{})
		if err != nil {
			return made, fmt.Errorf("creating the %s: %w", kind.Kind, err)
		}
		made.objects = append(made.objects, madeObject{client, created.GetName()})
		if index < len(template.objects)-1 {
			continue
		}
		made.ref = cmmeta.IssuerReference{Name: created.GetName(), Kind: kind.Kind, Group: kind.Group}
		made.signer = signerName(mapping, namespace, created.GetName())
		return made, wait.until(ctx, fmt.Sprintf("%s %s to be ready", kind.Kind, created.GetName()), func(ctx context.Context) (bool, string, error) {
			current, err := client.Get(ctx, created.GetName(), metav1.GetOptions{})
			if err != nil {
				return false, "", err
			}
			ready, message := isReady(current)
			return ready, message, nil
		})
	}
	return made, errors.New("the template has no issuer")
}

func clientOf(cluster *cluster, mapping *meta.RESTMapping, namespace string) dynamic.ResourceInterface {
	client := cluster.dynamic.Resource(mapping.Resource)
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		return client.Namespace(namespace)
	}
	return client
}

func signerName(mapping *meta.RESTMapping, namespace, name string) string {
	resource := schema.GroupResource{Group: mapping.Resource.Group, Resource: mapping.Resource.Resource}
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		return fmt.Sprintf("%s/%s.%s", resource, namespace, name)
	}
	return fmt.Sprintf("%s/%s", resource, name)
}

// isReady, or what the condition says instead.
func isReady(issuer *unstructured.Unstructured) (bool, string) {
	conditions, _, _ := unstructured.NestedSlice(issuer.Object, "status", "conditions")
	for _, condition := range conditions {
		fields, _ := condition.(map[string]any)
		if fields["type"] != "Ready" {
			continue
		}
		observed, _ := fields["observedGeneration"].(int64)
		return fields["status"] == "True" && observed == issuer.GetGeneration(),
			fmt.Sprintf("Ready %v %v: %v", fields["status"], fields["reason"], fields["message"])
	}
	return false, "it has no Ready condition"
}

func (made *issuer) delete(ctx context.Context) {
	for _, object := range made.objects {
		// A leftover is in nobody's way: each name is fresh.
		_ = object.client.Delete(ctx, object.name, metav1.DeleteOptions{})
	}
}
