package main

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	apiutil "github.com/cert-manager/cert-manager/pkg/api/util"
	cmapi "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	cmmeta "github.com/cert-manager/cert-manager/pkg/apis/meta/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// issueCertificate creates a Certificate and waits until it is Ready.
func issueCertificate(ctx context.Context, scene *scene, certificate *cmapi.Certificate) (*cmapi.Certificate, error) {
	created, err := scene.certmanager.CertmanagerV1().Certificates(certificate.Namespace).Create(ctx, certificate, metav1.CreateOptions{})
	if err != nil {
		return nil, fmt.Errorf("creating a Certificate: %w", err)
	}
	return waitForCertificate(ctx, scene, created.Name, created.Generation)
}

// waitForCertificate until it exists, is Ready at that generation or a later one, and is not being issued again.
func waitForCertificate(ctx context.Context, scene *scene, name string, generation int64) (*cmapi.Certificate, error) {
	var found *cmapi.Certificate
	err := scene.until(ctx, fmt.Sprintf("Certificate %s to be issued", name), func(ctx context.Context) (bool, string, error) {
		current, err := scene.certmanager.CertmanagerV1().Certificates(scene.namespace).Get(ctx, name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return false, "there is no such Certificate", nil
		}
		if err != nil {
			return false, "", err
		}
		found = current
		ready := apiutil.GetCertificateCondition(current, cmapi.CertificateConditionReady)
		issuing := apiutil.GetCertificateCondition(current, cmapi.CertificateConditionIssuing)
		if current.Status.LastFailureTime != nil {
			// cert-manager tries again after an hour, which no spec waits for.
			return false, "", fmt.Errorf("issuing failed: %s", messageOf(issuing))
		}
		done := ready != nil && ready.Status == cmmeta.ConditionTrue &&
			ready.ObservedGeneration == current.Generation && current.Generation >= generation &&
			(issuing == nil || issuing.Status != cmmeta.ConditionTrue) &&
			current.Status.NextPrivateKeySecretName == nil
		return done, fmt.Sprintf("Ready: %s; Issuing: %s", messageOf(ready), messageOf(issuing)), nil
	})
	return found, err
}

func messageOf(condition *cmapi.CertificateCondition) string {
	if condition == nil {
		return "no condition"
	}
	return fmt.Sprintf("%s %s %s", condition.Status, condition.Reason, condition.Message)
}
