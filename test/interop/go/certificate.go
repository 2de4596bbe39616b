package main

import (
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

var extKeyUsage = asn1.ObjectIdentifier{2, 5, 29, 37}

type extensionFact struct {
	ID       string `json:"id"`
	Critical bool   `json:"critical"`
}

type certificateAnswer struct {
	Version            int           `json:"version"`
	Serial             string        `json:"serial"`
	SignatureAlgorithm string        `json:"signatureAlgorithm"`
	IssuerIsParents    bool          `json:"issuerIsParents"`
	Subject            [][]attribute `json:"subject"`
	// SubjectIsCanonical: encoding/asn1 writes the same octets for what it has read.
	SubjectIsCanonical bool            `json:"subjectIsCanonical"`
	NotBefore          time.Time       `json:"notBefore"`
	NotAfter           time.Time       `json:"notAfter"`
	SPKI               string          `json:"spki"`
	Extensions         []extensionFact `json:"extensions"`
	Names              []generalName   `json:"names"`
	// NamesRead are the names that crypto/x509 itself understands, kind by kind, as text.
	NamesRead struct {
		DNS   []string `json:"dns"`
		Email []string `json:"email"`
		IP    []string `json:"ip"`
		URI   []string `json:"uri"`
	} `json:"namesRead"`
	KeyUsageBits []int    `json:"keyUsageBits"`
	ExtKeyUsages []string `json:"extKeyUsages"`
	// HasBasicConstraints: the extension is there and was understood.
	HasBasicConstraints bool   `json:"hasBasicConstraints"`
	IsCA                bool   `json:"isCA"`
	MaxPathLen          int    `json:"maxPathLen"` // -1: none
	SKI                 string `json:"ski"`
	AKI                 string `json:"aki"`
	// KeyHash is the SHA-1 of the public key's bits (RFC 5280, 4.2.1.2, method 1).
	KeyHash string `json:"keyHash"`
	// Each of these is "" or what Go has against it.
	SignatureFault string `json:"signatureFault"`
	PathFault      string `json:"pathFault"`
}

func readCertificate(asked question) (any, error) {
	certificate, err := x509.ParseCertificate(asked.DER)
	if err != nil {
		return nil, err
	}
	issuer, err := x509.ParseCertificate(asked.Issuer)
	if err != nil {
		return nil, fmt.Errorf("issuer: %w", err)
	}
	subject, err := readName(certificate.RawSubject)
	if err != nil {
		return nil, fmt.Errorf("subject: %w", err)
	}
	rewritten, err := writeName(subject)
	if err != nil {
		return nil, fmt.Errorf("subject: %w", err)
	}
	answer := certificateAnswer{
		Version:             certificate.Version,
		Serial:              certificate.SerialNumber.Text(16),
		SignatureAlgorithm:  certificate.SignatureAlgorithm.String(),
		IssuerIsParents:     string(certificate.RawIssuer) == string(issuer.RawSubject),
		Subject:             subject,
		SubjectIsCanonical:  string(rewritten) == string(certificate.RawSubject),
		NotBefore:           certificate.NotBefore,
		NotAfter:            certificate.NotAfter,
		SPKI:                hex.EncodeToString(certificate.RawSubjectPublicKeyInfo),
		Extensions:          extensionFacts(certificate.Extensions),
		Names:               []generalName{},
		KeyUsageBits:        bitsOf(certificate.KeyUsage),
		ExtKeyUsages:        []string{},
		HasBasicConstraints: certificate.BasicConstraintsValid,
		IsCA:                certificate.IsCA,
		MaxPathLen:          maxPathLen(certificate),
		SKI:                 hex.EncodeToString(certificate.SubjectKeyId),
		AKI:                 hex.EncodeToString(certificate.AuthorityKeyId),
		SignatureFault:      faultOf(certificate.CheckSignatureFrom(issuer)),
		PathFault:           faultOf(verifyPath(certificate, issuer, time.Unix(asked.At, 0))),
	}
	answer.NamesRead.DNS = orEmpty(certificate.DNSNames)
	answer.NamesRead.Email = orEmpty(certificate.EmailAddresses)
	answer.NamesRead.IP, answer.NamesRead.URI = []string{}, []string{}
	for _, address := range certificate.IPAddresses {
		answer.NamesRead.IP = append(answer.NamesRead.IP, address.String())
	}
	for _, uri := range certificate.URIs {
		answer.NamesRead.URI = append(answer.NamesRead.URI, uri.String())
	}
	if answer.KeyHash, err = keyHash(certificate.RawSubjectPublicKeyInfo); err != nil {
		return nil, err
	}
	for _, extension := range certificate.Extensions {
		switch {
		case extension.Id.Equal(subjectAltName):
			answer.Names, err = readGeneralNames(extension.Value)
		case extension.Id.Equal(extKeyUsage):
			answer.ExtKeyUsages, err = readPurposes(extension.Value)
		}
		if err != nil {
			return nil, fmt.Errorf("extension %v: %w", extension.Id, err)
		}
	}
	if len(answer.ExtKeyUsages) != len(certificate.ExtKeyUsage)+len(certificate.UnknownExtKeyUsage) {
		return nil, errors.New("crypto/x509 and encoding/asn1 count different purposes")
	}
	return answer, nil
}

func verifyPath(certificate, issuer *x509.Certificate, at time.Time) error {
	roots := x509.NewCertPool()
	roots.AddCert(issuer)
	_, err := certificate.Verify(x509.VerifyOptions{
		Roots: roots, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	return err
}

func readName(der []byte) ([][]attribute, error) {
	var sequence []relativeNameSET
	if err := unmarshal(der, &sequence); err != nil {
		return nil, err
	}
	name := [][]attribute{}
	for _, set := range sequence {
		var attributes []attribute
		for _, one := range set {
			if one.Value.Class != asn1.ClassUniversal || one.Value.IsCompound {
				return nil, errors.New("a value is no string")
			}
			attributes = append(attributes, attribute{one.Type.String(), one.Value.Tag, string(one.Value.Bytes)})
		}
		name = append(name, attributes)
	}
	return name, nil
}

func readGeneralNames(der []byte) ([]generalName, error) {
	var values []asn1.RawValue
	if err := unmarshal(der, &values); err != nil {
		return nil, err
	}
	names := []generalName{}
	for _, value := range values {
		if value.Class != asn1.ClassContextSpecific || value.IsCompound != constructed[value.Tag] {
			return nil, fmt.Errorf("GeneralName of class %d, tag %d", value.Class, value.Tag)
		}
		names = append(names, generalName{value.Tag, hex.EncodeToString(value.Bytes)})
	}
	return names, nil
}

func readPurposes(der []byte) ([]string, error) {
	var ids []asn1.ObjectIdentifier
	if err := unmarshal(der, &ids); err != nil {
		return nil, err
	}
	purposes := []string{}
	for _, id := range ids {
		purposes = append(purposes, id.String())
	}
	return purposes, nil
}

func keyHash(spki []byte) (string, error) {
	var key struct {
		Algorithm pkix.AlgorithmIdentifier
		Bits      asn1.BitString
	}
	if err := unmarshal(spki, &key); err != nil {
		return "", err
	}
	hash := sha1.Sum(key.Bits.RightAlign())
	return hex.EncodeToString(hash[:]), nil
}

// unmarshal is asn1.Unmarshal that takes nothing after the value.
func unmarshal(der []byte, into any) error {
	rest, err := asn1.Unmarshal(der, into)
	if err == nil && len(rest) > 0 {
		return errors.New("trailing bytes")
	}
	return err
}

func extensionFacts(extensions []pkix.Extension) []extensionFact {
	facts := []extensionFact{}
	for _, extension := range extensions {
		facts = append(facts, extensionFact{extension.Id.String(), extension.Critical})
	}
	return facts
}

func bitsOf(usage x509.KeyUsage) []int {
	bits := []int{}
	for bit := range 16 {
		if usage&(1<<bit) != 0 {
			bits = append(bits, bit)
		}
	}
	return bits
}

func maxPathLen(certificate *x509.Certificate) int {
	if certificate.MaxPathLen == 0 && !certificate.MaxPathLenZero {
		return -1
	}
	return certificate.MaxPathLen
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func faultOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
