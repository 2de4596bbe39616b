package main

import (
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"math/big"
	"os"
	"strings"
	"time"
)

type crlAnswer struct {
	ElapsedMs float64 `json:"elapsedMs"`
	PeakBytes int64   `json:"peakBytes"`
	CRLBytes  int     `json:"crlBytes"`
}

// answerCRL makes entries with random serials before the clock starts, then one CRL of them.
func answerCRL(ca *authority, count int) error {
	now := time.Now().Truncate(time.Second)
	entries := make([]x509.RevocationListEntry, count)
	for i := range entries {
		serial := make([]byte, 16)
		if _, err := rand.Read(serial); err != nil {
			return err
		}
		serial[0] = serial[0]&0x7f | 1
		entries[i] = x509.RevocationListEntry{
			SerialNumber:   new(big.Int).SetBytes(serial),
			RevocationTime: now.Add(-time.Hour),
			ReasonCode:     1,
		}
	}
	template := &x509.RevocationList{
		Number:                    big.NewInt(now.UnixMilli()),
		ThisUpdate:                now,
		NextUpdate:                now.Add(30 * 24 * time.Hour),
		RevokedCertificateEntries: entries,
	}
	start := time.Now()
	der, err := x509.CreateRevocationList(rand.Reader, template, ca.root, ca.key)
	if err != nil {
		return err
	}
	elapsed := time.Since(start)
	peak, err := peakMemory()
	if err != nil {
		return err
	}
	return answer(crlAnswer{float64(elapsed.Nanoseconds()) / 1e6, peak, len(der)})
}

// peakMemory is the most that this process has had resident, in bytes. From /proc, since getrusage also counts what the
// parent had before it became this program.
func peakMemory() (int64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		var kibibytes int64
		if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &kibibytes); err == nil {
			return kibibytes * 1024, nil
		}
	}
	return 0, fmt.Errorf("/proc/self/status does not say the peak of resident memory")
}
