package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	cmapi "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	cmmeta "github.com/cert-manager/cert-manager/pkg/apis/meta/v1"
	"github.com/cert-manager/cert-manager/pkg/util/pki"
)

// A specimen is what a right issuer would make of a Certificate, before a fault is put into it.
type specimen struct {
	certificate *cmapi.Certificate
	leaf        x509.Certificate
	root        x509.Certificate
	secret      corev1.Secret
	// key that is certified, and key that is in the Secret.
	certified, kept crypto.Signer
}

func TestChecksFindWhatIsWrong(t *testing.T) {
	tests := []struct {
		name  string
		fault func(*specimen)
		// want is part of what is said; nothing when all is well.
		want string
	}{
		{"nothing", func(*specimen) {}, ""},
		{"a DNS name is missing", func(s *specimen) { s.leaf.DNSNames = s.leaf.DNSNames[1:] }, "lack some of"},
		{"another organization", func(s *specimen) { s.leaf.Subject.Organization = []string{"Other"} }, "organizations"},
		{"no organization", func(s *specimen) { s.leaf.Subject.Organization = nil }, "organizations"},
		{"another common name", func(s *specimen) { s.leaf.Subject.CommonName = "other" }, "common name"},
		{"no common name", func(s *specimen) { s.leaf.Subject.CommonName = "" }, "common name"},
		{"an invented common name", func(s *specimen) { s.certificate.Spec.CommonName = "" }, "common name"},
		{"a URI too many", func(s *specimen) { s.leaf.URIs = append(s.leaf.URIs, &url.URL{Scheme: "urn", Opaque: "x"}) }, "URIs"},
		{"no URI", func(s *specimen) { s.leaf.URIs = nil }, "URIs"},
		{"no email address", func(s *specimen) { s.leaf.EmailAddresses = nil }, "email addresses"},
		{"another IP address", func(s *specimen) { s.leaf.IPAddresses = []net.IP{net.IPv4(10, 0, 0, 1)} }, "IP addresses"},
		{"a CA that nobody asked for", func(s *specimen) { s.leaf.IsCA = true }, "cA is true"},
		{"no CA although asked for", func(s *specimen) { s.certificate.Spec.IsCA = true }, "cA is false"},
		{"a minute too long", func(s *specimen) { s.leaf.NotAfter = s.leaf.NotAfter.Add(time.Minute) }, "lasts"},
		{"a minute too short", func(s *specimen) { s.leaf.NotBefore = s.leaf.NotBefore.Add(time.Minute) }, "lasts"},
		{"client authentication alone", func(s *specimen) { s.leaf.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }, "does not verify"},
		{"another root in ca.crt", func(s *specimen) { s.secret.Data = map[string][]byte{cmmeta.TLSCAKey: otherRoot(t)} }, "does not verify"},
		{"no ca.crt", func(s *specimen) { s.secret.Data = map[string][]byte{cmmeta.TLSCAKey: {}} }, "does not verify"},
		{"ca.crt is no root", func(s *specimen) { s.root.Issuer = pkix.Name{CommonName: "above"} }, "not a root"},
		{"the certificate is of another key", func(s *specimen) { s.kept = newKey(t) }, "not the private key's"},
		{"the key is of another kind", func(s *specimen) { s.certificate.Spec.PrivateKey.Algorithm = cmapi.RSAKeyAlgorithm }, "the private key is ECDSA"},
		{"the key is of another size", func(s *specimen) { s.certificate.Spec.PrivateKey.Size = 384 }, "the private key is ECDSA 256"},
		{"the key is encoded in another way", func(s *specimen) { s.certificate.Spec.PrivateKey.Encoding = cmapi.PKCS8 }, "tls.key does not begin"},
		{"no private key", func(s *specimen) { s.secret.Data = map[string][]byte{corev1.TLSPrivateKeyKey: {}} }, "no tls.key"},
		{"the Secret names another Certificate", func(s *specimen) { s.secret.Annotations[cmapi.CertificateNameKey] = "other" }, "annotation"},
		{"the condition is of an older generation", func(s *specimen) { s.certificate.Generation++ }, "Ready condition"},
		{"the condition is not true", func(s *specimen) { s.certificate.Status.Conditions[0].Status = cmmeta.ConditionFalse }, "Ready condition"},
		{"no condition", func(s *specimen) { s.certificate.Status.Conditions = nil }, "Ready condition"},
		{"status has another end", func(s *specimen) { s.certificate.Status.NotAfter = &metav1.Time{} }, "status.notAfter"},
		{"an additional output is missing", func(s *specimen) {
			s.certificate.Spec.AdditionalOutputFormats = []cmapi.CertificateAdditionalOutputFormat{{Type: cmapi.CertificateOutputFormatDER}}
		}, "DER output"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			specimen := newSpecimen(t)
			test.fault(specimen)
			said := ""
			for _, entry := range defaultCertificateChecks {
				if err := entry.check(specimen.issue(t)); err != nil {
					said += err.Error() + "\n"
				}
			}
			if (test.want == "") != (said == "") || !strings.Contains(said, test.want) {
				t.Errorf("said %q, not %q", said, test.want)
			}
		})
	}
}

func TestUsagesAreComparedWhole(t *testing.T) {
	digital, encipher := x509.KeyUsageDigitalSignature, x509.KeyUsageDataEncipherment
	server, client := x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth
	tests := []struct {
		name  string
		got   x509.Certificate
		right bool
	}{
		{"the same", x509.Certificate{KeyUsage: digital | encipher, ExtKeyUsage: []x509.ExtKeyUsage{client, server}}, true},
		{"one too few", x509.Certificate{KeyUsage: digital, ExtKeyUsage: []x509.ExtKeyUsage{client, server}}, false},
		{"one too many", x509.Certificate{KeyUsage: digital | encipher | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{client, server}}, false},
		{"an extended one too few", x509.Certificate{KeyUsage: digital | encipher, ExtKeyUsage: []x509.ExtKeyUsage{server}}, false},
		{"an unknown one", x509.Certificate{KeyUsage: digital | encipher, ExtKeyUsage: []x509.ExtKeyUsage{client, server},
			UnknownExtKeyUsage: []asn1.ObjectIdentifier{{1, 2, 3}}}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if err := hasUsages(&test.got, digital|encipher, server, client); (err == nil) != test.right {
				t.Error(err)
			}
		})
	}
}

func TestLiteralSubjectIsComparedInOrderAndBytes(t *testing.T) {
	const literal = "CN=web,OU=FooLong,OU=Bar,O=Corp."
	right, err := pki.UnmarshalSubjectStringToRDNSequence(literal)
	if err != nil {
		t.Fatal(err)
	}
	swapped := append(pkix.RDNSequence{right[1], right[0]}, right[2:]...)
	merged := append(pkix.RDNSequence{append(right[0], right[1]...)}, right[2:]...)
	tests := []struct {
		name    string
		subject []byte
		right   bool
	}{
		{"the same", marshal(t, right), true},
		{"in another order", marshal(t, swapped), false},
		{"merged into one name", marshal(t, merged), false},
		{"one too few", marshal(t, right[1:]), false},
		{"in another string type", []byte(strings.Replace(string(marshal(t, right)), "\x13\x03Bar", "\x0c\x03Bar", 1)), false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			issued := issuedCertificate{
				certificate: &cmapi.Certificate{Spec: cmapi.CertificateSpec{LiteralSubject: literal}},
				x509:        &x509.Certificate{RawSubject: test.subject},
			}
			if err := hasLiteralSubject(issued); (err == nil) != test.right {
				t.Error(err)
			}
		})
	}
}

func TestOtherNamesAreComparedInBytes(t *testing.T) {
	email := pki.GeneralNames{RFC822Names: []string{"email@domain.test"}}
	both := email
	both.OtherNames = []pki.OtherName{utf8Name(t, "upn@domain2.test"), utf8Name(t, "upn@domain.test")}
	one := email
	one.OtherNames = both.OtherNames[:1]
	more := both
	more.DNSNames = []string{"more.example.com"}
	tests := []struct {
		name       string
		names      pki.GeneralNames
		hasSubject bool
		right      bool
	}{
		{"in another order", both, true, true},
		{"one too few", one, true, false},
		{"one too many", more, true, false},
		{"critical", both, false, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			extension, err := pki.MarshalSANs(test.names, test.hasSubject)
			if err != nil {
				t.Fatal(err)
			}
			issued := issuedCertificate{x509: &x509.Certificate{Extensions: []pkix.Extension{extension}}}
			if err := hasOtherNamesAndEmail(issued); (err == nil) != test.right {
				t.Error(err)
			}
		})
	}
	if hasOtherNamesAndEmail(issuedCertificate{x509: &x509.Certificate{}}) == nil {
		t.Error("no names are taken for all of them")
	}
}

func newSpecimen(t *testing.T) *specimen {
	t.Helper()
	begin := time.Now().Truncate(time.Second).Add(-time.Hour)
	key := newKey(t)
	return &specimen{
		certificate: &cmapi.Certificate{
			ObjectMeta: metav1.ObjectMeta{Name: "web", Generation: 3},
			Spec: cmapi.CertificateSpec{
				CommonName:     "web",
				Subject:        &cmapi.X509Subject{Organizations: []string{"Corp"}},
				DNSNames:       []string{"a.example.com", "b.example.com"},
				URIs:           []string{sharedURI},
				EmailAddresses: []string{"alice@example.com"},
				IPAddresses:    []string{sharedIPAddress},
				Duration:       &metav1.Duration{Duration: 24 * time.Hour},
				PrivateKey:     &cmapi.CertificatePrivateKey{Algorithm: cmapi.ECDSAKeyAlgorithm},
			},
			Status: cmapi.CertificateStatus{
				Conditions: []cmapi.CertificateCondition{{Type: cmapi.CertificateConditionReady, Status: cmmeta.ConditionTrue, ObservedGeneration: 3}},
			},
		},
		leaf: x509.Certificate{
			SerialNumber:   big.NewInt(2),
			Subject:        pkix.Name{CommonName: "web", Organization: []string{"Corp"}},
			DNSNames:       []string{"a.example.com", "b.example.com"},
			URIs:           []*url.URL{{Scheme: "spiffe", Host: "cluster.local", Path: "/ns/sandbox/sa/foo"}},
			EmailAddresses: []string{"alice@example.com"},
			IPAddresses:    []net.IP{net.ParseIP(sharedIPAddress)},
			NotBefore:      begin,
			NotAfter:       begin.Add(24 * time.Hour),
			KeyUsage:       x509.KeyUsageDigitalSignature, BasicConstraintsValid: true,
		},
		root: x509.Certificate{
			SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "root"}, Issuer: pkix.Name{CommonName: "root"},
			NotBefore: begin, NotAfter: begin.Add(240 * time.Hour),
			IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		},
		secret:    corev1.Secret{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{cmapi.CertificateNameKey: "web"}}},
		certified: key,
		kept:      key,
	}
}

// issue signs, and fills in of Secret and status what no fault has set.
func (specimen *specimen) issue(t *testing.T) issuedCertificate {
	t.Helper()
	above := specimen.root
	above.Subject = specimen.root.Issuer
	rootKey := newKey(t)
	root := sign(t, &specimen.root, &above, rootKey.Public(), rootKey)
	leaf := sign(t, &specimen.leaf, root, specimen.certified.Public(), rootKey)
	key, err := pki.EncodePrivateKey(specimen.kept, cmapi.PKCS1)
	if err != nil {
		t.Fatal(err)
	}
	data := map[string][]byte{
		corev1.TLSPrivateKeyKey: key,
		corev1.TLSCertKey:       encode(t, leaf),
		cmmeta.TLSCAKey:         encode(t, root),
	}
	for name, value := range specimen.secret.Data {
		data[name] = value
	}
	if specimen.certificate.Status.NotAfter == nil {
		specimen.certificate.Status.NotAfter = &metav1.Time{Time: leaf.NotAfter}
	}
	secret := specimen.secret
	secret.Data = data
	return issuedCertificate{specimen.certificate, &secret, leaf}
}

func newKey(t *testing.T) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func sign(t *testing.T, template, parent *x509.Certificate, key crypto.PublicKey, signer crypto.Signer) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key, signer)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func encode(t *testing.T, certificate *x509.Certificate) []byte {
	t.Helper()
	encoded, err := pki.EncodeX509(certificate)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

func otherRoot(t *testing.T) []byte {
	t.Helper()
	other := newSpecimen(t)
	return other.issue(t).secret.Data[cmmeta.TLSCAKey]
}

func marshal(t *testing.T, names pkix.RDNSequence) []byte {
	t.Helper()
	der, err := pki.MarshalRDNSequenceToRawDERBytes(names)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func utf8Name(t *testing.T, value string) pki.OtherName {
	t.Helper()
	encoded, err := pki.MarshalUniversalValue(pki.UniversalValue{UTF8String: value})
	if err != nil {
		t.Fatal(err)
	}
	return pki.OtherName{
		TypeID: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 20, 2, 3},
		Value:  asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: encoded},
	}
}
