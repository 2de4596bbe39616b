package main

import (
	"bufio"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

type leavesAnswer struct {
	Leaves      int64   `json:"leaves"`
	ElapsedMs   float64 `json:"elapsedMs"`
	Certificate []byte  `json:"certificate"`
}

// answerLeaves issues for as long as each line of stdin says, going round the requests.
func answerLeaves(ca *authority, requests [][]byte) error {
	lines := bufio.NewScanner(os.Stdin)
	var next atomic.Int64
	for lines.Scan() {
		var milliseconds, goroutines int
		if _, err := fmt.Sscan(lines.Text(), &milliseconds, &goroutines); err != nil {
			return err
		}
		result, err := issueFor(ca, requests, &next, time.Duration(milliseconds)*time.Millisecond, goroutines)
		if err != nil {
			return err
		}
		if err := answer(result); err != nil {
			return err
		}
	}
	return lines.Err()
}

func issueFor(ca *authority, requests [][]byte, next *atomic.Int64, budget time.Duration, goroutines int) (*leavesAnswer, error) {
	var leaves atomic.Int64
	var group sync.WaitGroup
	lasts := make([][]byte, goroutines)
	faults := make([]error, goroutines)
	start := time.Now()
	for worker := range goroutines {
		group.Go(func() {
			// At least one each, so that there is a certificate to show.
			for lasts[worker] == nil || time.Since(start) < budget {
				request := requests[next.Add(1)%int64(len(requests))]
				certificate, err := issue(ca, request)
				if err != nil {
					faults[worker] = err
					return
				}
				lasts[worker] = certificate
				leaves.Add(1)
			}
		})
	}
	group.Wait()
	elapsed := time.Since(start)
	for _, fault := range faults {
		if fault != nil {
			return nil, fault
		}
	}
	return &leavesAnswer{leaves.Load(), float64(elapsed.Nanoseconds()) / 1e6, lasts[0]}, nil
}

// issue verifies the request's signature and makes a certificate; CreateCertificate verifies its own signature.
func issue(ca *authority, text []byte) ([]byte, error) {
	block, _ := pem.Decode(text)
	request, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return nil, err
	}
	if err := request.CheckSignature(); err != nil {
		return nil, err
	}
	serial := make([]byte, 16)
	if _, err := rand.Read(serial); err != nil {
		return nil, err
	}
	serial[0] = serial[0]&0x7f | 1
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber:          new(big.Int).SetBytes(serial),
		Subject:               request.Subject,
		DNSNames:              request.DNSNames,
		URIs:                  request.URIs,
		NotBefore:             now.Add(-5 * time.Minute),
		NotAfter:              now.Add(24 * time.Hour),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
	}
	return x509.CreateCertificate(rand.Reader, template, ca.root, request.PublicKey, ca.key)
}
