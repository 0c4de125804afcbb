package main

import (
	"context"
	"slices"

	"github.com/kubeflow/pipelines/backend/src/apiserver/auth"
	"github.com/kubeflow/pipelines/backend/src/apiserver/common"
	authentication "k8s.io/api/authentication/v1"
	authorization "k8s.io/api/authorization/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// agent is the persistence agent's account, which may report whatever runs.
const agent = "persistence-agent"

// admit lets the server's own authenticators ask a Kubernetes that knows these users only.
func admit(clients *clients, grants, tokens pairs) {
	clients.SubjectAccessReviewClientFake = accessReviews(grants)
	clients.AuthenticatorsFake = auth.GetAuthenticators(tokenReviews(tokens))
}

type accessReviews pairs

func (a accessReviews) Create(
	_ context.Context, review *authorization.SubjectAccessReview, _ meta.CreateOptions,
) (*authorization.SubjectAccessReview, error) {
	asked := pair{review.Spec.User, review.Spec.ResourceAttributes.Namespace}
	status := authorization.SubjectAccessReviewStatus{Allowed: review.Spec.User == agent || slices.Contains(a, asked)}
	if !status.Allowed {
		status.Reason = "no RBAC policy matched"
	}
	return &authorization.SubjectAccessReview{Status: status}, nil
}

type tokenReviews pairs

func (t tokenReviews) Create(
	_ context.Context, review *authentication.TokenReview, _ meta.CreateOptions,
) (*authentication.TokenReview, error) {
	for _, known := range t {
		if known.name == review.Spec.Token {
			return &authentication.TokenReview{Status: authentication.TokenReviewStatus{
				Authenticated: true,
				User:          authentication.UserInfo{Username: known.value},
				Audiences:     []string{common.GetTokenReviewAudience()},
			}}, nil
		}
	}
	return &authentication.TokenReview{Status: authentication.TokenReviewStatus{Error: "invalid bearer token"}}, nil
}
