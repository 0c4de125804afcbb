// The Kubernetes API server for custom resources, with KServe's InferenceService in it: their own code, over an etcd in this process.
//
//	kubernetes --crd FILE --config FILE [--folder FOLDER] [--token TOKEN=USER]... [--deny USER=VERB]...
//
// It prints `TLS https://...` and then `LISTENING http://...`, which is the same server without encryption, and ends when its input
// does. `FOLDER/apiserver.crt` is the certificate to trust. What KServe's webhooks do to an object, their own code does in here.
// Nothing of a cluster is there: no namespaces (all are taken as existing), no controllers. A test writes the status itself.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	definitions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver"
	clientset "k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset"
	"k8s.io/apiextensions-apiserver/pkg/cmd/server/options"
	"k8s.io/apiextensions-apiserver/pkg/generated/openapi"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/request/bearertoken"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	names "k8s.io/apiserver/pkg/endpoints/openapi"
	generic "k8s.io/apiserver/pkg/server"
	openapis "k8s.io/apiserver/pkg/util/openapi"
	"k8s.io/apiserver/pkg/util/proxy"
	"k8s.io/apiserver/pkg/util/webhook"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"go.opentelemetry.io/otel/trace/noop"
)

func main() {
	crd := flag.String("crd", "", "the definition of InferenceService, from KServe's sources")
	config := flag.String("config", "", "KServe's settings, from its sources")
	folder := flag.String("folder", "", "where to put certificates and data; must be empty")
	var tokens, denials pairs
	flag.Var(&tokens, "token", "TOKEN=USER: who may call; repeatable")
	flag.Var(&denials, "deny", "USER=VERB: what one may not do, such as patch; repeatable")
	flag.Parse()
	if err := run(*crd, *config, *folder, tokens, denials); err != nil {
		log.Fatal(err)
	}
}

func run(crd, config, folder string, tokens, denials pairs) error {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	if folder == "" {
		made, err := os.MkdirTemp("", "proofmark-kubernetes-")
		if err != nil {
			return err
		}
		folder = made
		defer os.RemoveAll(made)
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	store, err := startEtcd(folder)
	if err != nil {
		return fmt.Errorf("etcd: %w", err)
	}
	defer store.Close()
	webhooks, err := kserve(config, folder)
	if err != nil {
		return fmt.Errorf("KServe: %w", err)
	}
	server, secure, err := customResources(folder, store, webhooks, tokens, denials)
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	go func() { failed <- server.GenericAPIServer.PrepareRun().RunWithContext(ctx) }()
	if err := install(ctx, server.GenericAPIServer.LoopbackClientConfig, crd); err != nil {
		return fmt.Errorf("the definition: %w", err)
	}
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("TLS https://%s\nLISTENING http://%s\n", secure, plain.Addr())
	go func() { failed <- http.Serve(plain, server.GenericAPIServer.Handler) }()
	return <-failed
}

func startEtcd(folder string) (*embed.Etcd, error) {
	config := embed.NewConfig()
	config.Dir = filepath.Join(folder, "etcd")
	config.LogLevel = "error"
	config.UnsafeNoFsync = true
	client, err := free()
	if err != nil {
		return nil, err
	}
	peer, err := free()
	if err != nil {
		return nil, err
	}
	config.ListenClientUrls, config.AdvertiseClientUrls = []url.URL{client}, []url.URL{client}
	config.ListenPeerUrls, config.AdvertisePeerUrls = []url.URL{peer}, []url.URL{peer}
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	store, err := embed.StartEtcd(config)
	if err != nil {
		return nil, err
	}
	select {
	case <-store.Server.ReadyNotify():
		return store, nil
	case <-time.After(time.Minute):
		return nil, fmt.Errorf("it is not ready after a minute")
	}
}

// free is an address that nobody listens at.
func free() (url.URL, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return url.URL{}, err
	}
	defer listener.Close()
	return url.URL{Scheme: "http", Host: listener.Addr().String()}, nil
}

// customResources is the server itself.
func customResources(
	folder string, store *embed.Etcd, webhooks admission.Interface, tokens, denials pairs,
) (*apiserver.CustomResourceDefinitions, string, error) {
	given := options.NewCustomResourceDefinitionsServerOptions(os.Stderr, os.Stderr)
	if err := given.ServerRunOptions.ComponentGlobalsRegistry.Set(); err != nil {
		return nil, "", err
	}
	if err := given.Complete(); err != nil {
		return nil, "", err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	recommended := given.RecommendedOptions
	recommended.Etcd.StorageConfig.Transport.ServerList = []string{store.Config().ListenClientUrls[0].String()}
	recommended.SecureServing.Listener = listener
	recommended.SecureServing.BindPort = listener.Addr().(*net.TCPAddr).Port
	recommended.SecureServing.ServerCert.CertDirectory = folder
	if err := recommended.SecureServing.MaybeDefaultWithSelfSignedCerts("localhost", nil, []net.IP{net.ParseIP("127.0.0.1")}); err != nil {
		return nil, "", err
	}

	config := generic.NewRecommendedConfig(apiserver.Codecs)
	for _, apply := range []func() error{
		func() error { return given.ServerRunOptions.ApplyTo(&config.Config) },
		func() error { return recommended.Etcd.ApplyTo(&config.Config) },
		func() error {
			return recommended.SecureServing.ApplyTo(&config.SecureServing, &config.LoopbackClientConfig)
		},
		func() error {
			return given.APIEnablement.ApplyTo(&config.Config, apiserver.DefaultAPIResourceConfigSource(), apiserver.Scheme)
		},
	} {
		if err := apply(); err != nil {
			return nil, "", err
		}
	}
	config.OpenAPIV3Config = generic.DefaultOpenAPIV3Config(
		openapis.GetOpenAPIDefinitionsWithoutDisabledFeatures(openapi.GetOpenAPIDefinitions),
		names.NewDefinitionNamer(apiserver.Scheme, scheme.Scheme),
	)
	config.Authentication.Authenticator = bearertoken.New(authenticator.TokenFunc(
		func(_ context.Context, token string) (*authenticator.Response, bool, error) {
			name, known := tokens.get(token)
			return &authenticator.Response{User: &user.DefaultInfo{Name: name, Groups: []string{user.AllAuthenticated}}}, known, nil
		},
	))
	config.Authorization.Authorizer = authorizer.AuthorizerFunc(
		func(_ context.Context, asked authorizer.Attributes) (authorizer.Decision, string, error) {
			if denials.has(asked.GetUser().GetName(), asked.GetVerb()) {
				return authorizer.DecisionNoOpinion, "", nil
			}
			return authorizer.DecisionAllow, "", nil
		},
	)
	config.AdmissionControl = webhooks
	made := &apiserver.Config{GenericConfig: config, ExtraConfig: apiserver.ExtraConfig{
		CRDRESTOptionsGetter: options.NewCRDRESTOptionsGetter(*recommended.Etcd, config.ResourceTransformers, config.StorageObjectCountTracker),
		ServiceResolver:      noServices{},
		AuthResolverWrapper:  webhook.NewDefaultAuthenticationInfoResolverWrapper(nil, nil, config.LoopbackClientConfig, noop.NewTracerProvider()),
	}}
	server, err := made.Complete().New(generic.NewEmptyDelegate())
	return server, listener.Addr().String(), err
}

type noServices struct{}

func (noServices) ResolveEndpoint(namespace, name string, port int32) (*url.URL, error) {
	return proxy.ResolveCluster(nil, namespace, name, port)
}

// install teaches the server a kind of resource, and waits until it serves that.
func install(ctx context.Context, loopback *rest.Config, file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var definition definitions.CustomResourceDefinition
	if err := yaml.UnmarshalStrict(text, &definition); err != nil {
		return err
	}
	client, err := clientset.NewForConfig(loopback)
	if err != nil {
		return err
	}
	known := client.ApiextensionsV1().CustomResourceDefinitions()
	var last error
	err = wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		_, last = known.Create(ctx, &definition, meta.CreateOptions{})
		return last == nil, nil
	})
	if err != nil {
		return fmt.Errorf("%w: %w", err, last)
	}
	path := fmt.Sprintf("/apis/%s/%s/%s", definition.Spec.Group, definition.Spec.Versions[0].Name, definition.Spec.Names.Plural)
	return wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		return client.RESTClient().Get().AbsPath(path).Do(ctx).Error() == nil, nil
	})
}

// pairs is a flag that may be given several times.
type pairs []pair

type pair struct{ name, value string }

func (p *pairs) String() string { return fmt.Sprint(*p) }

func (p *pairs) Set(text string) error {
	name, value, found := strings.Cut(text, "=")
	if !found {
		return fmt.Errorf("%q has no `=`", text)
	}
	*p = append(*p, pair{name, value})
	return nil
}

func (p pairs) get(name string) (string, bool) {
	for _, known := range p {
		if known.name == name {
			return known.value, true
		}
	}
	return "", false
}

func (p pairs) has(name, value string) bool {
	for _, known := range p {
		if known == (pair{name, value}) {
			return true
		}
	}
	return false
}
