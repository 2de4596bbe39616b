package main

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"time"

	networking "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	gateway "sigs.k8s.io/gateway-api/apis/v1"

	cmapi "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
)

// shimSpecs have cert-manager make the Certificate, from annotations of an Ingress, Gateway or ListenerSet. Nothing
// needs to serve those: what is tested is how an issuer is named and what it is asked for.
var shimSpecs = []spec{
	{
		suite:    certificateSuite,
		name:     "should issue a certificate for a single distinct DNS Name defined by an ingress with annotations",
		requires: []feature{onlySAN},
		run: func(ctx context.Context, scene *scene) error {
			name, err := createIngress(ctx, scene, randomSubdomain(), nil)
			if err != nil {
				return err
			}
			certificate, err := waitForCertificate(ctx, scene, name, 0)
			if err != nil {
				return err
			}
			return validateCertificate(ctx, scene, certificate)
		},
	},
	{
		suite:    certificateSuite,
		name:     "should issue a certificate defined by an ingress with certificate field annotations",
		requires: []feature{onlySAN},
		run: func(ctx context.Context, scene *scene) error {
			want := fieldAnnotations(randomSubdomain())
			want.annotations[cmapi.RevisionHistoryLimitAnnotationKey] = "7"
			want.spec.RevisionHistoryLimit = ptr.To(int32(7))
			want.spec.PrivateKey = &cmapi.CertificatePrivateKey{
				RotationPolicy: cmapi.RotationPolicyAlways,
				Encoding:       cmapi.PKCS1,
				Algorithm:      cmapi.RSAKeyAlgorithm,
				Size:           4096,
			}
			want.annotations[cmapi.PrivateKeyAlgorithmAnnotationKey] = string(want.spec.PrivateKey.Algorithm)
			want.annotations[cmapi.PrivateKeyEncodingAnnotationKey] = string(want.spec.PrivateKey.Encoding)
			want.annotations[cmapi.PrivateKeySizeAnnotationKey] = strconv.Itoa(want.spec.PrivateKey.Size)
			want.annotations[cmapi.PrivateKeyRotationPolicyAnnotationKey] = string(want.spec.PrivateKey.RotationPolicy)
			name, err := createIngress(ctx, scene, want.spec.CommonName, want.annotations)
			if err != nil {
				return err
			}
			return issuesAsAnnotated(ctx, scene, name, want.spec)
		},
	},
	{
		suite:    certificateSuite,
		name:     "Creating a Gateway with annotations for issuerRef and other Certificate fields",
		requires: []feature{onlySAN},
		run: func(ctx context.Context, scene *scene) error {
			want := fieldAnnotations(randomSubdomain())
			listener := tlsListener("web", gateway.HTTPSProtocolType, want.spec.CommonName)
			if err := createGateway(ctx, scene, want.annotations, listener); err != nil {
				return err
			}
			return issuesAsAnnotated(ctx, scene, secretOf(listener), want.spec)
		},
	},
	{
		suite:    certificateSuite,
		name:     "Creating a Gateway with a custom extra protocol",
		requires: []feature{onlySAN},
		run: func(ctx context.Context, scene *scene) error {
			if scene.protocol == "" {
				return skip("cert-manager was told of no extra protocol")
			}
			want := fieldAnnotations(randomSubdomain())
			listener := tlsListener("custom", gateway.ProtocolType(scene.protocol), want.spec.CommonName)
			if err := createGateway(ctx, scene, want.annotations, listener); err != nil {
				return err
			}
			return issuesAsAnnotated(ctx, scene, secretOf(listener), want.spec)
		},
	},
	{
		suite:    certificateSuite,
		name:     "Creating a Gateway with the annotation that ignores TLS listeners",
		requires: []feature{onlySAN},
		run: func(ctx context.Context, scene *scene) error {
			want := fieldAnnotations(randomSubdomain())
			want.annotations[cmapi.CertificateIgnoreTLSListeners] = "ignored"
			ignored := tlsListener("ignored", gateway.HTTPSProtocolType, randomSubdomain())
			taken := tlsListener("taken", gateway.HTTPSProtocolType, want.spec.CommonName)
			if err := createGateway(ctx, scene, want.annotations, ignored, taken); err != nil {
				return err
			}
			if err := issuesAsAnnotated(ctx, scene, secretOf(taken), want.spec); err != nil {
				return err
			}
			// One pass makes the Certificates of all listeners, so by now the other one would be there.
			_, err := scene.certmanager.CertmanagerV1().Certificates(scene.namespace).Get(ctx, secretOf(ignored), metav1.GetOptions{})
			if !apierrors.IsNotFound(err) {
				return errors.Join(errors.New("the ignored listener has a Certificate"), err)
			}
			return nil
		},
	},
	{
		suite:    certificateSuite,
		name:     "Creating a ListenerSet with annotations for issuerRef and other Certificate fields",
		requires: []feature{onlySAN},
		run: func(ctx context.Context, scene *scene) error {
			want := fieldAnnotations(randomSubdomain())
			listener := tlsListener("web", gateway.HTTPSProtocolType, want.spec.CommonName)
			if err := createListenerSet(ctx, scene, want.annotations, listener); err != nil {
				return err
			}
			return issuesAsAnnotated(ctx, scene, secretOf(listener), want.spec)
		},
	},
}

// wantedFields are annotations and what they are to become in the Certificate.
type wantedFields struct {
	annotations map[string]string
	spec        cmapi.CertificateSpec
}

func fieldAnnotations(domain string) wantedFields {
	lifetime, renewBefore := 999*time.Hour, 111*time.Hour
	return wantedFields{
		annotations: map[string]string{
			cmapi.CommonNameAnnotationKey:  domain,
			cmapi.DurationAnnotationKey:    lifetime.String(),
			cmapi.RenewBeforeAnnotationKey: renewBefore.String(),
		},
		spec: cmapi.CertificateSpec{
			CommonName:  domain,
			DNSNames:    []string{domain},
			Duration:    &metav1.Duration{Duration: lifetime},
			RenewBefore: &metav1.Duration{Duration: renewBefore},
		},
	}
}

func issuesAsAnnotated(ctx context.Context, scene *scene, name string, want cmapi.CertificateSpec) error {
	certificate, err := waitForCertificate(ctx, scene, name, 0)
	if err != nil {
		return err
	}
	got := certificate.Spec
	for _, field := range []struct {
		name      string
		got, want any
	}{
		{"commonName", got.CommonName, want.CommonName},
		{"dnsNames", got.DNSNames, want.DNSNames},
		{"duration", got.Duration, want.Duration},
		{"renewBefore", got.RenewBefore, want.RenewBefore},
		{"revisionHistoryLimit", got.RevisionHistoryLimit, want.RevisionHistoryLimit},
		{"privateKey", got.PrivateKey, want.PrivateKey},
	} {
		if !reflect.DeepEqual(field.got, field.want) {
			err = errors.Join(err, fmt.Errorf("the Certificate's %s is %v, not %v", field.name, field.got, field.want))
		}
	}
	return errors.Join(err, validateCertificate(ctx, scene, certificate))
}

// issuerAnnotations and those given.
func issuerAnnotations(scene *scene, more map[string]string) map[string]string {
	annotations := map[string]string{
		cmapi.IngressIssuerNameAnnotationKey: scene.issuer.ref.Name,
		cmapi.IssuerKindAnnotationKey:        scene.issuer.ref.Kind,
		cmapi.IssuerGroupAnnotationKey:       scene.issuer.ref.Group,
	}
	for key, value := range more {
		annotations[key] = value
	}
	return annotations
}

// createIngress returns the name of its Certificate.
func createIngress(ctx context.Context, scene *scene, domain string, annotations map[string]string) (string, error) {
	ingress, err := scene.kube.NetworkingV1().Ingresses(scene.namespace).Create(ctx, &networking.Ingress{
		ObjectMeta: metav1.ObjectMeta{Name: "testcert-ingress", Annotations: issuerAnnotations(scene, annotations)},
		Spec: networking.IngressSpec{
			TLS: []networking.IngressTLS{{Hosts: []string{domain}, SecretName: "testcert-ingress-tls"}},
			Rules: []networking.IngressRule{{
				Host: domain,
				IngressRuleValue: networking.IngressRuleValue{HTTP: &networking.HTTPIngressRuleValue{
					Paths: []networking.HTTPIngressPath{{
						Path:     "/",
						PathType: ptr.To(networking.PathTypePrefix),
						Backend: networking.IngressBackend{Service: &networking.IngressServiceBackend{
							Name: "somesvc", Port: networking.ServiceBackendPort{Number: 80},
						}},
					}},
				}},
			}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return "", fmt.Errorf("creating an Ingress: %w", err)
	}
	return ingress.Spec.TLS[0].SecretName, nil
}

func tlsListener(name string, protocol gateway.ProtocolType, domain string) gateway.Listener {
	return gateway.Listener{
		Name:     gateway.SectionName(name),
		Protocol: protocol,
		Port:     443,
		Hostname: ptr.To(gateway.Hostname(domain)),
		TLS: &gateway.ListenerTLSConfig{
			Mode: ptr.To(gateway.TLSModeTerminate),
			CertificateRefs: []gateway.SecretObjectReference{{
				Group: ptr.To(gateway.Group("")),
				Kind:  ptr.To(gateway.Kind("Secret")),
				Name:  gateway.ObjectName("testcert-" + name + "-tls"),
			}},
		},
	}
}

// secretOf a listener, which is what its Certificate is called too.
func secretOf(listener gateway.Listener) string {
	return string(listener.TLS.CertificateRefs[0].Name)
}

const gatewayClass = "conformance"

func createGateway(ctx context.Context, scene *scene, annotations map[string]string, listeners ...gateway.Listener) error {
	if err := needsKind(scene, "Gateway"); err != nil {
		return err
	}
	_, err := scene.gateway.GatewayV1().Gateways(scene.namespace).Create(ctx, &gateway.Gateway{
		ObjectMeta: metav1.ObjectMeta{Name: "testcert-gateway", Annotations: issuerAnnotations(scene, annotations)},
		Spec:       gateway.GatewaySpec{GatewayClassName: gatewayClass, Listeners: listeners},
	}, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("creating a Gateway: %w", err)
	}
	return nil
}

// createListenerSet and the Gateway that it belongs to, which has a listener without TLS and no annotation.
func createListenerSet(ctx context.Context, scene *scene, annotations map[string]string, listener gateway.Listener) error {
	if err := needsKind(scene, "ListenerSet"); err != nil {
		return err
	}
	parent, err := scene.gateway.GatewayV1().Gateways(scene.namespace).Create(ctx, &gateway.Gateway{
		ObjectMeta: metav1.ObjectMeta{Name: "testcert-parent"},
		Spec: gateway.GatewaySpec{
			GatewayClassName: gatewayClass,
			Listeners:        []gateway.Listener{{Name: "http", Protocol: gateway.HTTPProtocolType, Port: 80}},
			AllowedListeners: &gateway.AllowedListeners{Namespaces: &gateway.ListenerNamespaces{From: ptr.To(gateway.NamespacesFromSame)}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("creating a Gateway: %w", err)
	}
	_, err = scene.gateway.GatewayV1().ListenerSets(scene.namespace).Create(ctx, &gateway.ListenerSet{
		ObjectMeta: metav1.ObjectMeta{Name: "testcert-listenerset", Annotations: issuerAnnotations(scene, annotations)},
		Spec: gateway.ListenerSetSpec{
			ParentRef: gateway.ParentGatewayReference{Name: gateway.ObjectName(parent.Name)},
			Listeners: []gateway.ListenerEntry{{
				Name: listener.Name, Protocol: listener.Protocol, Port: listener.Port, Hostname: listener.Hostname, TLS: listener.TLS,
			}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("creating a ListenerSet: %w", err)
	}
	return nil
}

// needsKind of the Gateway API.
func needsKind(scene *scene, kind string) error {
	found, err := scene.discovery.ServerResourcesForGroupVersion(gateway.GroupVersion.String())
	if err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	if found != nil {
		for _, resource := range found.APIResources {
			if resource.Kind == kind {
				return nil
			}
		}
	}
	return skip(fmt.Sprintf("the cluster has no %s of the Gateway API", kind))
}
