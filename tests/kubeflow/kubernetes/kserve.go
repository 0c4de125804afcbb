package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	core "k8s.io/api/core/v1"

	"github.com/kserve/kserve/pkg/apis/serving/v1beta1"
	review "k8s.io/api/admission/v1"
	authentication "k8s.io/api/authentication/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apiserver/pkg/admission"
	denied "k8s.io/apiserver/pkg/admission/plugin/webhook/errors"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
	hook "sigs.k8s.io/controller-runtime/pkg/webhook/admission"
	"sigs.k8s.io/yaml"
)

// What KServe's manifests call its webhooks.
const (
	defaulterName = "inferenceservice.kserve-webhook-server.defaulter"
	validatorName = "inferenceservice.kserve-webhook-server.validator"
)

// webhooks are KServe's, called without the network: what they get and give is what they would over it.
type webhooks struct{ defaulter, validator *webhook.Admission }

var (
	_ admission.MutationInterface   = webhooks{}
	_ admission.ValidationInterface = webhooks{}
)

// kserve gives its webhooks, which ask Kubernetes for their settings: there is one that knows nothing else.
func kserve(config, folder string) (admission.Interface, error) {
	text, err := os.ReadFile(config)
	if err != nil {
		return nil, err
	}
	var settings core.ConfigMap
	if err := yaml.Unmarshal(text, &settings); err != nil {
		return nil, err
	}
	settings.TypeMeta = meta.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"}
	answer, err := json.Marshal(settings)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	go func() {
		_ = http.Serve(listener, http.HandlerFunc(func(writer http.ResponseWriter, _ *http.Request) {
			writer.Header().Set("Content-Type", "application/json")
			_, _ = writer.Write(answer)
		}))
	}()
	kubeconfig := filepath.Join(folder, "settings.kubeconfig")
	format := "apiVersion: v1\nkind: Config\nclusters: [{name: it, cluster: {server: 'http://%s'}}]\n" +
		"contexts: [{name: it, context: {cluster: it, user: it}}]\nusers: [{name: it, user: {}}]\ncurrent-context: it\n"
	if err := os.WriteFile(kubeconfig, fmt.Appendf(nil, format, listener.Addr()), 0o600); err != nil {
		return nil, err
	}
	if err := os.Setenv("KUBECONFIG", kubeconfig); err != nil {
		return nil, err
	}
	known := runtime.NewScheme()
	if err := v1beta1.AddToScheme(known); err != nil {
		return nil, err
	}
	service := &v1beta1.InferenceService{}
	return webhooks{
		defaulter: hook.WithCustomDefaulter(known, service, &v1beta1.InferenceServiceDefaulter{}),
		validator: hook.WithCustomValidator(known, service, &v1beta1.InferenceServiceValidator{}),
	}, nil
}

func (webhooks) Handles(operation admission.Operation) bool {
	return operation == admission.Create || operation == admission.Update
}

// Admit sets what is left open.
func (w webhooks) Admit(ctx context.Context, asked admission.Attributes, _ admission.ObjectInterfaces) error {
	if !concerns(asked) {
		return nil
	}
	request, err := requested(asked)
	if err != nil {
		return err
	}
	response := w.defaulter.Handle(ctx, request)
	if !response.Allowed {
		return denied.ToStatusErr(defaulterName, response.Result)
	}
	changed := request.Object.Raw
	if len(response.Patches) > 0 {
		text, err := json.Marshal(response.Patches)
		if err != nil {
			return err
		}
		patch, err := jsonpatch.DecodePatch(text)
		if err != nil {
			return err
		}
		if changed, err = patch.Apply(changed); err != nil {
			return err
		}
	}
	object, ok := asked.GetObject().(*unstructured.Unstructured)
	if !ok {
		return fmt.Errorf("%T is no custom resource", asked.GetObject())
	}
	return object.UnmarshalJSON(bytes.TrimSpace(changed))
}

// Validate refuses what KServe does not take.
func (w webhooks) Validate(ctx context.Context, asked admission.Attributes, _ admission.ObjectInterfaces) error {
	if !concerns(asked) {
		return nil
	}
	request, err := requested(asked)
	if err != nil {
		return err
	}
	if response := w.validator.Handle(ctx, request); !response.Allowed {
		return denied.ToStatusErr(validatorName, response.Result)
	}
	return nil
}

// concerns tells whether the manifests send this to the webhooks.
func concerns(asked admission.Attributes) bool {
	resource := asked.GetResource()
	return resource.Group == "serving.kserve.io" && resource.Resource == "inferenceservices" && asked.GetSubresource() == ""
}

func requested(asked admission.Attributes) (hook.Request, error) {
	kind, resource, dry := asked.GetKind(), asked.GetResource(), asked.IsDryRun()
	request := hook.Request{AdmissionRequest: review.AdmissionRequest{
		UID:       types.UID("in-process"),
		Kind:      meta.GroupVersionKind{Group: kind.Group, Version: kind.Version, Kind: kind.Kind},
		Resource:  meta.GroupVersionResource{Group: resource.Group, Version: resource.Version, Resource: resource.Resource},
		Name:      asked.GetName(),
		Namespace: asked.GetNamespace(),
		Operation: review.Operation(asked.GetOperation()),
		UserInfo:  authentication.UserInfo{Username: asked.GetUserInfo().GetName()},
		DryRun:    &dry,
	}}
	for from, to := range map[runtime.Object]*runtime.RawExtension{asked.GetObject(): &request.Object, asked.GetOldObject(): &request.OldObject} {
		if from == nil {
			continue
		}
		text, err := runtime.Encode(unstructured.UnstructuredJSONScheme, from)
		if err != nil {
			return request, err
		}
		to.Raw = text
	}
	return request, nil
}
