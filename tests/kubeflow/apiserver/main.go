// The API server of Kubeflow Pipelines without a cluster: its own handlers, over its own stores in SQLite and a Kubernetes
// that only remembers. Workflows stand still until a test moves them.
//
//	apiserver [--port PORT] [--multi-user [--grant USER=NAMESPACE]... [--token TOKEN=USER]...]
//
// It says where it listens, and ends when its input does. Beside the API there is:
//
//	POST /_test/runs/{run}      moves the run's workflow on, and reports it as the persistence agent does (see `move`)
//	GET  /_test/runs/{run}      the workflow as Kubernetes has it
//	PUT  /_test/objects/{key}   puts a file into the object store
//	PUT  /_test/logs/{pod}      is what a pod wrote; for the server a pod has the name of its node
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"math"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/golang/glog"
	"github.com/gorilla/mux"
	"github.com/grpc-ecosystem/grpc-gateway/runtime"
	v1 "github.com/kubeflow/pipelines/backend/api/v1beta1/go_client"
	v2 "github.com/kubeflow/pipelines/backend/api/v2beta1/go_client"
	"github.com/kubeflow/pipelines/backend/src/apiserver/common"
	"github.com/kubeflow/pipelines/backend/src/apiserver/resource"
	"github.com/kubeflow/pipelines/backend/src/apiserver/server"
	"github.com/kubeflow/pipelines/backend/src/common/util"
	"github.com/spf13/viper"
	"google.golang.org/grpc"
	"google.golang.org/grpc/test/bufconn"
)

// What healthz says: the release that the module is.
const (
	release = "2.0.5"
	commit  = "c5658f09ec38"
)

// identityHeader is what Kubeflow's installs call it.
const identityHeader = "kubeflow-userid"

// namespace is where a single user's workflows run.
const namespace = "kubeflow"

func main() {
	port := flag.Int("port", 0, "port on 127.0.0.1; 0 takes a free one")
	multiUser := flag.Bool("multi-user", false, "ask who calls, and whether they may")
	grants, tokens := pairs{}, pairs{}
	flag.Var(&grants, "grant", "USER=NAMESPACE: what a user may use; repeatable")
	flag.Var(&tokens, "token", "TOKEN=USER: a bearer token that Kubernetes knows; repeatable")
	_ = flag.Set("logtostderr", "true")
	flag.Parse()
	if err := serve(*port, *multiUser, grants, tokens); err != nil {
		log.Fatal(err)
	}
}

func serve(port int, multiUser bool, grants, tokens pairs) error {
	for name, value := range map[string]any{
		common.MultiUserMode:        strconv.FormatBool(multiUser),
		common.KubeflowUserIDHeader: identityHeader,
		common.KubeflowUserIDPrefix: "",
		common.PodNamespace:         namespace,
		"TAG_NAME":                  release,
		"COMMIT_SHA":                commit,
	} {
		viper.Set(name, value)
	}
	clients, err := newClients()
	if err != nil {
		return err
	}
	defer clients.remove()
	if multiUser {
		admit(clients, grants, tokens)
	}
	manager := resource.NewResourceManager(clients, &resource.ResourceManagerOptions{CollectMetrics: false})
	if !multiUser {
		if _, err := manager.CreateDefaultExperiment(""); err != nil {
			return err
		}
	}
	handler, err := api(manager, clients)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return err
	}
	fmt.Printf("LISTENING http://%s\n", listener.Addr())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		clients.remove()
		os.Exit(0)
	}()
	return http.Serve(listener, handler)
}

// api is all that the server answers, each part as its own program wires it.
func api(manager *resource.ResourceManager, clients *clients) (http.Handler, error) {
	runs := server.NewRunServer(manager, &server.RunServerOptions{})
	reports := server.NewReportServer(manager)
	gateway, err := gateway(manager, runs, reports)
	if err != nil {
		return nil, err
	}
	uploads := server.NewPipelineUploadServer(manager, &server.PipelineUploadServerOptions{})
	logs := server.NewRunLogServer(manager)

	all := mux.NewRouter()
	all.HandleFunc("/apis/v1beta1/pipelines/upload", uploads.UploadPipelineV1)
	all.HandleFunc("/apis/v1beta1/pipelines/upload_version", uploads.UploadPipelineVersionV1)
	all.HandleFunc("/apis/v1beta1/healthz", healthz)
	all.HandleFunc("/apis/v2beta1/pipelines/upload", uploads.UploadPipeline)
	all.HandleFunc("/apis/v2beta1/pipelines/upload_version", uploads.UploadPipelineVersion)
	all.HandleFunc("/apis/v2beta1/healthz", healthz)
	all.HandleFunc("/apis/v1alpha1/runs/{run_id}/nodes/{node_id}/log", logs.ReadRunLogV1)
	(&controls{manager: manager, clients: clients, runs: runs, reports: reports}).register(all)
	all.PathPrefix("/apis/").Handler(gateway)
	return all, nil
}

func healthz(answer http.ResponseWriter, _ *http.Request) {
	answer.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(answer, `{"commit_sha":%q, "tag_name":%q, "multi_user":%t}`, commit, release, common.IsMultiUserMode())
}

// gateway is the JSON side of all gRPC services, which are in this process.
func gateway(manager *resource.ResourceManager, runs *server.RunServer, reports *server.ReportServer) (http.Handler, error) {
	pipe := bufconn.Listen(1 << 20)
	services := grpc.NewServer(grpc.UnaryInterceptor(asGRPCErrors), grpc.MaxRecvMsgSize(math.MaxInt32))
	experiments := server.NewExperimentServer(manager, &server.ExperimentServerOptions{})
	pipelines := server.NewPipelineServer(manager, &server.PipelineServerOptions{})
	jobs := server.NewJobServer(manager, &server.JobServerOptions{})
	v1.RegisterExperimentServiceServer(services, experiments)
	v1.RegisterPipelineServiceServer(services, pipelines)
	v1.RegisterJobServiceServer(services, jobs)
	v1.RegisterRunServiceServer(services, runs)
	v1.RegisterTaskServiceServer(services, server.NewTaskServer(manager))
	v1.RegisterReportServiceServer(services, reports)
	v1.RegisterAuthServiceServer(services, server.NewAuthServer(manager))
	v2.RegisterExperimentServiceServer(services, experiments)
	v2.RegisterPipelineServiceServer(services, pipelines)
	v2.RegisterRecurringRunServiceServer(services, jobs)
	v2.RegisterRunServiceServer(services, runs)
	go func() { log.Fatal(services.Serve(pipe)) }()

	gateway := runtime.NewServeMux(runtime.WithIncomingHeaderMatcher(func(name string) (string, bool) {
		return strings.ToLower(name), strings.EqualFold(name, identityHeader)
	}))
	options := []grpc.DialOption{
		grpc.WithInsecure(),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(math.MaxInt32)),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return pipe.DialContext(ctx) }),
	}
	for _, register := range []func(context.Context, *runtime.ServeMux, string, []grpc.DialOption) error{
		v1.RegisterPipelineServiceHandlerFromEndpoint,
		v1.RegisterExperimentServiceHandlerFromEndpoint,
		v1.RegisterJobServiceHandlerFromEndpoint,
		v1.RegisterRunServiceHandlerFromEndpoint,
		v1.RegisterTaskServiceHandlerFromEndpoint,
		v1.RegisterReportServiceHandlerFromEndpoint,
		v1.RegisterAuthServiceHandlerFromEndpoint,
		v2.RegisterExperimentServiceHandlerFromEndpoint,
		v2.RegisterPipelineServiceHandlerFromEndpoint,
		v2.RegisterRecurringRunServiceHandlerFromEndpoint,
		v2.RegisterRunServiceHandlerFromEndpoint,
	} {
		if err := register(context.Background(), gateway, "passthrough:///in-process", options); err != nil {
			return nil, err
		}
	}
	return gateway, nil
}

// asGRPCErrors is what the server's own interceptor does besides its log.
func asGRPCErrors(ctx context.Context, request any, call *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	answer, err := handler(ctx, request)
	if err != nil {
		glog.Errorf("%s: %+v", call.FullMethod, err)
		return answer, util.ToGRPCError(err)
	}
	return answer, nil
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
