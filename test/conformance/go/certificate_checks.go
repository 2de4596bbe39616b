package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"

	apiutil "github.com/cert-manager/cert-manager/pkg/api/util"
	cmapi "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	cmmeta "github.com/cert-manager/cert-manager/pkg/apis/meta/v1"
	"github.com/cert-manager/cert-manager/pkg/util/pki"
)

// An issuedCertificate is a Certificate that is Ready, with what it led to.
type issuedCertificate struct {
	certificate *cmapi.Certificate
	secret      *corev1.Secret
	x509        *x509.Certificate
}

// A certificateCheck says what is wrong.
type certificateCheck func(issued issuedCertificate) error

// defaultCertificateChecks hold for every Certificate. One with a feature is left out when that feature is declared
// unsupported.
var defaultCertificateChecks = []struct {
	feature feature
	check   certificateCheck
}{
	{"", secretHasItsKeys},
	{"", secretNamesItsCertificate},
	{"", readyConditionIsOfThisGeneration},
	{"", statusHasTheEnd},
	{"", privateKeyIsAsAsked},
	{"", additionalOutputsAreThere},
	{"", func(issued issuedCertificate) error {
		got, want := sets.New(issued.x509.DNSNames...), sets.New(issued.certificate.Spec.DNSNames...)
		if !got.IsSuperset(want) {
			return fmt.Errorf("the DNS names %v lack some of %v", sets.List(got), sets.List(want))
		}
		return nil
	}},
	{"", func(issued issuedCertificate) error {
		want, err := organizationsOf(issued.certificate)
		if err != nil {
			return err
		}
		return sameSet("organizations", issued.x509.Subject.Organization, want)
	}},
	{"", func(issued issuedCertificate) error {
		return isCertificateAuthority(issued.x509, issued.certificate.Spec.IsCA)
	}},
	{commonName, func(issued issuedCertificate) error {
		return hasCommonName(issued.x509, issued.certificate.Spec.CommonName)
	}},
	{uriSANs, func(issued issuedCertificate) error {
		return sameSet("URIs", pki.URLsToString(issued.x509.URIs), issued.certificate.Spec.URIs)
	}},
	{emailSANs, func(issued issuedCertificate) error {
		return sameSet("email addresses", issued.x509.EmailAddresses, issued.certificate.Spec.EmailAddresses)
	}},
	{ipAddresses, func(issued issuedCertificate) error {
		return sameSet("IP addresses", pki.IPAddressesToString(issued.x509.IPAddresses), issued.certificate.Spec.IPAddresses)
	}},
	{duration, func(issued issuedCertificate) error {
		return lasts(issued.x509, apiutil.DefaultCertDuration(issued.certificate.Spec.Duration))
	}},
	{saveCA, chainsToTheSecretsCA},
	{saveRootCA, secretsCAIsARoot},
}

// validateCertificate reads the Certificate's Secret, and joins all that is wrong.
func validateCertificate(ctx context.Context, scene *scene, certificate *cmapi.Certificate, more ...certificateCheck) error {
	secret, err := scene.kube.CoreV1().Secrets(certificate.Namespace).Get(ctx, certificate.Spec.SecretName, metav1.GetOptions{})
	if err != nil {
		return err
	}
	parsed, err := pki.DecodeX509CertificateBytes(secret.Data[corev1.TLSCertKey])
	if err != nil {
		return fmt.Errorf("tls.crt: %w", err)
	}
	issued := issuedCertificate{certificate, secret, parsed}
	var wrong error
	for _, check := range more {
		wrong = errors.Join(wrong, check(issued))
	}
	for _, entry := range defaultCertificateChecks {
		if !scene.unsupported[entry.feature] {
			wrong = errors.Join(wrong, entry.check(issued))
		}
	}
	return wrong
}

func secretHasItsKeys(issued issuedCertificate) error {
	for _, key := range []string{corev1.TLSPrivateKeyKey, corev1.TLSCertKey} {
		if len(issued.secret.Data[key]) == 0 {
			return fmt.Errorf("the Secret has no %s", key)
		}
	}
	return nil
}

func secretNamesItsCertificate(issued issuedCertificate) error {
	if got := issued.secret.Annotations[cmapi.CertificateNameKey]; got != issued.certificate.Name {
		return fmt.Errorf("the Secret's annotation %s is %q", cmapi.CertificateNameKey, got)
	}
	return nil
}

func readyConditionIsOfThisGeneration(issued issuedCertificate) error {
	condition := apiutil.GetCertificateCondition(issued.certificate, cmapi.CertificateConditionReady)
	if condition == nil || condition.Status != cmmeta.ConditionTrue || condition.ObservedGeneration != issued.certificate.Generation {
		return fmt.Errorf("the Certificate's Ready condition is %+v at generation %d", condition, issued.certificate.Generation)
	}
	return nil
}

func statusHasTheEnd(issued issuedCertificate) error {
	if end := issued.certificate.Status.NotAfter; end == nil || !end.Time.Equal(issued.x509.NotAfter) {
		return fmt.Errorf("status.notAfter is %v, the certificate's is %v", end, issued.x509.NotAfter)
	}
	return nil
}

// privateKeyIsAsAsked: algorithm, size and encoding, and it is the certificate's.
func privateKeyIsAsAsked(issued issuedCertificate) error {
	encoded := issued.secret.Data[corev1.TLSPrivateKeyKey]
	key, err := pki.DecodePrivateKeyBytes(encoded)
	if err != nil {
		return fmt.Errorf("tls.key: %w", err)
	}
	asked := issued.certificate.Spec.PrivateKey
	if asked == nil {
		asked = &cmapi.CertificatePrivateKey{}
	}
	wrong := keyIsCertified(issued.x509, key.Public())
	describe := func(algorithm cmapi.PrivateKeyAlgorithm, size int) string { return fmt.Sprint(algorithm, " ", size) }
	want := map[cmapi.PrivateKeyAlgorithm]string{
		"":                        describe(cmapi.RSAKeyAlgorithm, sizeOr(asked.Size, pki.MinRSAKeySize)),
		cmapi.RSAKeyAlgorithm:     describe(cmapi.RSAKeyAlgorithm, sizeOr(asked.Size, pki.MinRSAKeySize)),
		cmapi.ECDSAKeyAlgorithm:   describe(cmapi.ECDSAKeyAlgorithm, sizeOr(asked.Size, pki.ECCurve256)),
		cmapi.Ed25519KeyAlgorithm: describe(cmapi.Ed25519KeyAlgorithm, ed25519.PrivateKeySize*4),
	}[asked.Algorithm]
	got, header := "", "PRIVATE KEY"
	isPKCS1 := asked.Encoding == "" || asked.Encoding == cmapi.PKCS1
	switch key := key.(type) {
	case *rsa.PrivateKey:
		got = describe(cmapi.RSAKeyAlgorithm, key.N.BitLen())
		if isPKCS1 {
			header = "RSA PRIVATE KEY"
		}
	case *ecdsa.PrivateKey:
		got = describe(cmapi.ECDSAKeyAlgorithm, key.Curve.Params().BitSize)
		if isPKCS1 {
			header = "EC PRIVATE KEY"
		}
	case ed25519.PrivateKey:
		// It has one size, and PKCS#8 is its only encoding.
		got = describe(cmapi.Ed25519KeyAlgorithm, ed25519.PrivateKeySize*4)
	}
	if got != want {
		wrong = errors.Join(wrong, fmt.Errorf("the private key is %s, not %s", got, want))
	}
	if block, _ := pem.Decode(encoded); block == nil || block.Type != header {
		wrong = errors.Join(wrong, fmt.Errorf("tls.key does not begin with %q", header))
	}
	return wrong
}

func sizeOr(asked, otherwise int) int {
	if asked == 0 {
		return otherwise
	}
	return asked
}

func keyIsCertified(certificate *x509.Certificate, key crypto.PublicKey) error {
	if equal, err := pki.PublicKeysEqual(certificate.PublicKey, key); err != nil || !equal {
		return errors.New("the certificate's public key is not the private key's")
	}
	return nil
}

func additionalOutputsAreThere(issued issuedCertificate) error {
	for _, output := range issued.certificate.Spec.AdditionalOutputFormats {
		key, certificate := issued.secret.Data[corev1.TLSPrivateKeyKey], issued.secret.Data[corev1.TLSCertKey]
		switch output.Type {
		case cmapi.CertificateOutputFormatDER:
			block, _ := pem.Decode(key)
			if block == nil || !bytes.Equal(issued.secret.Data[cmapi.CertificateOutputFormatDERKey], block.Bytes) {
				return errors.New("the Secret's DER output is not the private key")
			}
		case cmapi.CertificateOutputFormatCombinedPEM:
			if !bytes.Equal(issued.secret.Data[cmapi.CertificateOutputFormatCombinedPEMKey], bytes.Join([][]byte{key, certificate}, []byte("\n"))) {
				return errors.New("the Secret's combined output is not key and certificate")
			}
		default:
			return fmt.Errorf("there is no additional output %q", output.Type)
		}
	}
	return nil
}

// organizationsOf what was asked for, also in a literal subject.
func organizationsOf(certificate *cmapi.Certificate) ([]string, error) {
	var organizations []string
	if certificate.Spec.Subject != nil {
		organizations = certificate.Spec.Subject.Organizations
	}
	if certificate.Spec.LiteralSubject == "" {
		return organizations, nil
	}
	names, err := pki.UnmarshalSubjectStringToRDNSequence(certificate.Spec.LiteralSubject)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		for _, attribute := range name {
			if text, ok := attribute.Value.(string); ok && attribute.Type.Equal(pki.OIDConstants.Organization) {
				organizations = append(organizations, text)
			}
		}
	}
	return organizations, nil
}

// chainsToTheSecretsCA with ca.crt as the only roots, the rest of tls.crt as intermediates, and Go's own rules: a chain
// that is limited to client authentication does not pass.
func chainsToTheSecretsCA(issued issuedCertificate) error {
	options := x509.VerifyOptions{Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool()}
	options.Roots.AppendCertsFromPEM(issued.secret.Data[cmmeta.TLSCAKey])
	options.Intermediates.AppendCertsFromPEM(issued.secret.Data[corev1.TLSCertKey])
	if len(issued.certificate.Spec.DNSNames) > 0 {
		options.DNSName = issued.certificate.Spec.DNSNames[0]
	}
	if _, err := issued.x509.Verify(options); err != nil {
		return fmt.Errorf("tls.crt does not verify with ca.crt: %w", err)
	}
	return nil
}

func secretsCAIsARoot(issued issuedCertificate) error {
	root, err := pki.DecodeX509CertificateBytes(issued.secret.Data[cmmeta.TLSCAKey])
	if err != nil {
		return fmt.Errorf("ca.crt: %w", err)
	}
	if !bytes.Equal(root.RawSubject, root.RawIssuer) {
		return fmt.Errorf("ca.crt is not a root: its subject is %v, its issuer %v", root.Subject, root.Issuer)
	}
	return nil
}
