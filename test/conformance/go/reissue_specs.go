package main

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/retry"

	cmapi "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	"github.com/cert-manager/cert-manager/pkg/util/pki"
)

// reissueSpecs have one Certificate issued twice.
var reissueSpecs = []spec{
	{
		suite:    certificateSuite,
		name:     "should issue another certificate with the same private key if the existing certificate and CertificateRequest are deleted",
		requires: []feature{reusePrivateKey, onlySAN},
		run:      reissueWithTheSameKey,
	},
	{
		suite:    certificateSuite,
		name:     "should allow updating an existing certificate with a new DNS Name",
		requires: []feature{onlySAN},
		run:      reissueWithAnotherName,
	},
}

func reissueWithTheSameKey(ctx context.Context, scene *scene) error {
	certificate, err := issueCertificate(ctx, scene, newCertificate(scene, shape(subdomains(1), func(certificate *cmapi.Certificate) {
		certificate.Spec.PrivateKey = &cmapi.CertificatePrivateKey{RotationPolicy: cmapi.RotationPolicyNever}
	})))
	if err != nil {
		return err
	}
	if err := validateCertificate(ctx, scene, certificate); err != nil {
		return err
	}
	secrets := scene.kube.CoreV1().Secrets(scene.namespace)
	secret, err := secrets.Get(ctx, certificate.Spec.SecretName, metav1.GetOptions{})
	if err != nil {
		return err
	}
	first, err := pki.DecodeX509CertificateBytes(secret.Data[corev1.TLSCertKey])
	if err != nil {
		return err
	}
	secret.Data[corev1.TLSCertKey] = []byte{}
	if _, err := secrets.Update(ctx, secret, metav1.UpdateOptions{}); err != nil {
		return err
	}
	err = scene.until(ctx, "another certificate in the Secret", func(ctx context.Context) (bool, string, error) {
		secret, err = secrets.Get(ctx, certificate.Spec.SecretName, metav1.GetOptions{})
		return err == nil && len(secret.Data[corev1.TLSCertKey]) > 0, "tls.crt is empty", err
	})
	if err != nil {
		return err
	}
	second, err := pki.DecodeX509CertificateBytes(secret.Data[corev1.TLSCertKey])
	if err != nil {
		return err
	}
	if second.SerialNumber.Cmp(first.SerialNumber) == 0 {
		return errors.New("the second certificate is the first one")
	}
	if err := keyIsCertified(second, first.PublicKey); err != nil {
		return fmt.Errorf("the second certificate has another key: %w", err)
	}
	return nil
}

func reissueWithAnotherName(ctx context.Context, scene *scene) error {
	certificate, err := issueCertificate(ctx, scene, newCertificate(scene, subdomains(1)))
	if err != nil {
		return err
	}
	if err := validateCertificate(ctx, scene, certificate); err != nil {
		return err
	}
	name, generation := certificate.Name, certificate.Generation
	certificates := scene.certmanager.CertmanagerV1().Certificates(scene.namespace)
	err = retry.RetryOnConflict(retry.DefaultRetry, func() error {
		current, err := certificates.Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		current.Spec.DNSNames = append(current.Spec.DNSNames, randomSubdomain())
		updated, err := certificates.Update(ctx, current, metav1.UpdateOptions{})
		if err == nil {
			generation = updated.Generation
		}
		return err
	})
	if err != nil {
		return err
	}
	certificate, err = waitForCertificate(ctx, scene, name, generation)
	if err != nil {
		return err
	}
	return validateCertificate(ctx, scene, certificate)
}
