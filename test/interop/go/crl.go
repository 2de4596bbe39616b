package main

import (
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"time"
)

type entryAnswer struct {
	Serial    string    `json:"serial"`
	RevokedAt time.Time `json:"revokedAt"`
	// Reason is 0 when the entry names none.
	Reason     int             `json:"reason"`
	Extensions []extensionFact `json:"extensions"`
}

type crlAnswer struct {
	Number             string          `json:"number"` // decimal
	SignatureAlgorithm string          `json:"signatureAlgorithm"`
	IssuerIsParents    bool            `json:"issuerIsParents"`
	ThisUpdate         time.Time       `json:"thisUpdate"`
	NextUpdate         time.Time       `json:"nextUpdate"`
	AKI                string          `json:"aki"`
	Extensions         []extensionFact `json:"extensions"`
	Entries            []entryAnswer   `json:"entries"`
	SignatureFault     string          `json:"signatureFault"`
}

func readCRL(asked question) (any, error) {
	crl, err := x509.ParseRevocationList(asked.DER)
	if err != nil {
		return nil, err
	}
	issuer, err := x509.ParseCertificate(asked.Issuer)
	if err != nil {
		return nil, fmt.Errorf("issuer: %w", err)
	}
	answer := crlAnswer{
		SignatureAlgorithm: crl.SignatureAlgorithm.String(),
		IssuerIsParents:    string(crl.RawIssuer) == string(issuer.RawSubject),
		ThisUpdate:         crl.ThisUpdate,
		NextUpdate:         crl.NextUpdate,
		AKI:                hex.EncodeToString(crl.AuthorityKeyId),
		Extensions:         extensionFacts(crl.Extensions),
		Entries:            []entryAnswer{},
		SignatureFault:     faultOf(crl.CheckSignatureFrom(issuer)),
	}
	if crl.Number != nil {
		answer.Number = crl.Number.String()
	}
	for _, entry := range crl.RevokedCertificateEntries {
		answer.Entries = append(answer.Entries, entryAnswer{
			Serial:     entry.SerialNumber.Text(16),
			RevokedAt:  entry.RevocationTime,
			Reason:     entry.ReasonCode,
			Extensions: extensionFacts(entry.Extensions),
		})
	}
	return answer, nil
}
