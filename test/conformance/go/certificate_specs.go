package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/rand"

	cmapi "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	"github.com/cert-manager/cert-manager/pkg/util/pki"
	"github.com/cert-manager/cert-manager/test/unit/gen"
)

const (
	sharedIPAddress = "127.0.0.1"
	sharedURI       = "spiffe://cluster.local/ns/sandbox/sa/foo"
	longestLabel    = 63
)

// certificateSpecs ask for one Certificate each.
var certificateSpecs = []spec{
	certificateSpec{
		name:     "should issue a basic, defaulted certificate for a single distinct DNS Name",
		requires: []feature{onlySAN},
		shape:    shape(subdomains(1)),
	}.spec(),
	certificateSpec{
		name:     "should issue a CA certificate with the CA basicConstraint set",
		requires: []feature{onlySAN, issueCA},
		shape:    shape(subdomains(1), gen.SetCertificateIsCA(true)),
	}.spec(),
	certificateSpec{
		name:     "should issue an ECDSA, defaulted certificate for a single distinct DNS Name",
		requires: []feature{ecdsaKeys, onlySAN},
		shape:    shape(subdomains(1), privateKey(cmapi.ECDSAKeyAlgorithm)),
	}.spec(),
	certificateSpec{
		name:     "should issue an Ed25519, defaulted certificate for a single distinct DNS Name",
		requires: []feature{onlySAN, ed25519Keys},
		shape:    shape(subdomains(1), privateKey(cmapi.Ed25519KeyAlgorithm)),
	}.spec(),
	certificateSpec{
		name:     "should issue a basic, defaulted certificate for a single Common Name",
		requires: []feature{commonName},
		shape:    shape(distinctCommonName),
	}.spec(),
	certificateSpec{
		name:     "should issue a certificate with a couple valid otherName SAN values set as well as an emailAddress",
		requires: []feature{otherNames},
		shape: shape(
			gen.SetCertificateOtherNames(principalName("upn@domain.test"), principalName("upn@domain2.test")),
			gen.SetCertificateEmails("email@domain.test"),
			gen.SetCertificateCommonName("someCN"),
		),
		checks: []certificateCheck{hasOtherNamesAndEmail},
	}.spec(),
	certificateSpec{
		name:     "should issue a basic, defaulted certificate for a single distinct DNS Name with a literal subject",
		requires: []feature{literalSubject},
		shape: shape(func(certificate *cmapi.Certificate) {
			host := fmt.Sprintf("*.%s.foo-long.bar.com", rand.String(10))
			certificate.Spec.DNSNames = []string{host}
			certificate.Spec.LiteralSubject = fmt.Sprintf("CN=%s,OU=FooLong,OU=Bar,OU=Baz,OU=Dept.,O=Corp.", host)
		}),
		checks: []certificateCheck{hasLiteralSubject},
	}.spec(),
	certificateSpec{
		name:     "should issue an ECDSA, defaulted certificate for a single Common Name",
		requires: []feature{ecdsaKeys, commonName},
		shape:    shape(distinctCommonName, privateKey(cmapi.ECDSAKeyAlgorithm)),
	}.spec(),
	certificateSpec{
		name:     "should issue an Ed25519, defaulted certificate for a single Common Name",
		requires: []feature{ed25519Keys, commonName},
		shape:    shape(distinctCommonName, privateKey(cmapi.Ed25519KeyAlgorithm)),
	}.spec(),
	certificateSpec{
		name:     "should issue a certificate that defines an IP Address",
		requires: []feature{ipAddresses},
		shape:    shape(gen.SetCertificateIPs(sharedIPAddress)),
	}.spec(),
	certificateSpec{
		name:     "should issue a certificate that defines a DNS Name and IP Address",
		requires: []feature{onlySAN, ipAddresses},
		shape:    shape(subdomains(1), gen.SetCertificateIPs(sharedIPAddress)),
	}.spec(),
	certificateSpec{
		name:     "should issue a certificate that defines a Common Name and IP Address",
		requires: []feature{commonName, ipAddresses},
		shape:    shape(distinctCommonName, gen.SetCertificateIPs(sharedIPAddress)),
	}.spec(),
	certificateSpec{
		name:     "should issue a certificate that defines an Email Address",
		requires: []feature{emailSANs, onlySAN},
		shape:    shape(gen.SetCertificateEmails("alice@example.com")),
	}.spec(),
	certificateSpec{
		name:     "should issue a certificate that defines a Common Name and URI SAN",
		requires: []feature{uriSANs, commonName},
		shape:    shape(distinctCommonName, gen.SetCertificateURIs(sharedURI)),
	}.spec(),
	certificateSpec{
		name:     "should issue a certificate that defines a 2 distinct DNS Names with one copied to the Common Name",
		requires: []feature{commonName},
		shape: shape(subdomains(2), func(certificate *cmapi.Certificate) {
			certificate.Spec.CommonName = certificate.Spec.DNSNames[0]
		}),
	}.spec(),
	certificateSpec{
		name:     "should issue a certificate that defines a distinct DNS Name and another distinct Common Name",
		requires: []feature{commonName},
		shape: shape(subdomains(1), func(certificate *cmapi.Certificate) {
			certificate.Spec.CommonName = randomSubdomain()
		}),
	}.spec(),
	certificateSpec{
		name:     "should issue a certificate that defines a DNS Name and sets a duration",
		requires: []feature{duration, onlySAN},
		shape:    shape(subdomains(1), gen.SetCertificateDuration(&metav1.Duration{Duration: 896 * time.Hour})),
	}.spec(),
	certificateSpec{
		name:     "should issue a certificate that defines a wildcard DNS Name",
		requires: []feature{wildcards, onlySAN},
		shape: shape(func(certificate *cmapi.Certificate) {
			certificate.Spec.DNSNames = []string{"*." + randomSubdomain()}
		}),
	}.spec(),
	certificateSpec{
		name:     "should issue a certificate that includes only a URISANs name",
		requires: []feature{uriSANs, onlySAN},
		shape:    shape(gen.SetCertificateURIs(sharedURI)),
	}.spec(),
	certificateSpec{
		name:     "should issue a certificate that includes arbitrary key usages",
		requires: []feature{keyUsages, onlySAN},
		shape: shape(subdomains(1), gen.SetCertificateKeyUsages(
			cmapi.UsageSigning, cmapi.UsageDataEncipherment, cmapi.UsageServerAuth, cmapi.UsageClientAuth)),
		checks: []certificateCheck{func(issued issuedCertificate) error {
			return hasUsages(issued.x509, x509.KeyUsageDigitalSignature|x509.KeyUsageDataEncipherment,
				x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth)
		}},
	}.spec(),
	certificateSpec{
		name:     "should issue a certificate that defines a long domain",
		requires: []feature{onlySAN, longDomain},
		shape: shape(func(certificate *cmapi.Certificate) {
			certificate.Spec.DNSNames = []string{rand.String(longestLabel) + "." + domainSuffix}
		}),
	}.spec(),
	certificateSpec{
		name:     "should issue a certificate that defines a wildcard DNS Name and its apex DNS Name",
		requires: []feature{wildcards, onlySAN},
		shape: shape(func(certificate *cmapi.Certificate) {
			apex := randomSubdomain()
			certificate.Spec.DNSNames = []string{"*." + apex, apex}
		}),
	}.spec(),
	{
		suite:    certificateSuite,
		name:     "should populate ACME Renewal Information in the Certificate status",
		requires: []feature{onlySAN, acmeRenewalInfos},
	},
}

// A certificateSpec creates one Certificate, waits for it, and validates it.
type certificateSpec struct {
	name     string
	requires []feature
	// shape is called for each run, so that random names are new.
	shape  gen.CertificateModifier
	checks []certificateCheck
}

func (from certificateSpec) spec() spec {
	return spec{certificateSuite, from.name, from.requires, func(ctx context.Context, scene *scene) error {
		certificate := newCertificate(scene, from.shape)
		issued, err := issueCertificate(ctx, scene, certificate)
		if err != nil {
			return err
		}
		return validateCertificate(ctx, scene, issued, from.checks...)
	}}
}

func newCertificate(scene *scene, change gen.CertificateModifier) *cmapi.Certificate {
	id := rand.String(10)
	certificate := &cmapi.Certificate{
		ObjectMeta: metav1.ObjectMeta{Name: "conformance-" + id, Namespace: scene.namespace},
		Spec:       cmapi.CertificateSpec{SecretName: "conformance-tls-" + id, IssuerRef: scene.issuer.ref},
	}
	change(certificate)
	return certificate
}

func shape(changes ...gen.CertificateModifier) gen.CertificateModifier {
	return func(certificate *cmapi.Certificate) {
		for _, change := range changes {
			change(certificate)
		}
	}
}

func subdomains(count int) gen.CertificateModifier {
	return func(certificate *cmapi.Certificate) {
		for range count {
			certificate.Spec.DNSNames = append(certificate.Spec.DNSNames, randomSubdomain())
		}
	}
}

func distinctCommonName(certificate *cmapi.Certificate) {
	certificate.Spec.CommonName = "test-common-name-" + rand.String(10)
}

func privateKey(algorithm cmapi.PrivateKeyAlgorithm) gen.CertificateModifier {
	return func(certificate *cmapi.Certificate) {
		certificate.Spec.PrivateKey = &cmapi.CertificatePrivateKey{Algorithm: algorithm}
	}
}

// principalName is Microsoft's user principal name, the otherName that people ask for.
func principalName(value string) cmapi.OtherName {
	return cmapi.OtherName{OID: "1.3.6.1.4.1.311.20.2.3", UTF8Value: value}
}

var subjectAltName = asn1.ObjectIdentifier{2, 5, 29, 17}

// hasOtherNamesAndEmail compares the bytes of the extension: an email address [1], then two otherNames [0] with their
// values in [0] EXPLICIT UTF8String (RFC 5280, 4.2.1.6), in any order.
func hasOtherNamesAndEmail(issued issuedCertificate) error {
	const oid = "\x06\x0a\x2b\x06\x01\x04\x01\x82\x37\x14\x02\x03"
	otherName := func(value string) string {
		length := len(value)
		explicit := "\xa0" + lengthByte(length+2) + "\x0c" + lengthByte(length) + value
		return "\xa0" + lengthByte(len(oid)+len(explicit)) + oid + explicit
	}
	want := map[string]bool{
		"\x81\x11email@domain.test":   true,
		otherName("upn@domain.test"):  true,
		otherName("upn@domain2.test"): true,
	}
	for _, extension := range issued.x509.Extensions {
		if !extension.Id.Equal(subjectAltName) {
			continue
		}
		var names []asn1.RawValue
		if rest, err := asn1.Unmarshal(extension.Value, &names); err != nil || len(rest) > 0 {
			return fmt.Errorf("the subject alternative names cannot be read: %w", err)
		}
		if extension.Critical {
			return errors.New("the subject alternative names are critical although there is a subject")
		}
		for _, name := range names {
			if !want[string(name.FullBytes)] {
				return fmt.Errorf("there is a name %x that nobody asked for", name.FullBytes)
			}
			delete(want, string(name.FullBytes))
		}
	}
	if len(want) > 0 {
		return fmt.Errorf("names are missing: %q", slices.Sorted(maps.Keys(want)))
	}
	return nil
}

// lengthByte in the short form of DER, which goes up to 127.
func lengthByte(length int) string { return string([]byte{byte(length)}) }

func hasLiteralSubject(issued issuedCertificate) error {
	var got pkix.RDNSequence
	if rest, err := asn1.Unmarshal(issued.x509.RawSubject, &got); err != nil || len(rest) > 0 {
		return fmt.Errorf("the subject cannot be read: %w", err)
	}
	want, err := pki.UnmarshalSubjectStringToRDNSequence(issued.certificate.Spec.LiteralSubject)
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(got, want) {
		return fmt.Errorf("the subject is %s, not %s", got, want)
	}
	// The same in bytes as what the request held, string types included.
	raw, err := pki.MarshalRDNSequenceToRawDERBytes(want)
	if err != nil {
		return err
	}
	if !bytes.Equal(raw, issued.x509.RawSubject) {
		return errors.New("the subject is encoded in another way than the request's")
	}
	return nil
}
