// What Go's crypto/x509 does in the same time on the same machine: certificates from checked requests, and CRLs.
//
// Usage:
//
//	bench-go leaves <folder>       for each line "<milliseconds> <goroutines>" on stdin, one JSON line
//	bench-go crl <folder> <count>  one JSON line
//
// The folder holds ca-key.pem (PKCS#8), root.pem and, for leaves, requests.pem (PKCS#10 blocks).
package main

import (
	"crypto"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

type authority struct {
	root *x509.Certificate
	key  crypto.Signer
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench-go:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 2 {
		return fmt.Errorf("usage: bench-go leaves <folder> | crl <folder> <count>")
	}
	folder := args[1]
	ca, err := readAuthority(folder)
	if err != nil {
		return err
	}
	switch {
	case args[0] == "leaves" && len(args) == 2:
		requests, err := readBlocks(filepath.Join(folder, "requests.pem"))
		if err != nil {
			return err
		}
		return answerLeaves(ca, requests)
	case args[0] == "crl" && len(args) == 3:
		count, err := strconv.Atoi(args[2])
		if err != nil {
			return err
		}
		return answerCRL(ca, count)
	}
	return fmt.Errorf("unknown command %q", args[0])
}

func readAuthority(folder string) (*authority, error) {
	root, err := readOne(filepath.Join(folder, "root.pem"))
	if err != nil {
		return nil, err
	}
	key, err := readOne(filepath.Join(folder, "ca-key.pem"))
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(root.Bytes)
	if err != nil {
		return nil, err
	}
	private, err := x509.ParsePKCS8PrivateKey(key.Bytes)
	if err != nil {
		return nil, err
	}
	signer, ok := private.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("a key of type %T does not sign", private)
	}
	return &authority{certificate, signer}, nil
}

func readOne(path string) (*pem.Block, error) {
	blocks, err := readBlocks(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(blocks[0])
	return block, nil
}

// readBlocks returns each PEM block as text, so that decoding it is part of what is measured.
func readBlocks(path string) ([][]byte, error) {
	rest, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var blocks [][]byte
	for {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		if block == nil {
			break
		}
		blocks = append(blocks, pem.EncodeToMemory(block))
	}
	if len(blocks) == 0 {
		return nil, fmt.Errorf("%s holds no PEM block", path)
	}
	return blocks, nil
}

func answer(value any) error {
	return json.NewEncoder(os.Stdout).Encode(value)
}
