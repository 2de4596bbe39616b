// Command opinion makes certificate requests, and says what Go's crypto/x509 and encoding/asn1 read in certificates and
// CRLs. It reads one question a line and answers each with one line, both JSON; what Go refuses is an answer's "error".
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
)

// question is one line of standard input. Byte strings are base64.
type question struct {
	// Do is "request", "certificate" or "crl".
	Do string `json:"do"`

	// For "request".
	PrivateKey []byte         `json:"privateKey"` // PKCS#8
	Subject    [][]attribute  `json:"subject"`
	Names      []generalName  `json:"names"`
	Extensions []rawExtension `json:"extensions"`

	// For "certificate" and "crl".
	DER    []byte `json:"der"`
	Issuer []byte `json:"issuer"` // certificate, DER
	At     int64  `json:"at"`     // seconds since 1970: when a certificate is verified
}

// attribute is an AttributeTypeAndValue: the string type is the universal tag's number, the value is what is in it.
type attribute struct {
	Type  string `json:"type"`
	Tag   int    `json:"tag"`
	Value string `json:"value"`
}

// generalName is a GeneralName: the number of its context tag, and its content octets in hexadecimal.
type generalName struct {
	Tag   int    `json:"tag"`
	Value string `json:"value"`
}

type rawExtension struct {
	ID       string `json:"id"`
	Critical bool   `json:"critical"`
	Value    []byte `json:"value"`
}

func main() {
	input := bufio.NewScanner(os.Stdin)
	input.Buffer(nil, 64<<20)
	output := bufio.NewWriter(os.Stdout)
	defer output.Flush()
	encoder := json.NewEncoder(output)
	for input.Scan() {
		var asked question
		if err := json.Unmarshal(input.Bytes(), &asked); err != nil {
			fail(err)
		}
		answer, err := answerTo(asked)
		if err != nil {
			answer = map[string]string{"error": err.Error()}
		}
		if err := encoder.Encode(answer); err != nil {
			fail(err)
		}
	}
	if err := input.Err(); err != nil {
		fail(err)
	}
}

func answerTo(asked question) (any, error) {
	switch asked.Do {
	case "request":
		return makeRequest(asked)
	case "certificate":
		return readCertificate(asked)
	case "crl":
		return readCRL(asked)
	}
	return nil, fmt.Errorf("unknown question %q", asked.Do)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
