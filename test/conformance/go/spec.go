package main

import "context"

// A feature that an issuer may lack. The names are cert-manager's.
type feature string

const (
	ipAddresses      feature = "IPAddresses"
	duration         feature = "Duration"
	wildcards        feature = "Wildcards"
	ecdsaKeys        feature = "ECDSA"
	reusePrivateKey  feature = "ReusePrivateKey"
	uriSANs          feature = "URISANs"
	emailSANs        feature = "EmailSANs"
	commonName       feature = "CommonName"
	keyUsages        feature = "KeyUsages"
	onlySAN          feature = "OnlySAN"
	saveCA           feature = "SaveCAToSecret"
	saveRootCA       feature = "SaveRootCAToSecret"
	ed25519Keys      feature = "Ed25519"
	issueCA          feature = "IssueCA"
	longDomain       feature = "LongDomain"
	literalSubject   feature = "LiteralCertificateSubject"
	otherNames       feature = "OtherNames"
	acmeRenewalInfos feature = "ACMEUseARI"
)

type featureSet map[feature]bool

var allFeatures = featureSet{
	ipAddresses: true, duration: true, wildcards: true, ecdsaKeys: true, reusePrivateKey: true, uriSANs: true,
	emailSANs: true, commonName: true, keyUsages: true, onlySAN: true, saveCA: true, saveRootCA: true,
	ed25519Keys: true, issueCA: true, longDomain: true, literalSubject: true, otherNames: true, acmeRenewalInfos: true,
}

// A spec is one fact about an issuer.
type spec struct {
	suite    string
	name     string
	requires []feature
	// run returns a skip to say that the cluster lacks something, and any other error to fail.
	run func(ctx context.Context, scene *scene) error
}

// title by which a spec can be chosen.
func (spec spec) title() string { return spec.suite + " / " + spec.name }

// A skip is why a spec could not be run here.
type skip string

func (reason skip) Error() string { return string(reason) }

const (
	certificateSuite    = "certificates"
	signingRequestSuite = "certificatesigningrequests"
)

// allSpecs in the order in which they are listed.
func allSpecs() []spec {
	var specs []spec
	specs = append(specs, certificateSpecs...)
	specs = append(specs, shimSpecs...)
	specs = append(specs, reissueSpecs...)
	specs = append(specs, signingRequestSpecs...)
	return specs
}
