package main

import (
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	"github.com/cert-manager/cert-manager/pkg/util"
	"github.com/cert-manager/cert-manager/pkg/util/pki"
)

// How far a certificate's lifetime may be from what was asked for.
const durationTolerance = 30 * time.Second

func sameSet(what string, got, want []string) error {
	if !util.EqualUnsorted(got, want) {
		return fmt.Errorf("the %s are %v, not %v", what, got, want)
	}
	return nil
}

func isCertificateAuthority(certificate *x509.Certificate, want bool) error {
	if certificate.IsCA != want {
		return fmt.Errorf("cA is %t in the basic constraints, not %t", certificate.IsCA, want)
	}
	return nil
}

// hasCommonName: the one that was asked for. An issuer may choose one when none was, among the other names.
func hasCommonName(certificate *x509.Certificate, want string) error {
	got := certificate.Subject.CommonName
	chosen := want == "" && (slices.Contains(certificate.DNSNames, got) || slices.Contains(pki.IPAddressesToString(certificate.IPAddresses), got))
	if got != want && !chosen {
		return fmt.Errorf("the common name is %q, not %q", got, want)
	}
	return nil
}

func lasts(certificate *x509.Certificate, want time.Duration) error {
	got := certificate.NotAfter.Sub(certificate.NotBefore)
	if (got - want).Abs() > durationTolerance {
		return fmt.Errorf("the certificate lasts %v, not %v", got, want)
	}
	return nil
}

// hasUsages: these and no others.
func hasUsages(certificate *x509.Certificate, usage x509.KeyUsage, extended ...x509.ExtKeyUsage) error {
	got := slices.Sorted(slices.Values(certificate.ExtKeyUsage))
	want := slices.Sorted(slices.Values(extended))
	if certificate.KeyUsage != usage || !slices.Equal(got, want) || len(certificate.UnknownExtKeyUsage) > 0 {
		return fmt.Errorf("the key usages are %b and %v, not %b and %v", certificate.KeyUsage, got, usage, want)
	}
	return nil
}
