package main

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"

	certificates "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/utils/ptr"

	experimental "github.com/cert-manager/cert-manager/pkg/apis/experimental/v1alpha1"
	signing "github.com/cert-manager/cert-manager/pkg/controller/certificatesigningrequests/util"
	"github.com/cert-manager/cert-manager/pkg/util"
	"github.com/cert-manager/cert-manager/pkg/util/pki"
	"github.com/cert-manager/cert-manager/test/unit/gen"
)

// signingRequestSpecs ask for one Kubernetes CertificateSigningRequest each.
var signingRequestSpecs = []spec{
	signingRequestSpec{
		name:     "should issue an RSA certificate for a single distinct DNS Name",
		requires: []feature{onlySAN},
		names:    func() []gen.CSRModifier { return dnsNames(randomSubdomain()) },
	}.spec(),
	signingRequestSpec{
		name:     "should issue an ECDSA certificate for a single distinct DNS Name",
		requires: []feature{ecdsaKeys, onlySAN},
		key:      x509.ECDSA,
		names:    func() []gen.CSRModifier { return dnsNames(randomSubdomain()) },
	}.spec(),
	signingRequestSpec{
		name:     "should issue an Ed25519 certificate for a single distinct DNS Name",
		requires: []feature{ed25519Keys, onlySAN},
		key:      x509.Ed25519,
		names:    func() []gen.CSRModifier { return dnsNames(randomSubdomain()) },
	}.spec(),
	signingRequestSpec{
		name:     "should issue an RSA certificate for a single Common Name",
		requires: []feature{commonName},
		names:    func() []gen.CSRModifier { return []gen.CSRModifier{anyCommonName()} },
	}.spec(),
	signingRequestSpec{
		name:     "should issue an ECDSA certificate for a single Common Name",
		requires: []feature{commonName, ecdsaKeys},
		key:      x509.ECDSA,
		names:    func() []gen.CSRModifier { return []gen.CSRModifier{anyCommonName()} },
	}.spec(),
	signingRequestSpec{
		name:     "should issue an Ed25519 certificate for a single Common Name",
		requires: []feature{commonName, ed25519Keys},
		key:      x509.Ed25519,
		names:    func() []gen.CSRModifier { return []gen.CSRModifier{anyCommonName()} },
	}.spec(),
	signingRequestSpec{
		name:     "should issue a certificate that defines a Common Name and IP Address",
		requires: []feature{commonName, ipAddresses},
		names: func() []gen.CSRModifier {
			return []gen.CSRModifier{anyCommonName(), gen.SetCSRIPAddressesFromStrings(sharedIPAddress)}
		},
	}.spec(),
	signingRequestSpec{
		name:     "should issue a certificate that defines an IP Address",
		requires: []feature{ipAddresses},
		names: func() []gen.CSRModifier {
			return []gen.CSRModifier{gen.SetCSRIPAddressesFromStrings(sharedIPAddress)}
		},
	}.spec(),
	signingRequestSpec{
		name:     "should issue a certificate that defines a DNS Name and IP Address",
		requires: []feature{onlySAN, ipAddresses},
		names: func() []gen.CSRModifier {
			return append(dnsNames(randomSubdomain()), gen.SetCSRIPAddressesFromStrings(sharedIPAddress))
		},
	}.spec(),
	signingRequestSpec{
		name:        "should issue a CA certificate with the CA basicConstraint set",
		requires:    []feature{onlySAN, issueCA},
		annotations: map[string]string{experimental.CertificateSigningRequestIsCAAnnotationKey: "true"},
		names:       func() []gen.CSRModifier { return dnsNames(randomSubdomain()) },
	}.spec(),
	signingRequestSpec{
		name:     "should issue a certificate that defines an Email Address",
		requires: []feature{onlySAN, emailSANs},
		names: func() []gen.CSRModifier {
			return []gen.CSRModifier{gen.SetCSREmails([]string{"alice@example.com", "bob@cert-manager.io"})}
		},
	}.spec(),
	signingRequestSpec{
		name:     "should issue a certificate that defines a Common Name and URI SAN",
		requires: []feature{commonName, uriSANs},
		names: func() []gen.CSRModifier {
			return []gen.CSRModifier{anyCommonName(), gen.SetCSRURIsFromStrings(sharedURI)}
		},
	}.spec(),
	signingRequestSpec{
		name:     "should issue a certificate that define 2 distinct DNS Names with one copied to the Common Name",
		requires: []feature{commonName},
		names: func() []gen.CSRModifier {
			name := randomSubdomain()
			return append(dnsNames(name, randomSubdomain()), gen.SetCSRCommonName(name))
		},
	}.spec(),
	signingRequestSpec{
		name:     "should issue a certificate that defines a distinct DNS Name and another distinct Common Name",
		requires: []feature{commonName},
		names: func() []gen.CSRModifier {
			return append(dnsNames(randomSubdomain()), gen.SetCSRCommonName(randomSubdomain()))
		},
	}.spec(),
	signingRequestSpec{
		name:        "should issue a certificate that defines a Common Name, DNS Name, and sets a duration",
		requires:    []feature{duration},
		annotations: map[string]string{experimental.CertificateSigningRequestDurationAnnotationKey: "896h"},
		names:       sameNameTwice,
	}.spec(),
	signingRequestSpec{
		name:              "should issue a certificate that defines a Common Name, DNS Name, and sets a duration via expiration seconds",
		requires:          []feature{duration},
		expirationSeconds: ptr.To(int32(3333)),
		names:             sameNameTwice,
	}.spec(),
	signingRequestSpec{
		name:        "should issue a certificate that defines a DNS Name and sets a duration",
		requires:    []feature{onlySAN, duration},
		annotations: map[string]string{experimental.CertificateSigningRequestDurationAnnotationKey: "896h"},
		names:       func() []gen.CSRModifier { return dnsNames(randomSubdomain()) },
	}.spec(),
	signingRequestSpec{
		name:     "should issue a certificate which has a wildcard DNS Name defined",
		requires: []feature{wildcards, onlySAN},
		names:    func() []gen.CSRModifier { return dnsNames("*." + randomSubdomain()) },
	}.spec(),
	signingRequestSpec{
		name:     "should issue a certificate which has a wildcard DNS Name and its apex DNS Name defined",
		requires: []feature{wildcards, onlySAN},
		names: func() []gen.CSRModifier {
			apex := randomSubdomain()
			return dnsNames("*."+apex, apex)
		},
	}.spec(),
	signingRequestSpec{
		name:     "should issue a certificate that includes only a URISANs name",
		requires: []feature{uriSANs, onlySAN},
		names:    func() []gen.CSRModifier { return []gen.CSRModifier{gen.SetCSRURIsFromStrings(sharedURI)} },
	}.spec(),
	signingRequestSpec{
		name:     "should issue a certificate that includes arbitrary key usages with common name",
		requires: []feature{keyUsages},
		usages: []certificates.KeyUsage{
			certificates.UsageServerAuth, certificates.UsageClientAuth,
			certificates.UsageDigitalSignature, certificates.UsageDataEncipherment,
		},
		names: func() []gen.CSRModifier { return []gen.CSRModifier{gen.SetCSRCommonName(randomSubdomain())} },
		check: func(certificate *x509.Certificate) error {
			return hasUsages(certificate, x509.KeyUsageDigitalSignature|x509.KeyUsageDataEncipherment,
				x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth)
		},
	}.spec(),
	signingRequestSpec{
		name:     "should issue a signing CA certificate that has a large duration",
		requires: []feature{keyUsages, duration, commonName},
		usages: []certificates.KeyUsage{
			certificates.UsageDigitalSignature, certificates.UsageKeyEncipherment, certificates.UsageCertSign,
		},
		annotations: map[string]string{
			experimental.CertificateSigningRequestDurationAnnotationKey: "10000h",
			experimental.CertificateSigningRequestIsCAAnnotationKey:     "true",
		},
		names: func() []gen.CSRModifier { return []gen.CSRModifier{gen.SetCSRCommonName("cert-manager-ca")} },
	}.spec(),
	signingRequestSpec{
		name:     "should issue a certificate that defines a long domain",
		requires: []feature{onlySAN, longDomain},
		names:    func() []gen.CSRModifier { return dnsNames(rand.String(longestLabel) + "." + domainSuffix) },
	}.spec(),
}

// A signingRequestSpec creates one request, approves it, waits for its certificate, and validates that.
type signingRequestSpec struct {
	name     string
	requires []feature
	// key is RSA unless it says otherwise.
	key x509.PublicKeyAlgorithm
	// names is called for each run, so that random names are new.
	names             func() []gen.CSRModifier
	annotations       map[string]string
	expirationSeconds *int32
	// usages are digital signature and key encipherment unless they say otherwise.
	usages []certificates.KeyUsage
	check  func(*x509.Certificate) error
}

func dnsNames(names ...string) []gen.CSRModifier {
	return []gen.CSRModifier{gen.SetCSRDNSNames(names...)}
}

func anyCommonName() gen.CSRModifier {
	return gen.SetCSRCommonName("test-common-name-" + rand.String(10))
}

func sameNameTwice() []gen.CSRModifier {
	name := randomSubdomain()
	return append(dnsNames(name), gen.SetCSRCommonName(name))
}

func (from signingRequestSpec) spec() spec {
	if from.key == x509.UnknownPublicKeyAlgorithm {
		from.key = x509.RSA
	}
	if from.usages == nil {
		from.usages = []certificates.KeyUsage{certificates.UsageDigitalSignature, certificates.UsageKeyEncipherment}
	}
	return spec{signingRequestSuite, from.name, from.requires, from.run}
}

func (from signingRequestSpec) run(ctx context.Context, scene *scene) error {
	csr, key, err := gen.CSR(from.key, from.names()...)
	if err != nil {
		return err
	}
	client := scene.kube.CertificatesV1().CertificateSigningRequests()
	request, err := client.Create(ctx, &certificates.CertificateSigningRequest{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "conformance-", Annotations: from.annotations},
		Spec: certificates.CertificateSigningRequestSpec{
			Request:           csr,
			SignerName:        scene.issuer.signer,
			Usages:            from.usages,
			ExpirationSeconds: from.expirationSeconds,
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("creating a CertificateSigningRequest: %w", err)
	}
	defer func() { _ = client.Delete(context.WithoutCancel(ctx), request.Name, metav1.DeleteOptions{}) }()
	request.Status.Conditions = append(request.Status.Conditions, certificates.CertificateSigningRequestCondition{
		Type:    certificates.CertificateApproved,
		Status:  corev1.ConditionTrue,
		Reason:  "Conformance",
		Message: "Approved for a test of conformance",
	})
	if _, err := client.UpdateApproval(ctx, request.Name, request, metav1.UpdateOptions{}); err != nil {
		return fmt.Errorf("approving: %w", err)
	}
	what := fmt.Sprintf("CertificateSigningRequest %s to be signed by %s", request.Name, scene.issuer.signer)
	err = scene.until(ctx, what, func(ctx context.Context) (bool, string, error) {
		request, err = client.Get(ctx, request.Name, metav1.GetOptions{})
		if err != nil {
			return false, "", err
		}
		return len(request.Status.Certificate) > 0, "it has no certificate", endsWithoutCertificate(request)
	})
	if err != nil {
		return err
	}
	return errors.Join(validateSigningRequest(scene, request, key), from.checkOf(request))
}

func (from signingRequestSpec) checkOf(request *certificates.CertificateSigningRequest) error {
	if from.check == nil {
		return nil
	}
	certificate, err := pki.DecodeX509CertificateBytes(request.Status.Certificate)
	if err != nil {
		return err
	}
	return from.check(certificate)
}

func endsWithoutCertificate(request *certificates.CertificateSigningRequest) error {
	for _, condition := range request.Status.Conditions {
		if condition.Type != certificates.CertificateApproved && condition.Status == corev1.ConditionTrue {
			return fmt.Errorf("the request is %s: %s: %s", condition.Type, condition.Reason, condition.Message)
		}
	}
	return nil
}

// validateSigningRequest joins all that is wrong.
func validateSigningRequest(scene *scene, request *certificates.CertificateSigningRequest, key crypto.Signer) error {
	certificate, err := pki.DecodeX509CertificateBytes(request.Status.Certificate)
	if err != nil {
		return fmt.Errorf("status.certificate: %w", err)
	}
	asked, err := pki.DecodeX509CertificateRequestBytes(request.Spec.Request)
	if err != nil {
		return err
	}
	wrong := errors.Join(
		endsWithoutCertificate(request),
		keyIsCertified(certificate, key.Public()),
		sameSet("organizations", certificate.Subject.Organization, asked.Subject.Organization),
		sameSet("URIs", pki.URLsToString(certificate.URIs), pki.URLsToString(asked.URIs)),
		sameSet("IP addresses", pki.IPAddressesToString(certificate.IPAddresses), pki.IPAddressesToString(asked.IPAddresses)),
		sameSet("email addresses", certificate.EmailAddresses, asked.EmailAddresses),
		hasCommonName(certificate, asked.Subject.CommonName),
		isCertificateAuthority(certificate, request.Annotations[experimental.CertificateSigningRequestIsCAAnnotationKey] == "true"),
	)
	if !signing.CertificateSigningRequestIsApproved(request) {
		wrong = errors.Join(wrong, errors.New("the request lost its approval"))
	}
	// An issuer may copy the common name into the DNS names.
	withCommonName := append([]string{asked.Subject.CommonName}, asked.DNSNames...)
	if !util.EqualUnsorted(certificate.DNSNames, withCommonName) {
		wrong = errors.Join(wrong, sameSet("DNS names", certificate.DNSNames, asked.DNSNames))
	}
	if certificate.KeyUsage&x509.KeyUsageDigitalSignature == 0 {
		wrong = errors.Join(wrong, errors.New("the key usages lack digital signature"))
	}
	if !scene.unsupported[duration] {
		wrong = errors.Join(wrong, lastsAsAsked(certificate, request))
	}
	return wrong
}

// lastsAsAsked by the annotation, else by expirationSeconds, else by default.
func lastsAsAsked(certificate *x509.Certificate, request *certificates.CertificateSigningRequest) error {
	want, err := pki.DurationFromCertificateSigningRequest(request)
	if err != nil {
		return err
	}
	return lasts(certificate, want)
}
