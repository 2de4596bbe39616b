package main

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

var subjectAltName = asn1.ObjectIdentifier{2, 5, 29, 17}

type requestAnswer struct {
	DER []byte `json:"der"`
	// Subject is what was asked for, in the order of the DER.
	Subject [][]attribute `json:"subject"`
}

// makeRequest makes a PKCS#10 request whose subject and subject alternative names have exactly the given form.
func makeRequest(asked question) (any, error) {
	key, err := x509.ParsePKCS8PrivateKey(asked.PrivateKey)
	if err != nil {
		return nil, err
	}
	subject, err := writeName(asked.Subject)
	if err != nil {
		return nil, err
	}
	template := &x509.CertificateRequest{RawSubject: subject}
	if len(asked.Names) > 0 {
		value, err := writeGeneralNames(asked.Names)
		if err != nil {
			return nil, err
		}
		template.ExtraExtensions = []pkix.Extension{{Id: subjectAltName, Critical: len(asked.Subject) == 0, Value: value}}
	}
	for _, extension := range asked.Extensions {
		id, err := objectIdentifier(extension.ID)
		if err != nil {
			return nil, err
		}
		template.ExtraExtensions = append(template.ExtraExtensions,
			pkix.Extension{Id: id, Critical: extension.Critical, Value: extension.Value})
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, template, key)
	if err != nil {
		return nil, err
	}
	written, err := readName(subject)
	return requestAnswer{der, written}, err
}

type attributeTypeAndValue struct {
	Type  asn1.ObjectIdentifier
	Value asn1.RawValue
}

// Named for encoding/asn1, which takes a slice type whose name ends in SET for a SET OF.
type relativeNameSET []attributeTypeAndValue

func writeName(name [][]attribute) ([]byte, error) {
	sequence := make([]relativeNameSET, 0, len(name))
	for _, attributes := range name {
		var set relativeNameSET
		for _, one := range attributes {
			id, err := objectIdentifier(one.Type)
			if err != nil {
				return nil, err
			}
			set = append(set, attributeTypeAndValue{id, asn1.RawValue{Tag: one.Tag, Bytes: []byte(one.Value)}})
		}
		sequence = append(sequence, set)
	}
	return asn1.Marshal(sequence)
}

// constructed are the kinds of GeneralName whose content is made of further values: otherName and directoryName.
var constructed = map[int]bool{0: true, 4: true}

func writeGeneralNames(names []generalName) ([]byte, error) {
	var values []asn1.RawValue
	for _, name := range names {
		content, err := hex.DecodeString(name.Value)
		if err != nil {
			return nil, err
		}
		values = append(values, asn1.RawValue{
			Class: asn1.ClassContextSpecific, Tag: name.Tag, IsCompound: constructed[name.Tag], Bytes: content,
		})
	}
	return asn1.Marshal(values)
}

func objectIdentifier(dotted string) (asn1.ObjectIdentifier, error) {
	var id asn1.ObjectIdentifier
	for _, arc := range strings.Split(dotted, ".") {
		number, err := strconv.Atoi(arc)
		if err != nil {
			return nil, fmt.Errorf("object identifier %q: %w", dotted, err)
		}
		id = append(id, number)
	}
	return id, nil
}
